"""Lesson 07: Cats and dogs.

You train the textbook's convolutional network on 2,000 photographs of cats and dogs, watch it learn them by heart, and see what
augmentation, dropout and a better network make of the same 2,000 photographs.
Needs: 06.   Time: on 2 cores, part 1 takes 8 minutes, the others more; a run that was stopped goes on. --quick: a minute.
Expected: test accuracy of part 1 between 0.69 and 0.76, of part 2 >= 0.81, of part 3 >= 0.88
(all runs, epoch by epoch, are in results/07_cats_vs_dogs.json).
"""
# %% Setup
import argparse
import json
import os
import platform
import shutil
import time
from pathlib import Path

import numpy as np

import tinyvision as keras
from tinyvision import callbacks, layers, optimizers, viz
from tinyvision.datasets import cats_vs_dogs

HERE = Path(__file__).parent
OUTPUT, RESULTS = HERE / "output", HERE / "results"
CLASSES = "cat", "dog"                                               # 0 and 1: folders count in alphabetical order
TITLES = {1: "part 1: the textbook's network", 2: "part 2: with augmentation and dropout", 3: "part 3: a better network"}

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--parts", type=int, nargs="+", choices=[1, 2, 3], metavar="PART",
                    help="the parts to train, of 1 2 3; the others are shown as they are stored in lessons/results")
parser.add_argument("--seed", type=int, default=0, help="another seed: other first weights, another order, other draws")
parser.add_argument("--data", help="where the photographs are: a folder, tar or zip; see datasets/cats_vs_dogs/README.md")
parser.add_argument("--drawn", action="store_true", help="cats and dogs that the project draws, where there are no photographs")
parser.add_argument("--quick", action="store_true", help="few and small drawn cats and dogs: all in less than a minute")
parser.add_argument("--predict", nargs="+", metavar="PHOTO", help="only say what these pictures show, by the network of part 3")
parser.add_argument("--ablate", action="store_true", help="only train small versions of part 3, each without one of its parts")
parser.add_argument("--record", action="store_true", help="store runs and networks in lessons/results")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()
if options.record and (options.quick or options.drawn):
    parser.error("--record is for photographs")
parts = options.parts or ([] if options.ablate else [1, 2, 3])

# %% Your own pictures
# `--predict photo.jpg` loads the network that part 3 has trained, and says what it sees. The picture is squeezed to 180 x 180
# pixels, as those of the training were. It knows cats and dogs and nothing else: of a car it says which of the two it is.
if options.predict:
    if not (RESULTS / "07_part3.keras").exists():
        raise SystemExit("no network has been stored yet: train it with --parts 3 --record, then ask again")
    network = keras.models.load_model(RESULTS / "07_part3.keras")
    for path in options.predict:
        try:
            picture = keras.utils.img_to_array(keras.utils.load_img(path, target_size=(180, 180), interpolation="bilinear"))
        except (OSError, ValueError) as error:
            print(error)
            continue
        dog = float(network.predict(picture[None])[0, 0])
        print(f"{path}: a {CLASSES[dog > 0.5]}, {max(dog, 1 - dog):.0%} sure")
    raise SystemExit

# %% The photographs
# In 2007 Microsoft Research collected three million photographs of cats and dogs in shelters, as a riddle that tells people
# from programs (Asirra). Kaggle made a contest of 25,000 of them, and the textbook (Chollet, "Deep Learning with Python") an
# experiment of 5,000: what can be learned from few? There are 1,000 cats and 1,000 dogs to learn from (one cat less in most
# copies, whose file is damaged), 500 of each to make choices by, and 1,000 of each to test with what was chosen.
#
# Where there are no photographs, the project draws cats and dogs itself: `--drawn`. What is found on those says nothing about
# photographs.
if options.quick:
    kind, size, batch_size = "quick", 64, 16
    epochs = {1: 6, 2: 10, 3: 10, "ablation": 2}
    root = cats_vs_dogs.drawn_folder(size, counts=(300, 100, 100), close_up=True)
