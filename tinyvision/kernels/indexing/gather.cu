// Gathering places along the middle axis, and scattering to them, a thread for each element of y. reference.py has the formulas.
// Shapes: x (A, L, B), y (A, K, B), indices (K,).

// Where element i of y lies in x; -1 if there is no such place.
__device__ int place_in_x(const long long* indices, int i, int L, int K, int B) {
    const long long index = indices[i / B % K], at = index < 0 ? index + L : index;
    return at >= 0 && at < L ? (i / B / K * L + int(at)) * B + i % B : -1;
}

extern "C" __global__ __launch_bounds__(256) void gathered(const float* x, const long long* indices, float* y, int L, int K, int B, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const int at = place_in_x(indices, i, L, K, B);
    y[i] = at >= 0 ? x[at] : 0.0f / 0.0f;
}

extern "C" __global__ __launch_bounds__(256) void scattered(const float* y, const long long* indices, int L, int K, int B, const float* largest,
                                                            float terms, long long* sums, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const int at = place_in_x(indices, i, L, K, B);
    if (at >= 0) add_fixed(sums, at, y[i], bits_behind_the_point(largest[0], terms));
}
