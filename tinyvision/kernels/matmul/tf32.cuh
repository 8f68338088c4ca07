// How a block of threads multiplies two panels on tensor cores: the numbers are rounded to TF32 (10 bits of the mantissa), their
// sums are float32. Each warp of 32 threads has 32 x 32 elements of the tile, 2 x 4 fragments. For tiles.cuh.
//
// One instruction multiplies 16 x 8 by 8 x 8 numbers, spread over the lanes of the warp: with group = lane / 4 and q = lane % 4, a lane
// holds rows group and group + 8 at places q and q + 4 of the left, column group at places q and q + 4 of the right, and of the sums
// rows group and group + 8 in columns 2 q and 2 q + 1 (the PTX manual, mma.m16n8k8).

constexpr int TILE_K = 32, THREADS = TILE_I * TILE_J / 32;

#ifdef __CUDACC__
__device__ __forceinline__ unsigned to_tf32(float x) {
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return bits;
}

__device__ __forceinline__ void multiply_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

// How a panel lies in shared memory: so that the 8 rows x 4 places that a warp reads at once lie in 32 banks.
template <int EXTENT, bool ALONG_DEPTH>
struct Panel {
    static constexpr int STRIDE = ALONG_DEPTH ? TILE_K + 4 : EXTENT + 8, SIZE = ALONG_DEPTH ? EXTENT * STRIDE : TILE_K * STRIDE;
    static __device__ int slot(int i, int k) { return ALONG_DEPTH ? i * STRIDE + k : k * STRIDE + i; }
    static __device__ float rounded(float x) { return __uint_as_float(to_tf32(x)); }
};

template <class Left, class Right>
struct Sums {
    const int warp = threadIdx.x / 32, group = threadIdx.x % 32 / 4, q = threadIdx.x % 4;
    const int i0 = warp % (TILE_I / 32) * 32, j0 = warp / (TILE_I / 32) * 32;
    float sums[2][4][4] = {};

    __device__ void add(const float* left, const float* right) {
        #pragma unroll
        for (int k = 0; k < TILE_K; k += 8) {
            unsigned a[2][4], b[4][2];
            #pragma unroll
            for (int m = 0; m < 2; m++)
                #pragma unroll
                for (int e = 0; e < 4; e++) a[m][e] = __float_as_uint(left[Left::slot(i0 + 16 * m + group + e % 2 * 8, k + q + e / 2 * 4)]);
            #pragma unroll
            for (int n = 0; n < 4; n++)
                #pragma unroll
                for (int e = 0; e < 2; e++) b[n][e] = __float_as_uint(right[Right::slot(j0 + 8 * n + group, k + q + e * 4)]);
            #pragma unroll
            for (int m = 0; m < 2; m++)
                #pragma unroll
                for (int n = 0; n < 4; n++) multiply_tf32(sums[m][n], a[m], b[n]);
        }
    }

    template <class Store>
    __device__ void each(const Store& store) const {
        #pragma unroll
        for (int m = 0; m < 2; m++)
            #pragma unroll
            for (int n = 0; n < 4; n++)
                #pragma unroll
                for (int e = 0; e < 4; e++) store(i0 + 16 * m + group + e / 2 * 8, j0 + 8 * n + 2 * q + e % 2, sums[m][n][e]);
    }
};
