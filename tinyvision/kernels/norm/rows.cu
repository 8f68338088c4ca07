// Layer normalization: each row of a matrix (rows, K) by itself. rows.py has the formulas.
// Constants: K; TEAM, the threads of a row: a warp, or all of a block.

constexpr int WARPS = 8;                                   // of a block

// A row of the matrix, and what of it a thread sees: every TEAM-th number.
struct Row {
    const int first = threadIdx.x % TEAM, number = blockIdx.x * (32 * WARPS / TEAM) + threadIdx.x / TEAM, begin = number * K;
};

// The sum of what all threads of a row have found.
__device__ float sum_of_team(float x, float (&of_warps)[WARPS]) {
    x = sum_of_warp(x);
    if (TEAM == 32) return x;
    __syncthreads();                                       // nobody needs the sums before any more
    if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = x;
    __syncthreads();                                       // all sums are there
    x = 0;
    for (int warp = 0; warp < WARPS; warp++) x += of_warps[warp];
    return x;
}

// The mean is taken twice: of the numbers, and of their distances from what came out, which finds the digits that the first lost.
extern "C" __global__ __launch_bounds__(256) void normalized_rows(const float* x, const float* gamma, const float* beta, float* y, float* means,
                                                                  float* inverses, float epsilon, int rows) {
    __shared__ float of_warps[WARPS];
    const Row row;
    if (row.number >= rows) return;                        // the whole team
    float sum = 0, squares = 0;
    for (int k = row.first; k < K; k += TEAM) sum += x[row.begin + k];
    const float near = sum_of_team(sum, of_warps) / K;
    sum = 0;
    for (int k = row.first; k < K; k += TEAM) {
        const float distance = x[row.begin + k] - near;
        sum += distance, squares += distance * distance;
    }
    const float rest = sum_of_team(sum, of_warps) / K, mean = near + rest;
    const float variance = sum_of_team(squares, of_warps) / K - rest * rest, inverse = 1 / sqrtf(max(variance, 0.0f) + epsilon);
    for (int k = row.first; k < K; k += TEAM) {
        const float z = (x[row.begin + k] - mean) * inverse;
        y[row.begin + k] = (gamma ? z * gamma[k] : z) + (beta ? beta[k] : 0.0f);
    }
    if (row.first == 0) means[row.number] = mean, inverses[row.number] = inverse;
}

extern "C" __global__ __launch_bounds__(256) void rows_input_gradient(const float* dy, const float* x, const float* gamma, const float* means,
                                                                      const float* inverses, float* dx, int rows) {
    __shared__ float of_warps[WARPS];
    const Row row;
    if (row.number >= rows) return;                        // the whole team
    const float mean = means[row.number], inverse = inverses[row.number];
    float sum = 0, product = 0;
    for (int k = row.first; k < K; k += TEAM) {
        const float dz = dy[row.begin + k] * (gamma ? gamma[k] : 1.0f);
        sum += dz, product += dz * ((x[row.begin + k] - mean) * inverse);
    }
    const float shift = sum_of_team(sum, of_warps) / K, slope = sum_of_team(product, of_warps) / K;
    for (int k = row.first; k < K; k += TEAM) {
        const float dz = dy[row.begin + k] * (gamma ? gamma[k] : 1.0f), z = (x[row.begin + k] - mean) * inverse;
        dx[row.begin + k] = (dz - shift - z * slope) * inverse;
    }
}

// partial (slices, 2, K): the sums of dy z and of dy down the rows of a slice, for gamma and beta.
extern "C" __global__ __launch_bounds__(256) void rows_weight_gradients(const float* dy, const float* x, const float* means, const float* inverses,
                                                                        float* partial, int rows, int slice) {
    __shared__ float found[DEPTH][WIDTH][2];
    const Column column;
    const int k = column.at, last = min(rows, int(blockIdx.y + 1) * slice);
    float products = 0, sum = 0;
    if (k < K)
        for (int row = blockIdx.y * slice + column.down; row < last; row += DEPTH) {
            const float g = dy[row * K + k];
            products += g * ((x[row * K + k] - means[row]) * inverses[row]), sum += g;
        }
    add_down(column, found, {products, sum}, partial + blockIdx.y * 2 * K, K);
}
