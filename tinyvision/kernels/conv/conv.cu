// Convolution and its two gradients, each as one matrix product whose left side is gathered from the images as it is needed
// ("implicit GEMM"): no columns are written. reference.py has the formulas; x (N, H, W, C), kernel (KH, KW, C, F), y (N, OH, OW, F).
//
// Constants: those of windows.cuh; C and F; TILE_I, TILE_J the tile of a block.

constexpr int NOWHERE = -(1 << 29);                        // a row of the image that stays outside whatever is added to it

// The pixels under the windows: row i is an output pixel, place k = (p, q, c) in its window.
struct UnderWindows {
    static constexpr bool ALONG_DEPTH = true;
    const float* x;
    const int outputs;                                     // N OH OW
    struct Row { int image, top, left; };
    struct Place { int down, right, channel; };
    __device__ Row row(int i) const {
        return {i / (OH * OW) * (H * W * C), i < outputs ? i / OW % OH * SH - TOP : NOWHERE, i % OW * SW - LEFT};
    }
    __device__ Place place(int k) const { return {k / C / KW * DH, k / C % KW * DW, k % C}; }
    __device__ float at(Row r, Place p) const {
        const int h = r.top + p.down, w = r.left + p.right;
        return inside(h, H) && inside(w, W) ? x[r.image + (h * W + w) * C + p.channel] : 0.0f;
    }
};

// An array (..., F) as a matrix: row j is its last axis, place k is all others, the kernel's (p, q, c) for instance.
struct ByFilter {
    static constexpr bool ALONG_DEPTH = false;
    const float* numbers;
    __device__ int row(int j) const { return j; }
    __device__ int place(int k) const { return k * F; }
    __device__ float at(int j, int place) const { return j < F ? numbers[place + j] : 0.0f; }
};

// y = conv(x, kernel) + bias, held between two limits: 0 and infinity are ReLU. Grid: tiles of (N OH OW, F).
extern "C" __global__ __launch_bounds__(THREADS, 1) void conv_forward(const float* x, const float* kernel, const float* bias, float* y,
                                                                      int N, float low, float high) {
    alignas(16) __shared__ float panels[MOST_SHARED];      // so that four floats can be read at once
    const int outputs = N * OH * OW;
    tile_product(panels, 0, KH * KW * C, UnderWindows{x, outputs}, ByFilter{kernel}, [&](int i, int j, float sum) {
        if (i < outputs && j < F) {
            const float z = bias ? sum + bias[j] : sum;
            y[i * F + j] = z < low ? low : z > high ? high : z;            // NaN stays NaN
        }
    });
}

// Input gradient. Pixel h of x lies at u = h + TOP in the padded image and was under position p of window (u - p DH) / SH, if that
// has no rest. With a stride, blocks of the same blockIdx.z do pixels of the same phase u % SH, which only see every SH-th position:
// u = phase + SH a and p = phase + SH b belong to window a - b. (With dilation the stride is 1, and p = b to window a - b DH.)
struct Phase {
    const int h, w;                                        // u % SH, and the same for the width
    __device__ int first_row() const { return (TOP - h + SH - 1) / SH; }         // the smallest a whose pixel is in the image
    __device__ int first_column() const { return (LEFT - w + SW - 1) / SW; }
    __device__ int row_of(int a) const { return h + SH * a - TOP; }              // the pixel of a
    __device__ int column_of(int a) const { return w + SW * a - LEFT; }
    __device__ int positions_down() const { return (KH - h + SH - 1) / SH; }     // how many b there are
    __device__ int positions_right() const { return (KW - w + SW - 1) / SW; }
};

