// Runs CUDA kernels on the CPU: a fiber for each thread of a block, one block after another.
//
// Threads run in random order from barrier to barrier, and some warps fall behind the others, so that a missing barrier shows as a
// wrong number; shared memory begins as NaN. What real devices would do wrong or never end, launch() returns as a message: threads of a block that wait at
// different barriers, or some that wait for others that cannot come.
#pragma once
#include <csetjmp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>
#include <utility>
#include <vector>

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
static dim3 threadIdx, blockIdx, blockDim, gridDim;

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
#define __shared__ static __attribute__((section("shared_memory")))        // all in one place, to be overwritten block by block
extern char __start_shared_memory[] __attribute__((weak)), __stop_shared_memory[] __attribute__((weak));

namespace emulator {

constexpr int WARP = 32, STACK = 128 << 10;

struct Barrier {
    int arrived = 0, line = 0;
    unsigned generation = 0;
};

struct Fiber {
    ucontext_t start;
    jmp_buf where;
    bool begun = false, done = false;
    Barrier* waits_at = nullptr;
    unsigned generation = 0;                               // of the barrier, when the thread came to it
};

static std::vector<Fiber> fibers;
static std::vector<Barrier> barriers;                      // the block's, then one for each warp
static std::vector<int> alive;                             // how many threads of each have not ended
static std::vector<uint64_t> slots;                        // what each thread shows to its warp
static int me;
static jmp_buf scheduler, failure;
static char message[256];
static void (*body)(void*);
static void* body_data;

[[noreturn]] inline void fail(const char* what, int a, int b) {
    snprintf(message, sizeof message, what, a, b);
    _longjmp(failure, 1);
}

inline void release_if_all_came(int group) {
    Barrier& b = barriers[group];
    if (b.arrived > 0 && b.arrived == alive[group]) b.arrived = 0, b.generation++;
}

// Wait until all living threads of the group are here: group 0 is the block, group 1 + w is warp w.
inline void wait(int group, int line) {
    Barrier& b = barriers[group];
    Fiber& fiber = fibers[me];
    if (b.arrived > 0 && b.line != line) fail("threads wait at different barriers, in lines %d and %d", b.line, line);
    b.line = line, b.arrived++;
    fiber.waits_at = &b, fiber.generation = b.generation;
    release_if_all_came(group);
    if (!_setjmp(fiber.where)) _longjmp(scheduler, 1);
    fibers[me].waits_at = nullptr;
}

inline void entry() {
    body(body_data);
    fibers[me].done = true;
    for (int group : {0, 1 + me / WARP}) alive[group]--, release_if_all_came(group);
    _longjmp(scheduler, 1);
}

inline void resume(int i) {
    dim3 b = blockDim;
    me = i, threadIdx = dim3(i % b.x, i / b.x % b.y, i / (b.x * b.y));
    if (_setjmp(scheduler)) return;
    Fiber& fiber = fibers[i];
    if (fiber.begun) _longjmp(fiber.where, 1);
    fiber.begun = true;
    setcontext(&fiber.start);
}

inline void run_block(int threads, std::vector<char>& stacks, uint64_t& random) {
    fibers.assign(threads, Fiber());
    barriers.assign(1 + (threads + WARP - 1) / WARP, Barrier());
    alive.assign(barriers.size(), 0);
    slots.assign(threads, ~0ull);
    memset(__start_shared_memory, 0xFF, __stop_shared_memory - __start_shared_memory);
    std::vector<int> order(threads);
    for (int i = 0; i < threads; i++) {
        order[i] = i, alive[0]++, alive[1 + i / WARP]++;
        getcontext(&fibers[i].start);
        fibers[i].start.uc_stack.ss_sp = &stacks[size_t(i) * STACK];
        fibers[i].start.uc_stack.ss_size = STACK;
        fibers[i].start.uc_link = nullptr;
        makecontext(&fibers[i].start, entry, 0);
    }
    uint64_t held = random;                                // warps that fall behind, until no other can go on
    while (alive[0]) {
        for (int i = threads - 1; i > 0; i--) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            std::swap(order[i], order[random % (i + 1)]);
        }
        bool moved = false, any_held = false;
        for (int k = 0; k < threads; k++) {
            Fiber& fiber = fibers[order[k]];
            if (fiber.done || (fiber.waits_at && fiber.waits_at->generation == fiber.generation)) continue;
            if (held >> (order[k] / WARP) & 1) {
                any_held = true;
                continue;
            }
            moved = true;
            resume(order[k]);
        }
        if (moved) continue;
        held = random & ~held;
        if (!any_held) fail("%d threads wait at barriers that the others never reach, the last in line %d", alive[0], barriers[0].line);
    }
}

