// Normalization by channel. A map is a matrix x (rows, C); reference.py has the formulas.
// Constants: C; LIMITED, whether results are held between two limits.

__device__ bool passes(float x, float scale, float shift, float low, float high) {
    const float y = x * scale + shift;
    return low < y && y < high;
}

// Mean and squared distances of many numbers, one by one and set by set: T. Chan, G. Golub, R. LeVeque 1979. No large numbers are
// subtracted from one another, so a mean far from 0 does no harm.
struct Moments {
    float count = 0, mean = 0, squares = 0;
    __device__ void add(float x) {
        count += 1;
        const float distance = x - mean;
        mean += distance / count;
        squares += distance * (x - mean);
    }
    __device__ void add(float a, float b, float c, float d) {
        const float middle = ((a + b) + (c + d)) / 4;
        add(4, middle, ((a - middle) * (a - middle) + (b - middle) * (b - middle))
                     + ((c - middle) * (c - middle) + (d - middle) * (d - middle)));
    }
    __device__ void add(float other_count, float other_mean, float other_squares) {
        if (other_count == 0) return;
        const float all = count + other_count, distance = other_mean - mean;
        squares += other_squares + distance * distance * (count * other_count / all);
        mean += distance * (other_count / all);
        count = all;
    }
};

// partial (slices, 3, C): count, mean and squared distances of the rows of a slice.
extern "C" __global__ __launch_bounds__(256) void moments(const float* x, float* partial, int rows, int slice) {
    __shared__ float found[DEPTH][WIDTH][3];
    const Column column;
    const int c = column.at, last = min(rows, int(blockIdx.y + 1) * slice);
    int row = blockIdx.y * slice + column.down;
    Moments own;
    if (c < C) {
        for (; row + 3 * DEPTH < last; row += 4 * DEPTH) { // four at once: they are read side by side, and divided by once
            const float* const from = x + row * C + c;
            own.add(from[0], from[DEPTH * C], from[2 * DEPTH * C], from[3 * DEPTH * C]);
        }
        for (; row < last; row += DEPTH) own.add(x[row * C + c]);
    }
    gather_down(column, found, {own.count, own.mean, own.squares}, [&](const float* other) { own.add(other[0], other[1], other[2]); });
    if (column.down > 0 || c >= C) return;
    float* const to = partial + blockIdx.y * 3 * C + c;
    to[0] = own.count, to[C] = own.mean, to[2 * C] = own.squares;
}

// The mean of each channel, and the mean squared distance from it: (2, C).
extern "C" __global__ __launch_bounds__(256) void moments_of_slices(const float* partial, float* result, int slices, int channels) {
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= channels) return;
    Moments all;
    for (int i = 0; i < slices; i++) {
        const float* const from = partial + i * 3 * C + c;
        all.add(from[0], from[C], from[2 * C]);
    }
    result[c] = all.mean, result[C + c] = all.squares / all.count;
}

// partial (slices, 2, C): the sums of dy and of dy (x - mean) over the rows of a slice; with LIMITED, where no limit has cut x off.
extern "C" __global__ __launch_bounds__(256) void sums(const float* dy, const float* x, const float* mean, const float* scale, const float* shift,
                                                       float low, float high, float* partial, int rows, int slice) {
    __shared__ float found[DEPTH][WIDTH][2];
    const Column column;
    const int c = column.at, last = min(rows, int(blockIdx.y + 1) * slice);
    float first = 0, second = 0;
    if (c < C)
        for (int row = blockIdx.y * slice + column.down; row < last; row += DEPTH) {
            const float pixel = x[row * C + c], g = dy[row * C + c];
            if (!LIMITED || passes(pixel, scale[c], shift[c], low, high)) first += g, second += g * (pixel - mean[c]);
        }
    add_down(column, found, {first, second}, partial + blockIdx.y * 2 * C, C);
}

// x scale + shift; with LIMITED, held between two limits, NaN staying NaN.
extern "C" __global__ __launch_bounds__(256) void scale_and_shift(const float* x, const float* scale, const float* shift, float low, float high,
                                                                  float* y, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const float z = x[i] * scale[i % C] + shift[i % C];
    y[i] = LIMITED && z < low ? low : LIMITED && z > high ? high : z;
}

// a dy + b x + c; with LIMITED, dy counts as 0 where a limit has cut x off.
extern "C" __global__ __launch_bounds__(256) void affine(const float* dy, const float* x, const float* a, const float* b, const float* c,
                                                         const float* scale, const float* shift, float low, float high, float* dx, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x, channel = i % C;
    if (i >= count) return;
    const float g = !LIMITED || passes(x[i], scale[channel], shift[channel], low, high) ? dy[i] : 0.0f;
    dx[i] = a[channel] * g + b[channel] * x[i] + c[channel];
}
