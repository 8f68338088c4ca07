// The gradient of a convolution that reaches its images, as a product of tiles; implicit.cuh says how.
//
// Pixel h of x lies at u = h + TOP in the padded image and was under position p of window (u - p DH) / SH, if that has no rest.
// With a stride, blocks of the same blockIdx.z do pixels of the same phase u % SH, which only see every SH-th position:
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