else:
    kind, size, batch_size = "drawn" if options.drawn else "photographs", 180, 32
    epochs = {1: 30, 2: 100, 3: 300, "ablation": 60}
    root = cats_vs_dogs.drawn_folder() if options.drawn else cats_vs_dogs.folder(options.data)


def pictures(split, image=size):
    """Batches of pictures (N, image, image, 3), float32 from 0 to 255, and their labels (N, 1): 0 is a cat, 1 a dog."""
    return keras.utils.image_dataset_from_directory(root / split, label_mode="binary", batch_size=batch_size,
                                                    shuffle=split == "train", image_size=(image, image), seed=options.seed)


test = pictures("test")
some, labels = next(iter(pictures("train")))
titles = [CLASSES[int(label)] for label in labels.numpy()[:, 0]]
viz.save(viz.images(some.numpy().astype("uint8"), titles), OUTPUT / "07_pictures.png")


# %% Part 1: the textbook's network
# As for digits, but more of it: five convolutions with pooling between them. The maps shrink from 180 x 180 to 7 x 7 while
# the channels grow from 3 to 256. One number comes out, between 0 for "cat" and 1 for "dog".
def textbook(augmentation=None, dropout=0.0):
    """The convnet of the textbook's chapter on vision; part 2 puts something before it, and dropout near its end."""
    inputs = keras.Input(shape=(size, size, 3))
    x = augmentation(inputs) if augmentation else inputs
    x = layers.Rescaling(1 / 255)(x)
    for filters in 32, 64, 128, 256:
        x = layers.Conv2D(filters, kernel_size=3, activation="relu")(x)
        x = layers.MaxPooling2D(pool_size=2)(x)
    if size > 100:                                                   # of the pictures of --quick, no 3 x 3 places are left
        x = layers.Conv2D(256, kernel_size=3, activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


# %% A run
# What happens in all parts: train, look at the validation pictures after each epoch, and keep the network of the epoch in which
# most of them were named rightly. (The textbook goes by the loss, which chooses earlier epochs: it counts how sure a network
# is, and rises when one gets too sure of its mistakes, even if it makes fewer of them.) Only the network that was kept sees the
# test pictures: its validation accuracy is the best of many, so there is a little luck in it; its test accuracy has none.
#
# `BackupAndRestore` writes down after each epoch where the run stands: stop it whenever you like, by Ctrl-C or by the power
# switch, and start the lesson again; it goes on, to the very weights that it would have had. A run that is done is not done
# again: for that, delete its files in lessons/output.
class Stopwatch(callbacks.Callback):
    """Adds the seconds that an epoch took, its validation included, to the logs."""

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs):
        logs["seconds"] = round(time.perf_counter() - self.start, 2)


def fit(name, model, epochs, *more, image=size, seen=size):
    """Train a compiled model, or go on where that was stopped: {"loss": [...], "val_loss": [...], ...}, a number an epoch.

    It trains on pictures of image x image pixels, and those that it is validated on are seen x seen pixels large.
    """
    best = callbacks.ModelCheckpoint(OUTPUT / f"{name}.keras", monitor="val_accuracy", save_best_only=True)
    watchers = [Stopwatch(), *more, best, callbacks.BackupAndRestore(OUTPUT / name, delete_checkpoint=False)]
    log = model.fit(pictures("train", image), epochs=epochs, validation_data=pictures("validation", seen), callbacks=watchers,
                    verbose=2 if options.quick else 1).history
    if len(log.get("loss", [])) < epochs:
        raise SystemExit(f"stopped after {len(log.get('loss', []))} of {epochs} epochs; start the lesson again, and it goes on")
    return log


