"""Lesson 08: The same network in three frameworks.

You train one network on the same digits in tinyvision, in Keras and in PyTorch, find the same numbers in all three, see how
differently they are made to come about, and carry the network from each to the others as a file.
Needs: 06; Keras with JAX or TensorFlow, and PyTorch, as far as you have them: `pip install keras jax torch`.
Time: 20 s on 2 cores.   Expected: logits, losses, gradients and weights agree to 1e-5 with those of the other frameworks
(results/08_three_frameworks.json has the logits, the losses and the first kernels of all three, for what is not installed).
"""
# %% Setup
import argparse
import importlib.util
import json
import os
from pathlib import Path

import numpy as np

import tinyvision
from tinyvision import losses, models, optimizers, viz
from tinyvision.datasets import mnist
from tinyvision.files import replacing

HERE = Path(__file__).parent
OUTPUT, RESULTS = HERE / "output", HERE / "results" / "08_three_frameworks.json"
RATE, MOMENTUM, STEPS = 0.1, 0.9, 5
TOLERANCE = 1e-5                                                     # of the largest number: float32 has 24 bits, 6e-8

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="16 digits in place of 64")
parser.add_argument("--record", action="store_true", help="store what all three frameworks found in lessons/results")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()


def installed(name):
    """Whether a package can be imported."""
    return importlib.util.find_spec(name) is not None


backend = os.environ.get("KERAS_BACKEND") or next((name for name in ("jax", "tensorflow", "torch") if installed(name)), None)
HAVE = {"keras": installed("keras") and backend is not None, "torch": installed("torch")}
if HAVE["keras"]:
    os.environ["KERAS_BACKEND"] = backend                            # Keras reads it when it is imported
OUTPUT.mkdir(exist_ok=True)

# %% One batch, one network
# Some digits, and a small convnet for them: 3x3 convolution to 8 channels, ReLU, 2x2 max-pool, dense to 10. It ends with
# *logits*, any numbers; the loss makes probabilities of them. (Softmax inside the loss is easier to compute without overflow:
# log(sum(exp z)) in one go. PyTorch knows it no other way; Keras and tinyvision have `from_logits=True`.)
(train_images, train_labels), _ = mnist.load_data()
n = 16 if options.quick else 64
images, labels = train_images[:n, :, :, None].astype("float32") / 255, train_labels[:n].astype("int64")

tinyvision.utils.set_random_seed(0)


def network(framework):
    """The network, in tinyvision and Keras alike."""
    return framework.Sequential([framework.Input((28, 28, 1)), framework.layers.Conv2D(8, 3, activation="relu", name="conv"),
                                 framework.layers.MaxPooling2D(2), framework.layers.Flatten(),
                                 framework.layers.Dense(10, name="logits")])


model = network(tinyvision)
model.summary()
model.save(OUTPUT / "08_start.keras")                                # all three will start with these weights
found = {}                                                           # of each framework: what it computed

# %% In tinyvision
# The engine speaks PyTorch: a tensor remembers how it was made, `backward` goes that way back and leaves in the `grad` of each
# weight by how much the loss would grow if that weight did. The layers speak Keras. Here is the loop that `fit` runs for you:
loss_function = losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = optimizers.SGD(RATE, momentum=MOMENTUM)
weights = model.trainable_weights
logits, gradients, history = model(images).detach().numpy(), None, []
for step in range(STEPS):
    loss = loss_function(labels, model(images, training=True))
    loss.backward()
    history.append(loss.item())
    if step == 0:
        gradients = [weight.grad.numpy().copy() for weight in weights]           # (3, 3, 1, 8), (8,), (1352, 10), (10,)
    optimizer.apply([weight.grad for weight in weights], weights)
    for weight in weights:
        weight.grad = None                                           # backward adds to what is there
print("tinyvision: losses", [f"{value:.6f}" for value in history])
found["tinyvision"] = {"version": "this one", "logits": logits, "losses": history, "gradients": gradients,
                       "weights": model.get_weights()}

