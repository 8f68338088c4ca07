// Warping and its adjoint, a thread for each pixel of the new images. reference.py has the formulas, whose steps this follows: without
// fused multiplications and additions, so that a place between two pixels comes out the same.
// Constants: H, W, C; MODE, how an image goes on outside; BILINEAR; STEP from the transform of an image to that of the next, 0 or 8.

constexpr int CONSTANT = 0, NEAREST = 1, WRAP = 2, MIRROR = 3;             // else "reflect"
constexpr double FAR = 16777216.0;                         // places are held within 2^24

__device__ double combined(double u, double v, double w, double i, double j) {
    return __dadd_rn(__dadd_rn(__dmul_rn(u, j), __dmul_rn(v, i)), w);
}

// A coordinate of the place that pixel (i, j) comes from; what is no number is far outside.
__device__ double place_of(double u, double v, double w, double k, double i, double j) {
    const double place = k == 0 ? FAR : __ddiv_rn(combined(u, v, w, i, j), k);
    return place != place || place > FAR ? FAR : place < -FAR ? -FAR : place;
}

__device__ int modulo(int a, int b) { return (a % b + b) % b; }

// Where pixel `at` lies inside, along an axis; -1 for a constant.
__device__ int inside(int at, int size) {
    if (at >= 0 && at < size) return at;
    if (MODE == CONSTANT) return -1;
    if (MODE == NEAREST || size == 1) return at < 0 ? 0 : size - 1;
    if (MODE == WRAP) return modulo(at, size);
    if (MODE == MIRROR) return abs(modulo(at + size - 1, 2 * size - 2) - (size - 1));
    const int twice = modulo(at, 2 * size);
    return twice < size ? twice : 2 * size - 1 - twice;
}

// The two pixels along an axis whose mean is taken, and what each weighs; or one, and the other weighs nothing.
struct Neighbours {
    int at[2];
    double weight[2];
    __device__ Neighbours(double place, int size) {
        const double lower = BILINEAR ? floor(place) : trunc(place) + (fabs(place - trunc(place)) >= 0.5 ? (place > 0 ? 1 : -1) : 0);
        at[0] = inside(int(lower), size), at[1] = BILINEAR ? inside(int(lower) + 1, size) : -1;
        weight[0] = BILINEAR ? 1 - (place - lower) : 1, weight[1] = place - lower;
    }
};

// Where the pixels that count begin, -1 for one outside, and what they weigh.
struct Corners {
    int at[4];
    float weight[4];
    static __device__ int count() { return BILINEAR ? 4 : 1; }
    __device__ Corners(const double* transforms, int pixel) {
        const int n = pixel / (H * W), i = pixel / W % H, j = pixel % W;
        const double* const t = transforms + n * STEP;
        const double k = combined(t[6], t[7], 1, i, j);
        const Neighbours rows(place_of(t[3], t[4], t[5], k, i, j), H), columns(place_of(t[0], t[1], t[2], k, i, j), W);
        #pragma unroll
        for (int m = 0; m < count(); m++) {
            const int row = rows.at[m / 2], column = columns.at[m % 2];
            at[m] = row >= 0 && column >= 0 ? ((n * H + row) * W + column) * C : -1;
            weight[m] = float(__dmul_rn(rows.weight[m / 2], columns.weight[m % 2]));
        }
    }
};

extern "C" __global__ __launch_bounds__(256) void warp(const float* x, const double* transforms, float* y, float fill, int count) {
    const int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= count) return;
    const Corners corners(transforms, pixel);
    for (int c = 0; c < C; c++) {
        float sum = 0;
        #pragma unroll
        for (int m = 0; m < corners.count(); m++) sum += (corners.at[m] >= 0 ? x[corners.at[m] + c] : fill) * corners.weight[m];
        y[pixel * C + c] = sum;
    }
}

// Each pixel of g is added to those that it was made of.
extern "C" __global__ __launch_bounds__(256) void unwarp(const float* g, const double* transforms, const float* largest, float terms,
                                                         long long* sums, int count) {
    const int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= count) return;
    const int bits = bits_behind_the_point(largest[0], terms);
    const Corners corners(transforms, pixel);
    #pragma unroll
    for (int m = 0; m < corners.count(); m++)
        for (int c = 0; corners.at[m] >= 0 && c < C; c++) add_fixed(sums, corners.at[m] + c, g[pixel * C + c] * corners.weight[m], bits);
}
