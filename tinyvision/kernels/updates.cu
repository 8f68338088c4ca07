// Steps of the optimizers, a thread for each number of a weight: each is read and written once. updates.py has them for the CPU.

__device__ int index() { return blockIdx.x * blockDim.x + threadIdx.x; }

extern "C" __global__ __launch_bounds__(256) void sgd(float* w, const float* g, float rate, int count) {
    const int i = index();
    if (i < count) w[i] -= rate * g[i];
}

extern "C" __global__ __launch_bounds__(256) void sgd_with_momentum(float* w, const float* g, float* velocity, float rate, float momentum,
                                                                    int nesterov, int count) {
    const int i = index();
    if (i >= count) return;
    const float step = rate * g[i], moving = momentum * velocity[i] - step;
    velocity[i] = moving;
    w[i] += nesterov ? momentum * moving - step : moving;
}

// `rest` is 1 - rho, as exact as float32 has it: 1 - 0.999 is 5e-5 off if 0.999 is rounded before.
extern "C" __global__ __launch_bounds__(256) void rmsprop(float* w, const float* g, float* velocity, float rate, float rho, float rest,
                                                          float epsilon, int count) {
    const int i = index();
    if (i >= count) return;
    const float slope = g[i], square = rho * velocity[i] + rest * slope * slope;
    velocity[i] = square;
    w[i] -= rate * slope / sqrtf(square + epsilon);
}

// `rest_1` and `rest_2` are 1 - beta_1 and 1 - beta_2; the rate has the corrections for the first steps in it.
extern "C" __global__ __launch_bounds__(256) void adam(float* w, const float* g, float* momentum, float* velocity, float rate, float rest_1,
                                                       float rest_2, float epsilon, int count) {
    const int i = index();
    if (i >= count) return;
    const float slope = g[i], mean = momentum[i] + (slope - momentum[i]) * rest_1;
    const float square = velocity[i] + (slope * slope - velocity[i]) * rest_2;
    momentum[i] = mean, velocity[i] = square;
    w[i] -= rate * mean / (sqrtf(square) + epsilon);
}
