// Convolution in groups of channels, of which each filter sees one; depthwise ones, too. A number takes few multiplications here, and
// memory is what bounds it: a thread computes one number directly. It also does what products of tiles do not, a stride along with dilation.
// reference.py has the formulas. Constants: those of windows.cuh; C and F, all channels and filters; GROUPS.

// y, from x and the kernel (KH, KW, C / GROUPS, F).
extern "C" __global__ __launch_bounds__(256) void grouped_forward(const float* x, const float* kernel, const float* bias, float* y,
                                                                  float low, float high, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const int f = i % F, b = i / F % OW, a = i / (F * OW) % OH, n = i / (F * OW * OH), channels = C / GROUPS, first = f / (F / GROUPS) * channels;
    float sum = 0;
    for (int p = 0; p < KH; p++)
        for (int q = 0; q < KW; q++) {
            const int h = a * SH + p * DH - TOP, w = b * SW + q * DW - LEFT;
            if (!inside(h, H) || !inside(w, W)) continue;
            for (int c = 0; c < channels; c++)
                sum += x[((n * H + h) * W + w) * C + first + c] * kernel[((p * KW + q) * channels + c) * F + f];
        }
    sum = bias ? sum + bias[f] : sum;
    y[i] = sum < low ? low : sum > high ? high : sum;      // NaN stays NaN
}

// dx, from dy and the kernel: each pixel gathers from the windows over it.
extern "C" __global__ __launch_bounds__(256) void grouped_input_gradient(const float* dy, const float* kernel, float* dx, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const int c = i % C, v = i / C % W + LEFT, u = i / (C * W) % H + TOP, n = i / (C * W * H);
    const int channels = C / GROUPS, filters = F / GROUPS, first = c / channels * filters;
    float sum = 0;
    for (int p = 0; p < KH; p++) {
        const int a = window_over(u, p, SH, DH, OH);
        for (int q = 0; a >= 0 && q < KW; q++) {
            const int b = window_over(v, q, SW, DW, OW);
            if (b < 0) continue;
            for (int f = first; f < first + filters; f++)
                sum += dy[((n * OH + a) * OW + b) * F + f] * kernel[((p * KW + q) * channels + c % channels) * F + f];
        }
    }
    dx[i] = sum;
}

// partial (slices, KH KW C / GROUPS, F): the kernel gradient over a slice of the output pixels, which are the rows of columns.cuh. Grid:
// filters, slices, positions with their channels.
extern "C" __global__ __launch_bounds__(256) void grouped_kernel_gradient(const float* x, const float* dy, float* partial, int N, int slice) {
    __shared__ float found[DEPTH][WIDTH][1];
    const Column column;
    const int f = column.at, channels = C / GROUPS, last = min(N * OH * OW, int(blockIdx.y + 1) * slice);
    const int p = blockIdx.z / (KW * channels), q = blockIdx.z / channels % KW, c = f / (F / GROUPS) * channels + blockIdx.z % channels;
    float sum = 0;
    if (f < F)
        for (int i = blockIdx.y * slice + column.down; i < last; i += DEPTH) {
            const int h = i / OW % OH * SH + p * DH - TOP, w = i % OW * SW + q * DW - LEFT;
            if (inside(h, H) && inside(w, W)) sum += x[((i / (OH * OW) * H + h) * W + w) * C + c] * dy[i * F + f];
        }
    add_down(column, found, {sum}, partial + (blockIdx.y * KH * KW * channels + blockIdx.z) * F, F);
}