def train(part, model, *more, image=size):
    """Train a part, and test the best network that it had. Returns what came of it, and that network."""
    name = f"07_part{part}_{kind}_seed{options.seed}"
    best, done = OUTPUT / f"{name}.keras", OUTPUT / f"{name}.json"
    if options.quick or not done.exists():
        log = fit(name, model, epochs[part], *more, image=image)
        epoch = int(np.argmax(log["val_accuracy"]))
        store(name, {
            "part": part, "seed": options.seed, "pictures": kind, "epochs": len(log["loss"]), "best_epoch": epoch + 1,
            "validation_accuracy": log["val_accuracy"][epoch],
            "test_accuracy": keras.models.load_model(best).evaluate(test, verbose=0)[1],
            "seconds": round(sum(log["seconds"])), "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "history": {key: [round(value, 5) for value in values] for key, values in log.items()}})
    result = json.loads(done.read_text())
    print(f"{TITLES[part]}: best in epoch {result['best_epoch']} of {result['epochs']}, validation accuracy "
          f"{result['validation_accuracy']:.4f}, test accuracy {result['test_accuracy']:.4f}")
    return result, keras.models.load_model(best)


def store(name, found):
    """Write what came of a run, and only then drop the backup that it would go on from."""
    write(OUTPUT / f"{name}.json", json.dumps(found))
    shutil.rmtree(OUTPUT / name)


def write(path, text):
    """Write a file so that it is whole or not there."""
    Path(f"{path}.part").write_text(text)
    os.replace(f"{path}.part", path)


results, networks = {}, {}                                           # of each part

# %% Part 1: training
# The first loss is near ln 2: two classes, and no knowledge. Then the training curve goes down and down, until hardly one of
# the 2,000 photographs is mistaken. The validation curve turns up after a handful of epochs: the network knows its photographs
# by heart, and has little to say about others.
if 1 in parts:
    keras.utils.set_random_seed(options.seed)
    model = textbook()
    model.summary()
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    results[1], networks[1] = train(1, model)

# %% Part 2: never the same picture twice
# A cat that is mirrored, tilted, or seen from nearer is still a cat. So each time a picture comes along, three layers draw
# at random what becomes of it, and the network never sees it again as it was. They are active in training only: validation
# and test pictures pass them unchanged. Dropout, near the end, lets half of the numbers fall out, others each time.
def light():
    """Mirrored, turned by up to 36 degrees, and 20 % nearer or farther; where the picture ends, it goes on mirrored."""
    return keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.2)])


def show(augmentation, name):
    """A figure of what an augmentation makes of one picture, time after time."""
    draws = np.concatenate([augmentation(some[:1], training=True).numpy() for _ in range(16)])
    viz.save(viz.images(draws.clip(0, 255).astype("uint8"), title="One picture, sixteen times"), OUTPUT / name)


show(light(), "07_augmented.png")

if 2 in parts:
    keras.utils.set_random_seed(options.seed)
    model = textbook(light(), dropout=0.5)
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    results[2], networks[2] = train(2, model)

# %% Part 3: a better network
# What the textbook's network lacks. How much each of these pays was measured, see "What paid" below.
#
#   residual blocks        x + f(x): a block learns only what is to be changed, and gradients get past it unhindered
#   batch normalization    keeps the numbers at a good size through many layers, so that steps may be large
#   global pooling         the mean of each channel, in place of 12,544 numbers with a place each: a cat is a cat anywhere.
#                          And pictures may have any size: it trains on smaller ones, and sees those of the test whole
#   a schedule             large steps at first, then smaller and smaller ones, along a cosine
#   averaged weights       the mean over the last steps is better than any one of them
#   soft labels            0.05 and 0.95 in place of 0 and 1: nothing is gained by being surer than that
#   stronger augmentation  also shifted, stretched, much nearer, lighter and darker, with holes: then a long training pays
def convolution(x, filters, kernel_size=3, strides=1, activation="relu", normalize=True):
    """Convolution, normalization and activation."""
    x = layers.Conv2D(filters, kernel_size, strides, padding="same", use_bias=not normalize, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.97)(x) if normalize else x
    return layers.Activation(activation)(x) if activation else x


def block(x, filters, normalize=True, residual=True):
    """x + f(x), where f is two convolutions; where the number of channels changes, x takes a 1 x 1 convolution."""
    y = convolution(x, filters, normalize=normalize)
    y = convolution(y, filters, activation=None, normalize=normalize)
    if residual:
        same = x if x.shape[-1] == filters else convolution(x, filters, 1, activation=None, normalize=normalize)
        y = layers.Add()([same, y])
    return layers.Activation("relu")(y)


