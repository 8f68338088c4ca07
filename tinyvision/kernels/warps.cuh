// What the 32 threads of a warp find together; each of them gets it.

constexpr unsigned ALL = 0xffffffffu;                      // threads of the warp

__device__ float sum_of_warp(float x) {
    #pragma unroll
    for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(ALL, x, lanes);
    return x;
}

__device__ float largest_of_warp(float x) {
    #pragma unroll
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        const float other = __shfl_xor_sync(ALL, x, lanes);
        x = other > x || other != other ? other : x;       // NaN wins
    }
    return x;
}
