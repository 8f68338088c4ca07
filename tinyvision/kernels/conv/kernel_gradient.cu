// The gradient of a convolution that reaches its kernel, as a product of tiles; implicit.cuh says how.

// The pixels under the windows, as forward.cu has them, but turned: row i = (p, q, c), place k is an output pixel.
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
