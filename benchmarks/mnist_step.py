"""The training step of lesson 06's network: tinyvision beside PyTorch, in one run.

Each library has a process of its own; they take turns, so that a change of the machine's load meets all of them. Before
times are compared, the first losses must be equal, from the same weights, and the 50th must show that all have learned
(PyTorch's RMSprop adds epsilon after the root, Keras's and ours under it, so later losses differ a little). `python
benchmarks/mnist_step.py` prints medians and the ratio, and writes them to benchmarks/results/mnist_step.json. PyTorch is
measured where it is installed, in both of its memory layouts; the better one counts.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results" / "mnist_step.json"
BATCH, STEPS_A_TURN, TURNS = 64, 30, 8


def batches():
    """Digit-like images and labels, the same for all: a bright stroke whose place is the label."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, (50, BATCH))
    images = rng.uniform(0, 0.3, (50, BATCH, 28, 28, 1)).astype("float32")
    for image, label in zip(images.reshape(-1, 28, 28), labels.reshape(-1)):
        image[2 + 2 * label:5 + 2 * label, 4:24] += 0.6
    return images, labels


def initial_weights():
    """Glorot uniform, from one seed, in Keras's layout."""
    rng = np.random.default_rng(1)
    shapes = (3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (3, 3, 64, 128), (128,), (1152, 10), (10,)
    def draw(shape):
        if len(shape) == 1:
            return np.zeros(shape, "float32")
        window = int(np.prod(shape[:-2]))
        limit = (6 / (window * (shape[-2] + shape[-1]))) ** 0.5
        return rng.uniform(-limit, limit, shape).astype("float32")
    return [draw(shape) for shape in shapes]


def tinyvision_step():
    import tinyvision as keras
    from tinyvision import layers
    conv = [layers.Conv2D(n, 3, activation="relu") for n in (32, 64, 128)]
    model = keras.Sequential([keras.Input((28, 28, 1)), conv[0], layers.MaxPooling2D(), conv[1], layers.MaxPooling2D(), conv[2],
                              layers.Flatten(), layers.Dense(10, activation="softmax")])
    model.set_weights(initial_weights())
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    return lambda x, y: model.train_on_batch(x, y)


def torch_step(channels_last):
    import torch
    from torch import nn
    torch.set_num_threads(os.cpu_count())
    net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Conv2d(64, 128, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1152, 10))
    weights = initial_weights()
    weights[6] = weights[6].reshape(3, 3, 128, 10).transpose(2, 0, 1, 3).reshape(1152, 10)     # it flattens channels first
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), weights):
            turned = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
            parameter.copy_(torch.tensor(np.ascontiguousarray(turned)))
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = net.to(memory_format=layout)
    optimizer = torch.optim.RMSprop(net.parameters(), 1e-3, alpha=0.9, eps=1e-7)
    crossentropy = nn.CrossEntropyLoss()

    def step(x, y):
        x = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        optimizer.zero_grad()
        loss = crossentropy(net(x), torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        return loss.item()
    return step


LIBRARIES = {"tinyvision": tinyvision_step, "torch": lambda: torch_step(False),
             "torch, channels last": lambda: torch_step(True)}


def work(name):
    """A worker: 50 steps for the losses, then a turn of timed steps for each line that comes in."""
    step, (images, labels) = LIBRARIES[name](), batches()
    losses = [float(step(x, y)) for x, y in zip(images, labels)]
    print(json.dumps(losses), flush=True)
    for _ in sys.stdin:
        times = []
        for x, y in zip(images[:STEPS_A_TURN], labels):
            start = time.perf_counter()
            step(x, y)
            times.append(time.perf_counter() - start)
        print(json.dumps(times), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", choices=LIBRARIES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker)
    workers, losses = {}, {}
    for name in LIBRARIES:
        worker = subprocess.Popen([sys.executable, __file__, "--worker", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        if line := worker.stdout.readline():
            workers[name], losses[name] = worker, json.loads(line)
        else:
            print(f"{name} does not run here; left out")
    for name, values in losses.items():
        np.testing.assert_allclose(values[0], losses["tinyvision"][0], rtol=1e-5, err_msg=f"{name} computes something else")
        assert values[-1] < 0.05, f"{name} has not learned the 50 batches: its loss is {values[-1]:.4f}"
        print(f"{name}: loss {values[0]:.4f} in the first step, {values[-1]:.4f} in the 50th")
    times = {name: [] for name in workers}
    for _ in range(TURNS):
        for name, worker in workers.items():
            worker.stdin.write("go\n")
            worker.stdin.flush()
            times[name] += json.loads(worker.stdout.readline())
    for worker in workers.values():
        worker.stdin.close()
    medians = {name: statistics.median(values) * 1e3 for name, values in times.items()}
    report = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version(),
              "numpy": np.__version__, "batch": BATCH, "milliseconds a step": medians}
    for name, median in medians.items():
        print(f"{name}: {median:.1f} ms a step")
    if rivals := [median for name, median in medians.items() if name != "tinyvision"]:
        report["ratio to the better torch"] = medians["tinyvision"] / min(rivals)
        print(f"tinyvision / the better torch: {report['ratio to the better torch']:.2f}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
