"""What is measured: a table of tasks, and for each kind of task what is called and what shows that libraries agree.

A library (in_tinyvision.py, in_torch.py, ...) offers training_step, inference, block and conv; see in_torch.py, whose layout
needs the most care. One that computes on GPUs too has synchronize and let_go.
"""
import math
import re
import time
from dataclasses import dataclass

import networks
import numpy as np
from networks import CATS, LITE0, MNIST, MOBILENET, RESNET, SQUEEZENET, UNET, Conv, Network

PASSES = "forward", "input gradient", "kernel gradient", "backward"
NETWORKS = {"mnist": MNIST, "cats": CATS}                  # those that are measured at several batch sizes
BATCH_SIZES = {"mnist": (1, 8, 32, 128, 512), "cats": (1, 8, 32, 128)}                 # 512 photographs take some 14 GB
CHECK_SECONDS = 60                                         # a slow library stops its steps there; fewer losses are compared


@dataclass(frozen=True)
class Task:
    name: str                                              # its first word is its section, for --only
    title: str
    kind: str                                              # of KINDS, or "start" or "memory": those need fresh processes
    network: Network
    batch: int
    quick: bool = False                                    # whether it belongs to --quick
    check_steps: int = 5                                   # how many training steps are compared
    seconds: float = 2.0                                   # of timed calls for each library; some 3 calls if they take longer
    layer: int = 0                                         # for kind "conv": which layer, and which of PASSES
    part: str = ""

    @property
    def section(self):
        return self.name.partition("-")[0]


def training(library, task):
    """A training step with RMSprop, on a batch that lies ready; it returns the loss."""
    step = library.training_step(task.network, networks.initial_weights(task.network), "rmsprop")
    images, labels = networks.batch(task.network, task.batch)
    images, labels = library.images(images), library.labels(labels)
    return lambda: step(images, labels)


def training_losses(library, task):
    """The losses of plain gradient descent, without dropout.

    RMSprop is not used for this: Keras adds epsilon under the root and PyTorch outside, so their steps differ a little.
    """
    network = task.network.without_dropout()
    step, losses = library.training_step(network, networks.initial_weights(network), "sgd"), []
    end = time.perf_counter() + CHECK_SECONDS
    while len(losses) < task.check_steps and (time.perf_counter() < end or len(losses) < 2):
        images, labels = networks.batch(network, task.batch, len(losses))
        losses.append(step(library.images(images), library.labels(labels)))
    return losses


def inference(library, task):
    """Probabilities for a batch that lies ready."""
    predict = library.inference(task.network, networks.initial_weights(task.network))
    images = library.images(networks.batch(task.network, task.batch)[0])
    return lambda: predict(images)


def first_probabilities(library, task):
    return [float(p) for p in library.numpy(inference(library, task)()).ravel()[:20]]


def block(library, task):
    """Forward and backward, to the block's input and all of its weights."""
    step = library.block(task.network, networks.initial_weights(task.network))
    x = library.images(networks.normal((task.batch, *task.network.image), 0))
    dy = library.images(networks.normal((task.batch, *networks.output_shape(task.network)), 1))
    return lambda: step(x, dy)


def conv(library, task):
    """One pass of one convolution: forward is conv, bias and ReLU; backward is all three gradients together."""
    layer, shape = list(networks.with_shapes(task.network))[task.layer]
    kernel, bias = networks.initial_weights(task.network)[task.layer]
    x = networks.normal((task.batch, *shape), 0)
    dy = networks.normal((task.batch, *networks.shape_after(layer, shape)), 1)
    return library.conv(x, kernel, bias, dy, task.part)


def norms(prepare):
    """A check for calls that return arrays: their Euclidean norms, which no layout changes."""
    return lambda library, task: [float(np.linalg.norm(library.numpy(a).ravel().astype("float64")))
                                  for a in prepare(library, task)()]


# kind -> (what is timed, what must agree before that, and how closely the last of these numbers must)
KINDS = {"train": (training, training_losses, 5e-2), "predict": (inference, first_probabilities, 1e-3),
         "block": (block, norms(block), 1e-3), "conv": (conv, norms(conv), 1e-3)}


def disagreement(task, values, reference, precision="float32"):
    """What differs between the numbers of two libraries, as a sentence; None if they agree."""
    n = min(len(values), len(reference))
    first, last = (1e-4, KINDS[task.kind][2]) if task.kind == "train" else [KINDS[task.kind][2]] * 2
    if precision == "tf32":                                # factors of 10 bits: some 5e-4 of the largest number
        first, last = max(first, 1e-2), max(last, 1e-2)
    for i, tolerance in ((0, first), *((i, last) for i in range(1, n))):
        if not np.isclose(values[i], reference[i], rtol=tolerance, atol=1e-5):
            what = "the loss of step" if task.kind == "train" else "number"
            return f"computes something else: {what} {i + 1} is {values[i]:.6g}, tinyvision's is {reference[i]:.6g}"
    return None


