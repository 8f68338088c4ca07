// Pooling and its adjoints, a thread for each element of the result. reference.py and average.py have the formulas.
// Constants: those of windows.cuh, and C.

struct Window {
    int image, a, b, c;
    __device__ explicit Window(int i) : image(i / (OH * OW * C)), a(i / (OW * C) % OH), b(i / C % OW), c(i % C) {}
    __device__ int row(int p) const { return a * SH + p * DH - TOP; }
    __device__ int column(int q) const { return b * SW + q * DW - LEFT; }
    __device__ bool holds(int p, int q) const { return inside(row(p), H) && inside(column(q), W); }
    __device__ int place(int p, int q) const { return ((image * H + row(p)) * W + column(q)) * C + c; }
};

__device__ bool is_nan(float x) { return x != x; }

// The largest of each window, and its position; of equals, the first. Margins never win, and NaN always does. Where a ReLU lets nothing
// through, because the largest is not above 0, the position is `stopped`; -1 is for no ReLU.
extern "C" __global__ __launch_bounds__(256) void max_pool(const float* x, float* y, unsigned char* positions, int stopped, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const Window window(i);
    float largest = -1.0f / 0.0f;
    int position = 0;
    for (int p = 0; p < KH; p++)
        for (int q = 0; q < KW; q++)
            if (window.holds(p, q)) {
                const float pixel = x[window.place(p, q)];
                if (pixel > largest || (is_nan(pixel) && !is_nan(largest))) largest = pixel, position = p * KW + q;
            }
    y[i] = largest, positions[i] = stopped >= 0 && !(largest > 0) ? stopped : position;
}

// Of each window the element at its position; a position in the margin gives 0.
extern "C" __global__ __launch_bounds__(256) void gather(const float* x, const unsigned char* positions, float* y, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const Window window(i);
    const int p = positions[i] / KW, q = positions[i] % KW;
    y[i] = window.holds(p, q) ? x[window.place(p, q)] : 0.0f;
}

extern "C" __global__ __launch_bounds__(256) void window_sums(const float* x, float* y, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const Window window(i);
    float sum = 0;
    for (int p = 0; p < KH; p++)
        for (int q = 0; q < KW; q++)
            if (window.holds(p, q)) sum += x[window.place(p, q)];
    y[i] = sum;
}

// What a pixel gets from the windows over it, always in the same order: from all of them, or from those whose position it is.
template <bool ALL>
__device__ float from_windows(const float* dy, const unsigned char* positions, int i) {
    const int image = i / (H * W * C), u = i / (W * C) % H + TOP, v = i / C % W + LEFT, c = i % C;
    float sum = 0;
    for (int p = 0; p < KH; p++) {
        const int a = window_over(u, p, SH, DH, OH);
        for (int q = 0; a >= 0 && q < KW; q++) {
            const int b = window_over(v, q, SW, DW, OW);
            if (b < 0) continue;
            const int at = ((image * OH + a) * OW + b) * C + c;
            if (ALL || positions[at] == p * KW + q) sum += dy[at];
        }
    }
    return sum;
}

extern "C" __global__ __launch_bounds__(256) void scatter(const float* dy, const unsigned char* positions, float* dx, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) dx[i] = from_windows<false>(dy, positions, i);
}

extern "C" __global__ __launch_bounds__(256) void spread(const float* dy, float* dx, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) dx[i] = from_windows<true>(dy, nullptr, i);
}
