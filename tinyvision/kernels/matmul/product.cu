// The product of two matrices, or of stacks of them: (B, I, K) @ (B, K, J) -> (B, I, J). Any strides: a transposed matrix needs no copy.
// Constants: for each side its strides along rows and depth; TILE_LEFT_DEEP and TILE_RIGHT_DEEP, whether neighbours along the depth are
// neighbours in memory.

template <bool DEEP>
struct Strided {
    static constexpr bool ALONG_DEPTH = DEEP;
    const float* numbers;
    const int rows, by_row, by_place;
    __device__ int row(int i) const { return i < rows ? i * by_row : -1; }
    __device__ int place(int k) const { return k * by_place; }
    __device__ float at(int row, int place) const { return row >= 0 ? numbers[row + place] : 0.0f; }
};

// Grid: tiles of (I, J), and the stack times the slices of the depth: partial (B, slices, I, J).
extern "C" __global__ __launch_bounds__(THREADS, 1) void product(const float* left, const float* right, float* partial, int I, int J, int K,
                                                                 int left_stack, int right_stack, int slices, int slice) {
    alignas(16) __shared__ float panels[MOST_SHARED];      // so that four floats can be read at once
    const int b = blockIdx.z / slices, from = blockIdx.z % slices * slice;
    tile_product(panels, from, min(from + slice, K), Strided<TILE_LEFT_DEEP>{left + b * left_stack, I, LEFT_ROW, LEFT_PLACE},
                 Strided<TILE_RIGHT_DEEP>{right + b * right_stack, J, RIGHT_ROW, RIGHT_PLACE}, [&](int i, int j, float sum) {
        if (i < I && j < J) partial[(blockIdx.z * I + i) * J + j] = sum;
    });
}
