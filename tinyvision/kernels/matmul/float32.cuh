// How a block of threads multiplies two panels, in float32: each thread has 8 x 4 elements of the tile. For tiles.cuh.

constexpr int TILE_K = 16, THREADS = TILE_I * TILE_J / 32, OWN_I = 8, OWN_J = 4;

// How a panel lies in shared memory: place k behind place k, so that the rows of a thread are neighbours.
template <int EXTENT, bool ALONG_DEPTH>
struct Panel {
    static constexpr int STRIDE = EXTENT + 4, SIZE = TILE_K * STRIDE;
    static __device__ int slot(int i, int k) { return k * STRIDE + i; }
    static __device__ float rounded(float x) { return x; }
};

template <class Left, class Right>
struct Sums {
    const int i0 = threadIdx.x / (TILE_J / OWN_J) * OWN_I, j0 = threadIdx.x % (TILE_J / OWN_J) * OWN_J;
    float sums[OWN_I][OWN_J] = {};

    __device__ void add(const float* left, const float* right) {
        #pragma unroll
        for (int k = 0; k < TILE_K; k++) {
            float a[OWN_I], b[OWN_J];
            #pragma unroll
            for (int i = 0; i < OWN_I; i++) a[i] = left[Left::slot(i0 + i, k)];
            #pragma unroll
            for (int j = 0; j < OWN_J; j++) b[j] = right[Right::slot(j0 + j, k)];
            #pragma unroll
            for (int i = 0; i < OWN_I; i++)
                #pragma unroll
                for (int j = 0; j < OWN_J; j++) sums[i][j] += a[i] * b[j];
        }
    }

    template <class Store>
    __device__ void each(const Store& store) const {
        #pragma unroll
        for (int i = 0; i < OWN_I; i++)
            #pragma unroll
            for (int j = 0; j < OWN_J; j++) store(i0 + i, j0 + j, sums[i][j]);
    }
};