// The windows over the pixels: row i is a pixel of the phase, place k = (b down, b right, f).
struct OverPixels {
    static constexpr bool ALONG_DEPTH = true;
    const float* dy;
    const int N;
    const Phase phase;
    struct Row { int image, down, right; };
    struct Place { int up, left, filter; };
    __device__ Row row(int i) const {
        const int rows = (H + SH - 1) / SH, columns = (W + SW - 1) / SW, n = i / (rows * columns);
        return {n * (OH * OW * F), n < N ? i / columns % rows + phase.first_row() : NOWHERE, i % columns + phase.first_column()};
    }
    __device__ Place place(int k) const {
        const int across = max(phase.positions_right(), 1);       // 0 with a stride beyond the kernel
        return {k / F / across * DH, k / F % across * DW, k % F};
    }
    __device__ float at(Row r, Place p) const {
        const int a = r.down - p.up, b = r.right - p.left;
        return inside(a, OH) && inside(b, OW) ? dy[r.image + (a * OW + b) * F + p.filter] : 0.0f;
    }
};

// The kernel as another matrix: row j is a channel, place k = (b down, b right, f).
struct Channels {
    static constexpr bool ALONG_DEPTH = true;
    const float* kernel;
    const Phase phase;
    __device__ int row(int j) const { return j; }
    __device__ int place(int k) const {
        const int across = max(phase.positions_right(), 1), p = phase.h + k / F / across * SH, q = phase.w + k / F % across * SW;
        return (p * KW + q) * C * F + k % F;
    }
    __device__ float at(int j, int place) const { return j < C ? kernel[place + j * F] : 0.0f; }
};

// dx, from dy and the kernel. Grid: tiles of (N ceil(H / SH) ceil(W / SW), C), and SH SW phases.
extern "C" __global__ __launch_bounds__(THREADS, 1) void conv_input_gradient(const float* dy, const float* kernel, float* dx, int N) {
    alignas(16) __shared__ float panels[MOST_SHARED];      // so that four floats can be read at once
    const Phase phase{int(blockIdx.z) / SW, int(blockIdx.z) % SW};
    const OverPixels windows{dy, N, phase};
    tile_product(panels, 0, phase.positions_down() * phase.positions_right() * F, windows, Channels{kernel, phase},
                 [&](int i, int j, float sum) {
        const auto at = windows.row(i);
        const int h = phase.row_of(at.down), w = phase.column_of(at.right);
        // (From NOWHERE a stride of 8 would lead back into the image: 8 * 2^29 is 0 in 32 bits.)
        if (at.down != NOWHERE && inside(h, H) && inside(w, W) && j < C) dx[at.image / (OH * OW * F) * (H * W * C) + (h * W + w) * C + j] = sum;
    });
}

// The pixels under the windows again, turned: row i = (p, q, c), place k is an output pixel.
struct UnderPositions {
    static constexpr bool ALONG_DEPTH = false;
    const float* x;
    struct Row { int down, right, channel; };
    struct Place { int image, top, left; };
    __device__ Row row(int i) const { return {i < KH * KW * C ? i / C / KW * DH : NOWHERE, i / C % KW * DW, i % C}; }
    __device__ Place place(int k) const { return {k / (OH * OW) * (H * W * C), k / OW % OH * SH - TOP, k % OW * SW - LEFT}; }
    __device__ float at(Row r, Place p) const {
        const int h = p.top + r.down, w = p.left + r.right;
        return inside(h, H) && inside(w, W) ? x[p.image + (h * W + w) * C + r.channel] : 0.0f;
    }
};

// Kernel gradient, from x and dy. The depth is all output pixels: slices of it, one for each blockIdx.z, give partial sums
// (slices, KH KW C, F), which are added in the same order every time. Grid: tiles of (KH KW C, F), and the slices.
extern "C" __global__ __launch_bounds__(THREADS, 1) void conv_kernel_gradient(const float* x, const float* dy, float* partial, int N, int slice) {
    alignas(16) __shared__ float panels[MOST_SHARED];      // so that four floats can be read at once
    const int outputs = N * OH * OW, from = blockIdx.z * slice;
    tile_product(panels, from, min(from + slice, outputs), UnderPositions{x}, ByFilter{dy}, [&](int i, int j, float sum) {
        if (i < KH * KW * C && j < F) partial[(blockIdx.z * KH * KW * C + i) * F + j] = sum;
    });
}
