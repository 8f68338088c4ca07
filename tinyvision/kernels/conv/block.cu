// The way back through what follows a convolution. block.py has the formulas. Constants: F, the filters; STOPPED, the position of an
// element that the ReLU stopped.

// What the ReLU lets through of dy, and partial (slices, F): its sums over the rows of a slice, for the bias. Whether it does, y says, or
// positions, or there is no ReLU; g is written if it is wanted.
extern "C" __global__ __launch_bounds__(256) void through_relu(const float* dy, const float* y, const unsigned char* positions, float* g,
                                                               float* partial, int rows, int slice) {
    __shared__ float found[DEPTH][WIDTH][1];
    const Column column;
    const int f = column.at, last = min(rows, int(blockIdx.y + 1) * slice);
    float sum = 0;
    if (f < F)
        for (int row = blockIdx.y * slice + column.down; row < last; row += DEPTH) {
            const int i = row * F + f;
            const bool passes = (!y || y[i] > 0) && (!positions || positions[i] != STOPPED);
            const float slope = passes ? dy[i] : 0.0f;
            if (g) g[i] = slope;
            sum += slope;
        }
    add_down(column, found, {sum}, partial + blockIdx.y * F, F);
}