def strong():
    """Also shifted, stretched (height and width each by a factor of its own), lighter, darker, paler, and with holes."""
    return keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.08), layers.RandomTranslation(0.15, 0.15),
                             layers.RandomZoom((-0.5, 0.0), (-0.5, 0.0)), layers.RandomContrast(0.4),
                             layers.RandomBrightness(0.25), layers.RandomErasing(0.6)])


def better(image, width, depths, augmentation, pooling=layers.GlobalAveragePooling2D, **style):
    """A residual network for pictures of image x image pixels, or of any size if that is None.

    It has a stage for each number in `depths`, of so many blocks; from stage to stage there are half as many rows and columns,
    and twice as many channels, `width` of them at first.
    """
    inputs = keras.Input(shape=(image, image, 3))
    x = augmentation(inputs) if augmentation else inputs
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = convolution(x, width, strides=2, normalize=style.get("normalize", True))
    for stage, depth in enumerate(depths):
        x = layers.MaxPooling2D(pool_size=2)(x)
        for _ in range(depth):
            x = block(x, width * 2 ** stage, **style)
    x = layers.Dropout(0.2)(pooling()(x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def compiled(model, epochs, schedule=True, smoothing=0.1):
    """The network with an optimizer for so many epochs."""
    steps = len(pictures("train"))
    cosine = optimizers.schedules.CosineDecay(0.0, decay_steps=(epochs - 1) * steps, warmup_target=0.002, warmup_steps=steps)
    optimizer = optimizers.AdamW(cosine if schedule else 0.001, weight_decay=0.05, use_ema=True,
                                 ema_momentum=0.5 ** (60 / (epochs * steps)))   # half is forgotten in a 60th of the way
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, keras.losses.BinaryCrossentropy(label_smoothing=smoothing), metrics=["accuracy"])
    return model


show(strong(), "07_augmented_strongly.png")

if 3 in parts:
    keras.utils.set_random_seed(options.seed)
    model = better(None, 16, [1, 1, 1, 1], light()) if options.quick else better(None, 32, [2, 2, 2, 1], strong())
    model = compiled(model, epochs[3])
    model.summary()
    results[3], networks[3] = train(3, model, callbacks.SwapEMAWeights(swap_on_epoch=True), image=160 if size == 180 else size)

# %% What paid
# `--ablate` trains part 3 again and again, each time without one of the things on the list above; fewer blocks, smaller
# pictures (96 x 96) and fewer epochs have to do. What counts is the mean accuracy on the validation photographs over the last
# ten epochs; another seed changes it, too, so small differences say nothing. Without a schedule, the rate is always 0.001.
WITHOUT = {"nothing": {}, "residual blocks": {"residual": False}, "batch normalization": {"normalize": False},
           "global pooling": {"pooling": layers.Flatten}, "a schedule": {"schedule": False}, "averaged weights": {},
           "soft labels": {"smoothing": 0.0}, "stronger augmentation": {"augmentation": light},
           "any augmentation": {"augmentation": lambda: None}}


def small(augmentation=strong, schedule=True, smoothing=0.1, **style):
    """The network of part 3 with smaller pictures and fewer blocks, compiled."""
    return compiled(better(96, 32, [1, 1, 1, 1], augmentation(), **style), epochs["ablation"], schedule, smoothing)


if options.ablate:
    rows = []
    for without, change in WITHOUT.items():
        name = f"07_without_{without}_{kind}_seed{options.seed}".replace(" ", "_")
        if not (OUTPUT / f"{name}.json").exists():
            keras.utils.set_random_seed(options.seed)
            averages = [] if without == "averaged weights" else [callbacks.SwapEMAWeights(swap_on_epoch=True)]
            store(name, fit(name, small(**change), epochs["ablation"], *averages, image=96, seen=96))
        log = json.loads((OUTPUT / f"{name}.json").read_text())
        mean = {key: round(float(np.mean(log[key][-10:])), 4) for key in ("accuracy", "val_accuracy")}
        rows.append({"without": without, "seed": options.seed, **mean, "seconds": round(sum(log["seconds"]))})
    if options.record:
        write(RESULTS / "07_ablation.json", '{"rows": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]}\n")
elif (RESULTS / "07_ablation.json").exists():
    rows = json.loads((RESULTS / "07_ablation.json").read_text())["rows"]
else:
    rows = []
for row in rows:
    what = "with everything" if row["without"] == "nothing" else f"without {row['without']}"
    print(f"part 3, small, {what}: accuracy in training {row['accuracy']:.3f}, in validation {row['val_accuracy']:.3f}")
if not parts:
    raise SystemExit

# %% All runs in one picture
# Where the lines of training and validation part, a network begins to learn its pictures by heart: in part 1 after a few
# epochs, in part 2 much later, in part 3 hardly at all. (That part 3 seems to learn nothing at first is due to the averages:
# they are what is validated, and they lag far behind weights that still change quickly.)
stored = RESULTS / "07_cats_vs_dogs.json"
runs = {run["part"]: run for run in json.loads(stored.read_text())["runs"] if run["seed"] == 0} if stored.exists() else {}
shown = results if kind != "photographs" else {**runs, **results}
histories = {TITLES[part]: shown[part]["history"] for part in sorted(shown)}
figure = viz.curves(histories, leave_out=["seconds"], log_epochs=True)
figure.axes[0].set_ylim(0, 1.2)                                      # part 1 gets worse than fits into the picture
viz.save(figure, OUTPUT / "07_curves.png")

# %% What it confuses
# The mistakes that the best network was most sure of. Some photographs are hard to blame it for.
network = networks[max(networks)]
seen = [(batch.numpy().astype("uint8"), labels.numpy()[:, 0], network.predict_on_batch(batch)[:, 0]) for batch, labels in test]
batch, labels, dogs = (np.concatenate(parts) for parts in zip(*seen))
viz.save(viz.confusion(labels, dogs > 0.5, CLASSES), OUTPUT / "07_confusion.png")
worst = np.argsort(-np.abs(dogs - labels))[:16]
titles = [f"{max(dogs[i], 1 - dogs[i]):.0%} {CLASSES[int(dogs[i] > 0.5)]}" for i in worst]
viz.save(viz.images(batch[worst], titles, title="Where it was surest, and wrong"), OUTPUT / "07_worst_mistakes.png")
print(f"figures are in {OUTPUT}")

# %% For the record
# With `--record`, runs join those in lessons/results; the networks of seed 0 do, too, without what the optimizer remembers, and
# in half floats: they give the same answers to all but a photograph or two.
if options.record:
    runs = json.loads(stored.read_text())["runs"] if stored.exists() else []
    runs = [run for run in runs if (run["part"], run["seed"]) not in [(part, options.seed) for part in results]]
    runs = sorted([*runs, *results.values()], key=lambda run: (run["part"], run["seed"]))
    write(stored, '{"runs": [\n' + ",\n".join(map(json.dumps, runs)) + "\n]}\n")
    for part, network in networks.items() if options.seed == 0 else ():
        network.save(RESULTS / f"07_part{part}.keras", include_optimizer=False, weights_dtype="float16")

# %% Expected
# On photographs, what the first lines of this lesson say. On the drawn cats and dogs, the first network does well at once: they
# have been drawn by the same pen, and more of the same is all it takes to know them. In quick mode there are few of them, and
# augmentation has no time to pay.
least = {1: 0.69, 2: 0.81, 3: 0.88} if kind == "photographs" else {1: 0.75, 2: 0.7, 3: 0.75}
for part, result in results.items():
    accuracy = result["test_accuracy"]
    assert accuracy >= least[part], f"{TITLES[part]} should reach {least[part]}, it got {accuracy:.4f}"
if 1 in results and kind == "photographs":
    log = results[1]["history"]
    assert log["accuracy"][-1] > 0.95 and log["val_loss"][-1] > 1.5 * min(log["val_loss"]), "part 1 should learn by heart"
print("test accuracy", ", ".join(f"{result['test_accuracy']:.4f}" for result in results.values()), "as expected")