// The whole grid; null, or what went wrong.
template <class Function>
const char* launch(dim3 grid, dim3 block, int most_threads, Function function) {
    static std::vector<char> stacks;
    static uint64_t random;
    static dim3 at;
    const int threads = block.x * block.y * block.z;
    random = 0x9E3779B97F4A7C15ull;
    if (stacks.size() < size_t(threads) * STACK) stacks.resize(size_t(threads) * STACK);
    body = [](void* data) { (*(Function*)data)(); };
    body_data = &function;
    if (_setjmp(failure)) return message;
    if (threads > most_threads) fail("a block of %d threads, where __launch_bounds__ allows %d", threads, most_threads);
    gridDim = grid, blockDim = block;
    for (at.z = 0; at.z < grid.z; at.z++)
        for (at.y = 0; at.y < grid.y; at.y++)
            for (at.x = 0; at.x < grid.x; at.x++) blockIdx = at, run_block(threads, stacks, random);
    return nullptr;
}

// What thread `source` of the warp shows, when all of the warp have shown theirs.
template <class T>
T exchanged(T shown, int source, int line) {
    static_assert(sizeof(T) <= 8);
    const int warp = me / WARP * WARP;
    memcpy(&slots[me], &shown, sizeof shown);
    wait(1 + me / WARP, line);
    T found = shown;
    if (source >= 0 && source < WARP) {
        const bool there = warp + source < int(fibers.size()) && !fibers[warp + source].done;
        const uint64_t bits = there ? slots[warp + source] : ~0ull;
        memcpy(&found, &bits, sizeof found);
    }
    wait(1 + me / WARP, line);
    return found;
}

}  // namespace emulator

#define __syncthreads() emulator::wait(0, __LINE__)
#define __syncwarp() emulator::wait(1 + emulator::me / emulator::WARP, __LINE__)
#define __shfl_xor_sync(mask, value, lanes) emulator::exchanged(value, (emulator::me % emulator::WARP) ^ (lanes), __LINE__)
#define __shfl_down_sync(mask, value, lanes) emulator::exchanged(value, emulator::me % emulator::WARP + (lanes), __LINE__)
#define __shfl_sync(mask, value, lane) emulator::exchanged(value, lane, __LINE__)

template <class T> T min(T a, T b) { return b < a ? b : a; }
template <class T> T max(T a, T b) { return a < b ? b : a; }
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((uint64_t(a) * b) >> 32); }
inline unsigned __float_as_uint(float x) { unsigned bits; memcpy(&bits, &x, 4); return bits; }
inline float __uint_as_float(unsigned bits) { float x; memcpy(&x, &bits, 4); return x; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
template <class T> T atomicAdd(T* at, T x) { T before = *at; *at += x; return before; }

// The tensor cores: D = A B + D of one warp, A 16 x 8, B 8 x 8, spread over the lanes as PTX has it for mma.m16n8k8.tf32.
inline unsigned to_tf32(float x) { return (__float_as_uint(x) + 0x1000u) & ~0x1FFFu; }        // to the nearest of 10 bits

inline void multiply_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    static unsigned left[1024][4], right[1024][2];
    const int me = emulator::me, warp = me / 32 * 32, group = me % 32 / 4, lane = me % 4;
    memcpy(left[me], a, sizeof a), memcpy(right[me], b, sizeof b);
    emulator::wait(1 + me / 32, -1);
    for (int e = 0; e < 4; e++) {
        const int row = group + 8 * (e / 2), column = 2 * lane + e % 2;
        for (int k = 0; k < 8; k++)
            d[e] += __uint_as_float(left[warp + row % 8 * 4 + k % 4][row / 8 + k / 4 * 2]) *
                    __uint_as_float(right[warp + column * 4 + k % 4][k / 4]);
    }
    emulator::wait(1 + me / 32, -2);
}