def _of_network(section, kind, n, **settings):
    network, what = NETWORKS[section], {"train": "training step", "predict": "inference"}[kind]
    return Task(f"{section}-{kind}-{n}", f"{network.title}, {what}, batch {n}", kind, network, n, **settings)


def _networks(section, batches, predicted, quick):
    for n in batches:
        yield _of_network(section, "train", n, quick=n in quick, check_steps=50 if n == batches[0] else 5)
    for n in predicted:
        yield _of_network(section, "predict", n, quick=n in quick)


def _layers(section, network, batch, quick):
    convs = [i for i, layer in enumerate(network.layers) if isinstance(layer, Conv)]
    for number, i in enumerate(convs, start=1):
        layer, (h, w, c) = list(networks.with_shapes(network))[i]
        for part in PASSES:
            yield Task(f"layers-{section}-{number}-{part.replace(' ', '-')}",
                       f"conv {number} of the {network.title}, {c} to {layer.filters} channels, {h}x{w}, batch {batch}: {part}",
                       "conv", network, batch, quick and part in ("forward", "backward"), seconds=0.7, layer=i, part=part)


def _scaling():
    for n in 16, 32, 64, 128, 256, 512:
        yield Task(f"scaling-batch-{n}", f"{MNIST.title}, training step, batch {n}", "train", MNIST, n)
    for size in 90, 120, 150, 180:                         # below 78 pixels nothing is left for the last convolution
        yield Task(f"scaling-image-{size}", f"{CATS.title}, training step, batch 32, {size}x{size} pixels", "train",
                   CATS.at_size(size), 32)


TASKS = {task.name: task for task in (
    *_networks("mnist", (64, 256), (1, 32, 256), quick=(1, 64)),
    *_networks("cats", (32,), (1, 32, 256), quick=(1,)),
    *_layers("mnist", MNIST, 64, quick=True),
    *_layers("cats", CATS, 32, quick=False),
    Task("blocks-resnet", f"{RESNET.title}, forward and backward, batch 32", "block", RESNET, 32),
    Task("blocks-mobilenet", f"{MOBILENET.title}, forward and backward, batch 32", "block", MOBILENET, 32),
    Task("blocks-unet", f"{UNET.title}, forward and backward, batch 8", "block", UNET, 8, quick=True),
    *[Task(f"imagenet-{name}-{n}", f"{network.title}, 224x224 pixels, inference, batch {n}", "predict", network, n, n == 1)
      for name, network in (("lite0", LITE0), ("squeezenet", SQUEEZENET)) for n in (1, 32)],
    *_scaling(),
    Task("start-import", "from the start of Python until the library is imported", "start", MNIST, 64, quick=True),
    Task("start-step", f"from the start of Python until the end of the first training step of the {MNIST.title}, batch 64",
         "start", MNIST, 64, quick=True),
    Task("start-step-cold", "the same, with nothing compiled before", "start", MNIST, 64),
    Task("memory-import", "peak memory once the library is imported", "memory", CATS, 32),
    Task("memory-train", f"peak memory of 5 training steps of the {CATS.title}, batch 32", "memory", CATS, 32),
)}
SECTIONS = list(dict.fromkeys(task.section for task in TASKS.values()))


def by_batch_size(sizes=None):
    """What `run.py --devices` measures: training and inference at these batch sizes, those of BATCH_SIZES if None."""
    found = [_of_network(section, kind, n, quick=n * math.prod(NETWORKS[section].image) < 1e6, check_steps=3)
             for section, usual in BATCH_SIZES.items() for kind in ("train", "predict") for n in sizes or usual]
    return {task.name: task for task in found}


def named(name):
    """The task of that name: one of TASKS, or a network's at any batch size.

    Raises:
        KeyError: there is none.
    """
    size = re.fullmatch(f"({'|'.join(NETWORKS)})-(?:train|predict)-([0-9]+)", name)
    return by_batch_size([int(size[2])])[name] if size and name not in TASKS else TASKS[name]


def selected(prefixes, quick=False, tasks=TASKS):
    """The tasks whose names start with one of the prefixes; all of them without any; with `quick`, only the small ones.

    Raises:
        ValueError: a prefix fits no task.
    """
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in tasks):
            sections = dict.fromkeys(task.section for task in tasks.values())
            raise ValueError(f"--only: no task starts with {prefix!r}; sections are {', '.join(sections)}, and a task is "
                             f"called, for example, {next(iter(tasks))}")
    found = [task for task in tasks.values() if not prefixes or task.name.startswith(tuple(prefixes))]
    small = [task for task in found if task.quick]
    if quick and not small:
        raise ValueError(f"--quick: there are no small tasks among {', '.join(prefixes)}; leave --quick out")
    return small if quick else found
