// Dropout in one pass. The numbers are those of reference.py: a thread scrambles one counter into four of them (Philox4x32-10), which
// are used where they are made and never written. The same counter gives the same numbers on every device.

__device__ void philox(unsigned (&c)[4], unsigned k0, unsigned k1) {
    #pragma unroll
    for (int round = 0; round < 10; round++) {
        const unsigned left = __umulhi(0xD2511F53u, c[0]), low_left = 0xD2511F53u * c[0];
        const unsigned right = __umulhi(0xCD9E8D57u, c[2]), low_right = 0xCD9E8D57u * c[2];
        c[0] = right ^ c[1] ^ k0, c[1] = low_right, c[2] = left ^ c[3] ^ k1, c[3] = low_left;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
}

// An element is kept, and divided by `scale`, where the upper 24 bits of its number are not below `limit`.
extern "C" __global__ __launch_bounds__(256) void dropped(const float* x, float* y, unsigned char* kept, int size, unsigned limit, float scale,
                                                          unsigned stream, unsigned step, unsigned k0, unsigned k1, int blocks) {
    const int block = blockIdx.x * blockDim.x + threadIdx.x;
    if (block >= blocks) return;
    unsigned words[4] = {unsigned(block), 0, stream, step};
    philox(words, k0, k1);
    #pragma unroll
    for (int i = 0; i < 4; i++) {
        const int at = 4 * block + i;
        if (at < size) {
            const bool keep = words[i] >> 8 >= limit;
            kept[at] = keep;
            y[at] = keep ? __fdiv_rn(x[at], scale) : 0.0f;
        }
    }
}
