// Convolution as a product of tiles; implicit.cuh says how.

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