# %% In Keras
# Keras *describes*: compile says what is wanted, and `fit` or `train_on_batch` does it. Underneath, another library computes:
# TensorFlow, JAX or PyTorch. The first two make one program of the whole step, once for each shape of a batch: that is why the
# first batch takes seconds. There is no moment at which you hold a gradient in your hand; whoever wants one has to speak the
# language of the library below. So the weights after the steps have to do.
#
# The file that tinyvision wrote is a file of Keras's.
if HAVE["keras"]:
    import keras

    theirs = keras.models.load_model(OUTPUT / "08_start.keras")
    theirs.compile(optimizer=keras.optimizers.SGD(RATE, momentum=MOMENTUM),
                   loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    logits = np.asarray(theirs.predict_on_batch(images))
    history = [float(theirs.train_on_batch(images, labels)) for _ in range(STEPS)]
    print(f"Keras {keras.__version__} on {backend}: losses", [f"{value:.6f}" for value in history])
    found["keras"] = {"version": f"{keras.__version__} on {backend}", "logits": logits, "losses": history,
                      "weights": [np.asarray(weight) for weight in theirs.get_weights()]}
    theirs.save(OUTPUT / "08_keras.keras")

# %% In PyTorch
# PyTorch *does*: a module is a Python object whose `forward` runs line by line, and the loop is yours. What the others do
# unasked, you write: forget the old gradients, forward, loss, backward, step. `model.train()` and `model.eval()` take the
# place of `training=`. Dense layers must be told how many features come in.
#
# And channels come first: a batch is (N, C, H, W), a kernel (C_out, C_in, KH, KW), a dense kernel (units, features). Two axes
# are easily turned. Less easily seen: where the maps are flattened, PyTorch counts channel by channel, and here all channels of
# a place follow one another. So the *rows of the dense kernel* are in another order, and with all axes right the network
# would still talk nonsense. `models.state_dict` knows that.
START = models.load_model(OUTPUT / "08_start.keras")
state = models.state_dict(START, names={"conv": "0", "logits": "4"})
print("PyTorch's names and shapes:", {name: array.shape for name, array in state.items()})
by_hand = START.get_layer("logits").get_weights()[0].reshape(13, 13, 8, 10)      # places first, then channels
np.testing.assert_array_equal(by_hand.transpose(3, 2, 0, 1).reshape(10, 1352), state["4.weight"])

if HAVE["torch"]:
    import torch

    module = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
                                 torch.nn.Linear(1352, 10))
    module.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    channels_first, targets = torch.tensor(images.transpose(0, 3, 1, 2)), torch.tensor(labels)
    their_optimizer = torch.optim.SGD(module.parameters(), lr=RATE, momentum=MOMENTUM)
    logits, gradients, history = module(channels_first).detach().numpy(), None, []
    for step in range(STEPS):
        their_optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(channels_first), targets)
        loss.backward()
        history.append(loss.item())
        if step == 0:
            conv, conv_bias, dense, dense_bias = [p.grad.numpy().copy() for p in module.parameters()]
            gradients = [conv.transpose(2, 3, 1, 0), conv_bias,
                         dense.reshape(10, 8, 13, 13).transpose(2, 3, 1, 0).reshape(1352, 10), dense_bias]
        their_optimizer.step()
    print(f"PyTorch {torch.__version__}: losses", [f"{value:.6f}" for value in history])
    models.load_state_dict(START, module.state_dict())               # and back again
    found["torch"] = {"version": torch.__version__, "logits": logits, "losses": history, "gradients": gradients,
                      "weights": START.get_weights()}

# %% How the three think
# What is settled where, and by whom, if you say nothing:
#
#                     tinyvision               Keras                       PyTorch
#   who owns the loop fit, or you              fit                         you
#   a gradient is     weight.grad              inside the compiled step    parameter.grad
#   computed          at once                  compiled, then run          at once (torch.compile: compiled)
#   layers are built  by the first input       by the first input          by the sizes you give
#   images            N, H, W, C               N, H, W, C                  N, C, H, W
#   kernels           KH, KW, C_in, C_out      KH, KW, C_in, C_out         C_out, C_in, KH, KW
#   "same", stride 2  zeros more at the end    zeros more at the end       as many on both sides, and you say how many
#   training mode     training=True            training=True               module.train()
#   batch norm keeps  0.99 of the old mean     0.99 of the old mean        0.9 of it; its "momentum" is the other part, 0.1
#   its epsilon       1e-3                     1e-3                        1e-5
#   first weights     Glorot uniform           Glorot uniform              uniform, +- 1/sqrt(fan in), biases too
#   Adam's epsilon    1e-7                     1e-7                        1e-8, and added in another place
#
# None of this is better or worse, but each line has cost somebody an afternoon: a network that is carried over by hand and is
# "almost right" has met one of the last five.

