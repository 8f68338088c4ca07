// Steps of the optimizers for many weights at once: each number is read and written once. updates.py has them for the CPU.

constexpr int MOST_WEIGHTS = 64;                           // of a launch: a table of these fits into a kernel's arguments

// For each weight its numbers, its gradient's, what the optimizer remembers of it, and how many they are.
struct Weights {
    float* numbers[MOST_WEIGHTS];
    const float* gradients[MOST_WEIGHTS];
    float* momenta[MOST_WEIGHTS];
    float* velocities[MOST_WEIGHTS];
    int sizes[MOST_WEIGHTS];
};

// Calls `update` with each place of the weight blockIdx.y.
template <class Update>
__device__ __forceinline__ void each(const Weights& weights, const Update& update) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < weights.sizes[blockIdx.y]; i += gridDim.x * blockDim.x) update(i);
}

extern "C" __global__ __launch_bounds__(256) void sgd(const Weights weights, float rate) {
    float* const w = weights.numbers[blockIdx.y];
    const float* const g = weights.gradients[blockIdx.y];
    each(weights, [&](int i) { w[i] -= rate * g[i]; });
}

extern "C" __global__ __launch_bounds__(256) void sgd_with_momentum(const Weights weights, float rate, float kept, int nesterov) {
    float *const w = weights.numbers[blockIdx.y], *const momentum = weights.momenta[blockIdx.y];
    const float* const g = weights.gradients[blockIdx.y];
    each(weights, [&](int i) {
        const float step = rate * g[i], moving = kept * momentum[i] - step;
        momentum[i] = moving;
        w[i] += nesterov ? kept * moving - step : moving;
    });
}

// `rest` is 1 - rho, as exact as float32 has it: 1 - 0.999 is 5e-5 off if 0.999 is rounded before.
extern "C" __global__ __launch_bounds__(256) void rmsprop(const Weights weights, float rate, float rho, float rest, float epsilon) {
    float *const w = weights.numbers[blockIdx.y], *const velocity = weights.velocities[blockIdx.y];
    const float* const g = weights.gradients[blockIdx.y];
    each(weights, [&](int i) {
        const float slope = g[i], square = rho * velocity[i] + rest * slope * slope;
        velocity[i] = square;
        w[i] -= rate * slope / sqrtf(square + epsilon);
    });
}

// `rest_1` and `rest_2` are 1 - beta_1 and 1 - beta_2; the rate has the corrections for the first steps in it.
extern "C" __global__ __launch_bounds__(256) void adam(const Weights weights, float rate, float rest_1, float rest_2, float epsilon) {
    float *const w = weights.numbers[blockIdx.y], *const momentum = weights.momenta[blockIdx.y], *const velocity = weights.velocities[blockIdx.y];
    const float* const g = weights.gradients[blockIdx.y];
    each(weights, [&](int i) {
        const float slope = g[i], mean = momentum[i] + (slope - momentum[i]) * rest_1;
        const float square = velocity[i] + (slope * slope - velocity[i]) * rest_2;
        momentum[i] = mean, velocity[i] = square;
        w[i] -= rate * mean / (sqrtf(square) + epsilon);
    });
}
