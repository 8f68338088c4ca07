// A tile of a matrix product: TILE_I x TILE_J elements of  out(i, j) = sum over k of left(i, k) * right(j, k).
//
// A block of threads goes along the depth, from `from` to `to`, in steps of TILE_K. For each step every thread copies its share of
// two panels, TILE_I x TILE_K and TILE_J x TILE_K numbers, to shared memory, where all threads find what they need. While a step is
// multiplied, the numbers of the next one are on their way into registers.
//
// What is multiplied, a kernel says by two objects with
//
//     ALONG_DEPTH               whether neighbours along the depth are neighbours in memory, or else neighbours along the rows
//     Row row(int i)            what is to be known of row i, found once for all steps
//     Place place(int k)        the same of place k along the depth
//     float at(Row, Place)      the element; 0 if there is no such row
//
// and what becomes of an element by `store(i, j, sum)`, which gets elements beyond the ends of the matrix, too.

// What one thread copies of a panel: neighbouring threads copy neighbours in memory.
template <int EXTENT, class Matrix>
struct Share : Panel<EXTENT, Matrix::ALONG_DEPTH> {
    static constexpr bool DEEP = Matrix::ALONG_DEPTH;
    static constexpr int WIDTH = DEEP ? TILE_K : EXTENT, STEP = THREADS / WIDTH, COUNT = EXTENT * TILE_K / THREADS;

    const Matrix& matrix;
    const int i = DEEP ? threadIdx.x / WIDTH : threadIdx.x % WIDTH, k = DEEP ? threadIdx.x % WIDTH : threadIdx.x / WIDTH, end;
    decltype(((const Matrix*)nullptr)->row(0)) rows[DEEP ? COUNT : 1];
    float numbers[COUNT];

    __device__ Share(const Matrix& matrix, int i0, int end) : matrix(matrix), end(end) {
        #pragma unroll
        for (int n = 0; n < (DEEP ? COUNT : 1); n++) rows[n] = matrix.row(i0 + i + n * STEP);
    }

    __device__ void fetch(int k0) {                        // this thread's elements of the step at k0, into registers
        if (DEEP) {
            const auto place = matrix.place(k0 + k);
            #pragma unroll
            for (int n = 0; n < COUNT; n++) numbers[n] = k0 + k < end ? matrix.at(rows[DEEP ? n : 0], place) : 0.0f;
        } else {
            #pragma unroll
            for (int n = 0; n < COUNT; n++) {
                const int at = k0 + k + n * STEP;
                numbers[n] = at < end ? matrix.at(rows[0], matrix.place(at)) : 0.0f;
            }
        }
    }

    __device__ void put(float* panel) const {              // from registers to shared memory
        #pragma unroll
        for (int n = 0; n < COUNT; n++)
            panel[this->slot(i + (DEEP ? n * STEP : 0), k + (DEEP ? 0 : n * STEP))] = this->rounded(numbers[n]);
    }
};

constexpr int MOST_SHARED = 2 * 16 + (TILE_I + TILE_J) * (TILE_K + 8);     // floats, for panels in either layout

template <class Left, class Right, class Store>
__device__ __forceinline__ void tile_product(float* shared, int from, int to, const Left& left, const Right& right, const Store& store) {
    using A = Share<TILE_I, Left>;
    using B = Share<TILE_J, Right>;
    static_assert(A::SIZE + B::SIZE <= MOST_SHARED);
    const int i0 = blockIdx.x * TILE_I, j0 = blockIdx.y * TILE_J;
    A a(left, i0, to);
    B b(right, j0, to);
    Sums<A, B> sums;
    a.fetch(from), b.fetch(from);
    for (int k0 = from; k0 < to; k0 += TILE_K) {
        a.put(shared), b.put(shared + A::SIZE);
        __syncthreads();                                   // both panels are there
        if (k0 + TILE_K < to) a.fetch(k0 + TILE_K), b.fetch(k0 + TILE_K);
        sums.add(shared, shared + A::SIZE);
        __syncthreads();                                   // nobody needs them any more
    }
    sums.each([&](int i, int j, float sum) { store(i0 + i, j0 + j, sum); });
}
