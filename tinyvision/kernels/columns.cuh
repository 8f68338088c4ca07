// Sums down the columns of a matrix. A block of threads has WIDTH columns side by side and goes down DEPTH rows at once. The rows are cut
// into slices, one for each blockIdx.y; what comes of each is added in the same order every time.

constexpr int WIDTH = 32, DEPTH = 8;

struct Column {
    const int across = threadIdx.x % WIDTH, down = threadIdx.x / WIDTH, at = blockIdx.x * WIDTH + across;
};

// Shows the first thread of each column what the others have found, one by one.
template <int N, class See>
__device__ __forceinline__ void gather_down(const Column& column, float (&found)[DEPTH][WIDTH][N], const float (&own)[N], const See& see) {
    #pragma unroll
    for (int n = 0; n < N; n++) found[column.down][column.across][n] = own[n];
    __syncthreads();                                       // each thread has seen its rows
    if (column.down == 0)
        for (int i = 1; i < DEPTH; i++) see(found[i][column.across]);
}

// Adds up what the threads of each column have found: to (N, columns).
template <int N>
__device__ __forceinline__ void add_down(const Column& column, float (&found)[DEPTH][WIDTH][N], const float (&own)[N], float* to, int columns) {
    float sums[N];
    #pragma unroll
    for (int n = 0; n < N; n++) sums[n] = own[n];
    gather_down(column, found, own, [&](const float* other) {
        #pragma unroll
        for (int n = 0; n < N; n++) sums[n] += other[n];
    });
    #pragma unroll
    for (int n = 0; n < N; n++)
        if (column.down == 0 && column.at < columns) to[n * columns + column.at] = sums[n];
}
