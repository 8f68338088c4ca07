// Convolution and its two gradients, each as one matrix product whose left side is gathered from the images as it is needed
// ("implicit GEMM"): no columns are written. reference.py has the formulas; x (N, H, W, C), kernel (KH, KW, C, F), y (N, OH, OW, F).
// What forward.cu, input_gradient.cu and kernel_gradient.cu share; a file each, since NVRTC compiles whole files.
//
// Constants: those of windows.cuh; C and F; TILE_I, TILE_J the tile of a block.

constexpr int NOWHERE = -(1 << 29);                        // a row of the image that stays outside whatever is added to it

// An array (..., F) as a matrix: row j is its last axis, place k is all others, the kernel's (p, q, c) for instance.
struct ByFilter {
    static constexpr bool ALONG_DEPTH = false;
    const float* numbers;
    __device__ int row(int j) const { return j; }
    __device__ int place(int k) const { return k * F; }
    __device__ float at(int j, int place) const { return j < F ? numbers[place + j] : 0.0f; }
};