# %% Side by side
# Differences, as a share of the largest number. Rounding alone makes some 1e-7 of it: sums are added up in different orders.
# What is not installed is taken from the recorded run of the same 64 digits.
def difference(a, b):
    """The largest difference, relative to the largest number, of two arrays or lists of them."""
    if isinstance(a, list) and np.ndim(a[0]):
        return max(map(difference, a, b))
    return float(np.abs(np.asarray(a) - np.asarray(b)).max() / np.abs(np.asarray(b)).max())


recorded = json.loads(RESULTS.read_text()) if RESULTS.exists() and not options.quick else {}
differences = {}
for other in "keras", "torch":
    source = found.get(other) or recorded.get(other)
    if source is None:
        print(f"{other} is not installed, and {'quick mode has no recorded run' if options.quick else 'no run is recorded'}")
        continue
    if other not in found:
        print(f"{other} is not installed: these are the numbers of a recorded run, by version {source['version']}")
    ours = {**found["tinyvision"], "first kernel": found["tinyvision"]["weights"][0]}
    for what in source:
        if what != "version":
            differences[other, what] = difference(source[what], ours[what])
            print(f"{other:6} {what:13} differ by {differences[other, what]:.1e}")
if not differences:
    raise SystemExit("there is nothing to compare with: pip install keras jax, or torch")

# %% What the steps did to the first kernels
# The same eight filters, as three frameworks changed them in five steps: purple less, orange more.
start = models.load_model(OUTPUT / "08_start.keras").get_weights()[0]
changes = {name: what["weights"][0] - start for name, what in found.items()}
kernels = np.concatenate([change[:, :, 0].transpose(2, 0, 1) for change in changes.values()])          # (frameworks * 8, 3, 3)
titles = [name if i == 0 else "" for name in changes for i in range(8)]
largest = np.abs(kernels).max()
figure = viz.images(kernels, titles, cmap="PuOr_r", vmin=-largest, vmax=largest, title="How five steps changed eight filters")
viz.save(figure, OUTPUT / "08_changes.png")

# %% From each to the others
# After training, the network goes round as files: Keras's `.keras`, which all but PyTorch open, and for PyTorch safetensors:
# names and numbers. (`torch.save` writes pickles, which are programs, and would be run by whoever opens them. tinyvision opens
# those, too, and runs nothing.)
predicted = model.predict_on_batch(images)
model.save(OUTPUT / "08_trained.keras")
models.save_state_dict(model, OUTPUT / "08_trained.safetensors", names={"conv": "0", "logits": "4"})
if HAVE["keras"]:
    again = keras.models.load_model(OUTPUT / "08_trained.keras")
    differences["keras", "reads our file"] = difference(again.predict_on_batch(images), predicted)
    again = models.load_model(OUTPUT / "08_keras.keras")
    differences["keras", "and we read its"] = difference(again.predict_on_batch(images), predicted)
if HAVE["torch"]:
    from safetensors.torch import load_file

    module.load_state_dict(load_file(OUTPUT / "08_trained.safetensors"))
    differences["torch", "reads our file"] = difference(module(channels_first).detach().numpy(), predicted)
    torch.save(module.state_dict(), OUTPUT / "08_torch.pth")
    again = network(tinyvision)
    models.load_state_dict(again, OUTPUT / "08_torch.pth")
    differences["torch", "and we read its"] = difference(again.predict_on_batch(images), predicted)
for (other, what), value in differences.items():
    if "read" in what:
        print(f"{other:6} {what:15} difference {value:.1e}")

# %% Expected
# Each of these differences is at most 1e-5.
worst = max(differences, key=differences.get)
assert differences[worst] <= TOLERANCE, f"{' '.join(worst)}: {differences[worst]:.1e} is more than {TOLERANCE}"
print(f"the largest difference is {differences[worst]:.1e}, of {' '.join(worst)}: as expected")
if options.record:
    if options.quick or not all(HAVE.values()):
        raise SystemExit("--record wants both frameworks, and all 64 digits")
    kept = {name: {"version": what["version"], "losses": what["losses"], "logits": np.round(what["logits"], 7).tolist(),
                   "first kernel": np.round(what["weights"][0], 8).tolist()} for name, what in found.items()}
    with replacing(RESULTS) as temporary:
        temporary.write_text(json.dumps(kept) + "\n")
