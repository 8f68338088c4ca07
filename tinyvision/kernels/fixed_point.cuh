// Sums that many threads add to at once. Floats would come out a little different every time, as the order of additions does; whole
// numbers do not. So numbers become multiples of 2^-bits, as fine as their largest allows, in 64 bits.

// The bits behind the point, such that `count` numbers up to `largest` have a sum below 2^62.
__device__ int bits_behind_the_point(float largest, float count) {
    int of_largest, of_count;
    frexpf(largest, &of_largest), frexpf(count, &of_count);
    return 62 - of_largest - of_count;
}

__device__ void add_fixed(long long* sums, int at, float x, int bits) {
    atomicAdd((unsigned long long*)sums + at, (unsigned long long)(long long)rint(ldexp(double(x), bits)));
}

// x, from sums; all of it NaN where the largest number was not finite. `largest` is 0 of no numbers.
extern "C" __global__ __launch_bounds__(256) void from_fixed(const long long* sums, const float* largest, float terms, float* x, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) x[i] = largest[0] - largest[0] == 0 ? float(ldexp(double(sums[i]), -bits_behind_the_point(largest[0], terms))) : 0.0f / 0.0f;
}
