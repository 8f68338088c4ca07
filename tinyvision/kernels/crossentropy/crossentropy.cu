// The crossentropy of classes and its slope, a warp of 32 threads for each row of CLASSES numbers. reference.py has the formulas.

constexpr int WARPS = 8;                                   // rows of a block

__device__ float held(float p, float epsilon) { return p < epsilon ? epsilon : p > 1 - epsilon ? 1 - epsilon : p; }

extern "C" __global__ __launch_bounds__(256) void from_logits(const float* target, const float* output, float* values, float* logs, float* slope,
                                                              int rows) {
    const int row = blockIdx.x * WARPS + threadIdx.x / 32, lane = threadIdx.x % 32, at = row * CLASSES;
    if (row >= rows) return;                               // the whole warp
    float largest = -1.0f / 0.0f, total = 0, targets = 0, value = 0;
    for (int c = lane; c < CLASSES; c += 32) {
        const float z = output[at + c];
        largest = z > largest || z != z ? z : largest;
    }
    largest = largest_of_warp(largest);
    for (int c = lane; c < CLASSES; c += 32) total += expf(output[at + c] - largest), targets += target[at + c];
    total = sum_of_warp(total), targets = sum_of_warp(targets);
    const float log_total = logf(total);
    for (int c = lane; c < CLASSES; c += 32) {
        const float shifted = output[at + c] - largest, t = target[at + c];
        logs[at + c] = shifted - log_total;
        slope[at + c] = expf(shifted) * (targets / total) - t;
        value += t * (shifted - log_total);
    }
    value = sum_of_warp(value);
    if (lane == 0) values[row] = -value;
}

extern "C" __global__ __launch_bounds__(256) void from_probabilities(const float* target, const float* output, float* values, float* logs,
                                                                     float* slope, float epsilon, int rows) {
    const int row = blockIdx.x * WARPS + threadIdx.x / 32, lane = threadIdx.x % 32, at = row * CLASSES;
    if (row >= rows) return;                               // the whole warp
    float total = 0, value = 0, pulled = 0;
    for (int c = lane; c < CLASSES; c += 32) total += output[at + c];
    total = sum_of_warp(total);
    for (int c = lane; c < CLASSES; c += 32) {
        const float p = output[at + c] / total, safe = held(p, epsilon), t = target[at + c], u = safe == p ? t / safe : 0.0f;
        logs[at + c] = logf(safe);
        value += t * logf(safe), pulled += u * p;
    }
    value = sum_of_warp(value), pulled = sum_of_warp(pulled);
    for (int c = lane; c < CLASSES; c += 32) {
        const float p = output[at + c] / total, safe = held(p, epsilon), u = safe == p ? target[at + c] / safe : 0.0f;
        slope[at + c] = (pulled - u) / total;
    }
    if (lane == 0) values[row] = -value;
}
