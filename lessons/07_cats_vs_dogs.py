"""Lesson 07: Cats and dogs.

You train the textbook's convolutional network on 2,000 photographs of cats and dogs, watch it learn them by heart, and see what
augmentation, dropout and a better network make of the same 2,000 photographs.
Needs: 06.   Time: on 2 cores 8, 35 and 90 to 130 minutes for its parts; a run that was stopped goes on. --quick: a minute.
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
from tinyvision.files import replacing

HERE = Path(__file__).parent
OUTPUT, RESULTS = HERE / "output", HERE / "results"
CLASSES = "cat", "dog"                                               # 0 and 1: folders count in alphabetical order
TITLES = {1: "part 1: the textbook's network", 2: "part 2: with augmentation and dropout", 3: "part 3: a better network"}
SIZES = {1: (180, 180), 2: (180, 180), 3: (160, 192)}                # pixels of pictures: in training; in validation, test
EPOCHS = {1: 30, 2: 100, 3: 300, "ablation": 60}

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--parts", type=int, nargs="+", choices=[1, 2, 3], metavar="PART",
                    help="the parts to train, of 1 2 3; the others are shown as they are stored in lessons/results")
parser.add_argument("--seed", type=int, default=0, help="another seed: other first weights, another order, other draws")
parser.add_argument("--data", help="where the photographs are: a folder, tar or zip; see datasets/cats_vs_dogs/README.md")
parser.add_argument("--download", action="store_true", help="download the photographs (825 MB) if they are not there yet")
parser.add_argument("--drawn", action="store_true", help="cats and dogs that the project draws, where there are no photographs")
parser.add_argument("--quick", action="store_true", help="few and small drawn cats and dogs: all in less than a minute")
parser.add_argument("--predict", nargs="+", metavar="PHOTO", help="only say what these pictures show, by the network of part 3")
parser.add_argument("--ablate", action="store_true", help="only train small versions of part 3, without this or that (95 min)")
parser.add_argument("--record", action="store_true", help="store runs and networks in lessons/results")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()
if options.quick and options.drawn:
    parser.error("--quick draws its own, fewer and smaller cats and dogs: leave --drawn out")
for name in "data", "download", "record":
    if getattr(options, name) and (options.quick or options.drawn):
        parser.error(f"--{name} is for photographs: it does not go with --quick and --drawn")
parts = options.parts or ([] if options.ablate else [1, 2, 3])

# %% Your own pictures
# `--predict photo.jpg` loads the network of part 3 that is stored in lessons/results, and says what it sees. The picture is
# squeezed to 192 x 192 pixels, like those that the network was tested with, and shown to it twice, as it is and mirrored. The
# network knows cats and dogs and nothing else: of a car it says which of the two it is.
def answers(network, batch, twice):
    """The probabilities (N,) that pictures (N, H, W, 3) show dogs; `twice`: the mean over them and their mirror images."""
    looks = [batch, batch[:, :, ::-1]] if twice else [batch]
    return np.mean([network.predict_on_batch(look)[:, 0] for look in looks], axis=0)


if options.predict:
    if not (RESULTS / "07_part3.keras").exists():
        raise SystemExit("no network has been stored yet: train it with --parts 3 --record, then ask again")
    network = keras.models.load_model(RESULTS / "07_part3.keras")
    for path in options.predict:
        try:
            picture = keras.utils.load_img(path, target_size=2 * SIZES[3][1:], interpolation="bilinear")
        except (OSError, ValueError) as error:
            print(error)
            continue
        dog = float(answers(network, keras.utils.img_to_array(picture)[None], twice=True)[0])
        print(f"{path}: a {CLASSES[dog > 0.5]}, {max(dog, 1 - dog):.0%} sure")
    raise SystemExit

# %% The photographs
# In 2007 Microsoft Research made a CAPTCHA, a test that tells people from programs, of three million photographs of cats and
# dogs that waited in shelters (Asirra; Petfinder.com provided them). Kaggle made a contest of 25,000 of them, and the textbook
# (Chollet, "Deep Learning with Python") an experiment of 5,000: what can be learned from few? There are 1,000 cats and 1,000
# dogs to learn from (999 cats in most copies: one file is damaged), 500 of each to make choices by, and 1,000 of each to test
# with what was chosen.
#
# Where there are no photographs, the project draws cats and dogs itself: `--drawn`. What is found on those says nothing about
# photographs.
if options.quick:
    kind, size, batch_size = "quick", 64, 16
    SIZES, EPOCHS = dict.fromkeys(SIZES, (64, 64)), {1: 6, 2: 10, 3: 10, "ablation": 2}
    root = cats_vs_dogs.drawn_folder(size, counts=(300, 100, 100), close_up=True)
else:
    kind, size, batch_size = "drawn" if options.drawn else "photographs", 180, 32
    try:
        root = cats_vs_dogs.drawn_folder() if options.drawn else cats_vs_dogs.folder(options.data, download=options.download)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{error}\nFor this lesson: --download, --data COPY, or for drawn ones --drawn or --quick") from None


def pictures(split, size=size):
    """Batches of pictures (N, size, size, 3), float32 from 0 to 255, and their labels (N, 1): 0 is a cat, 1 a dog."""
    return keras.utils.image_dataset_from_directory(root / split, label_mode="binary", batch_size=batch_size, verbose=False,
                                                    shuffle=split == "train", image_size=(size, size), seed=options.seed)


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
# most of them were classified correctly. (The textbook goes by the loss, which chooses earlier epochs: it counts how sure a
# network is, and rises when one gets too sure of its mistakes, even if it makes fewer of them.) Only the network that was kept
# sees the test pictures. Its validation accuracy is the best of many, and so a little too good. Its test accuracy is not, but
# with 2,000 photographs chance still moves it by a point.
#
# `BackupAndRestore` writes down after each epoch where the run stands: stop it whenever you like, by Ctrl-C or by the power
# switch, and start the lesson again; it goes on, to the very weights that it would have had. A run that is done is not done
# again. If you change this lesson, delete what its runs have left in lessons/output: they do not know of your change.
class Stopwatch(callbacks.Callback):
    """Adds the seconds that an epoch took, its validation included, to the logs."""

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs):
        logs["seconds"] = round(time.perf_counter() - self.start, 2)


def fit(name, model, epochs, sizes, *more):
    """Train a compiled model, or go on where that was stopped: {"loss": [...], "val_loss": [...], ...}, a number an epoch.

    `sizes` are those of the pictures that it is trained on and of those that it is validated on.
    """
    best = callbacks.ModelCheckpoint(OUTPUT / f"{name}.keras", monitor="val_accuracy", save_best_only=True)
    watchers = [Stopwatch(), *more, best, callbacks.BackupAndRestore(OUTPUT / name, delete_checkpoint=False)]
    log = model.fit(pictures("train", sizes[0]), epochs=epochs, validation_data=pictures("validation", sizes[1]),
                    callbacks=watchers, verbose=2 if options.quick else 1).history
    if len(log.get("loss", [])) < epochs:
        raise SystemExit(f"stopped after {len(log.get('loss', []))} of {epochs} epochs; start the lesson again, and it goes on")
    return log


def accuracy(network, batches, twice):
    """The share of the pictures that a network classifies correctly."""
    correct = [(answers(network, batch, twice) > 0.5) == labels.numpy()[:, 0] for batch, labels in batches]
    return float(np.mean(np.concatenate(correct)))


def train(part, model, *more, twice=False):
    """Train a part, and test the best network that it had. Returns what came of it, and that network."""
    name = f"07_part{part}_{kind}_seed{options.seed}"
    best, done = OUTPUT / f"{name}.keras", OUTPUT / f"{name}.json"
    if done.exists() and not options.quick:
        print(f"{TITLES[part]}: it was trained before; to train it anew, delete {done}")
    else:
        log = fit(name, model, EPOCHS[part], SIZES[part], *more)
        epoch = int(np.argmax(log["val_accuracy"]))
        store(name, {
            "part": part, "seed": options.seed, "pictures": kind, "sizes": SIZES[part], "twice": twice,
            "epochs": len(log["loss"]), "best_epoch": epoch + 1, "validation_accuracy": log["val_accuracy"][epoch],
            "test_accuracy": accuracy(keras.models.load_model(best), pictures("test", SIZES[part][1]), twice),
            "seconds": round(sum(log["seconds"])), "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "history": {key: [round(value, 5) for value in values] for key, values in log.items()}})
    result = json.loads(done.read_text())
    print(f"{TITLES[part]}: best in epoch {result['best_epoch']} of {result['epochs']}, validation accuracy "
          f"{result['validation_accuracy']:.4f}, test accuracy {result['test_accuracy']:.4f}")
    return result, keras.models.load_model(best)


# %% Records
# What came of a run is written to lessons/output, and with `--record` also to lessons/results, where all that this lesson says
# of its runs can be looked up.
def store(name, found):
    """Write what came of a run, and only then drop the backup that it would go on from."""
    write(OUTPUT / f"{name}.json", json.dumps(found))
    shutil.rmtree(OUTPUT / name)


def write(path, text):
    """Write a file so that it is whole or not there."""
    with replacing(path) as temporary:
        temporary.write_text(text)


def recorded(name):
    """The runs that are stored under a name in lessons/results."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text())["runs"] if path.exists() else []


def record(name, runs, *keys):
    """Store runs in lessons/results; one that agrees in all keys with a stored one takes its place."""
    latest = {tuple(run[key] for key in keys): run for run in [*recorded(name), *runs]}
    write(RESULTS / f"{name}.json", '{"runs": [\n' + ",\n".join(map(json.dumps, latest.values())) + "\n]}\n")


results, networks = {}, {}                                           # of each part

# %% Part 1: training
# The first loss is near ln 2: two classes, and no knowledge. Then the training loss goes down and down, until 99 of 100
# training photographs are classified correctly. The validation loss turns up after 6 to 11 epochs, and ends more than twice as
# high; the validation accuracy gets to about 0.75 and stays there. The network learns its photographs by heart, one says that
# it overfits: what it learns last is of no use for others, and it gets surer and surer of its mistakes.
if 1 in parts:
    keras.utils.set_random_seed(options.seed)
    model = textbook()
    model.summary()
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    results[1], networks[1] = train(1, model)

# %% Part 2: never the same picture twice
# A cat that is mirrored, tilted, or seen from nearer is still a cat. So each time a picture comes along, three layers draw
# at random what becomes of it, and the network never sees it again as it was. They are active in training only: validation
# and test pictures pass them unchanged. Dropout, near the end, sets a random half of the numbers to 0, another in each step.
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
# What the textbook's network lacks. "What paid", below, takes each of these away again.
#
#   residual blocks        x + f(x): a block learns only what is to be changed, and gradients get past it unhindered
#   batch normalization    keeps the numbers at a good size through many layers, so that steps may be large
#   global pooling         the mean of each channel, in place of 12,544 numbers with a place each: a cat is a cat anywhere.
#                          And pictures may have any size, see below
#   a schedule             large steps at first, then smaller and smaller ones, along a cosine
#   averaged weights       the mean over the last steps, which jumps about less than any one of them
#   soft labels            0.05 and 0.95 in place of 0 and 1: nothing is gained by being surer than that
#   stronger augmentation  also shifted, stretched, nearer, lighter and darker, with holes: then a long training pays
#
# It is trained on pictures of 160 x 160 pixels, but validated and tested on larger ones, 192 x 192: augmentation has enlarged
# most of what it learned from, and cats and dogs that are not augmented look as large at 192 x 192 (Touvron et al. 2019,
# "Fixing the train-test resolution discrepancy"). And in the test it is asked twice, about a picture and about its mirror image
# (test-time augmentation). Both were chosen by the validation photographs: of these, the network that came of it classifies
# 0.924 correctly at 160 x 160 and 0.937 at 192 x 192; asked twice, 0.935 and 0.939.
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
        shortcut = x if x.shape[-1] == filters else convolution(x, filters, 1, activation=None, normalize=normalize)
        y = layers.Add()([shortcut, y])
    return layers.Activation("relu")(y)


def strong():
    """Also shifted, stretched (height and width each by a factor of its own), lighter, darker, paler, and with holes."""
    return keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.08), layers.RandomTranslation(0.1, 0.1),
                             layers.RandomZoom((-0.35, 0.05), (-0.35, 0.05)), layers.RandomContrast(0.3),
                             layers.RandomBrightness(0.2), layers.RandomErasing(0.3)])


def better(size, width, depths, augmentation, pooling=layers.GlobalAveragePooling2D, normalize=True, residual=True):
    """A residual network for pictures of size x size pixels, or of any size if that is None.

    It has a stage for each number in `depths`, of so many blocks; from stage to stage there are half as many rows and columns,
    and twice as many channels, `width` of them at first.
    """
    inputs = keras.Input(shape=(size, size, 3))
    x = augmentation(inputs) if augmentation else inputs
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = convolution(x, width, strides=2, normalize=normalize)
    for stage, depth in enumerate(depths):
        x = layers.MaxPooling2D(pool_size=2)(x)
        for _ in range(depth):
            x = block(x, width * 2 ** stage, normalize, residual)
    x = layers.Dropout(0.2)(pooling()(x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def compiled(model, epochs, schedule=True, smoothing=0.1, average=True):
    """The network with loss and optimizer, for so many epochs."""
    steps = len(pictures("train"))
    cosine = optimizers.schedules.CosineDecay(0.0, decay_steps=(epochs - 1) * steps, warmup_target=0.002, warmup_steps=steps)
    averaging = {"use_ema": True, "ema_momentum": 0.5 ** (60 / (epochs * steps))}    # half is forgotten in a 60th of the way
    optimizer = optimizers.AdamW(cosine if schedule else 0.001, weight_decay=0.02, **averaging if average else {})
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, keras.losses.BinaryCrossentropy(label_smoothing=smoothing), metrics=["accuracy"])
    return model


def averages(model):
    """The callback that has averaged weights, where there are any, validated and kept in place of the latest ones."""
    return [callbacks.SwapEMAWeights(swap_on_epoch=True)] if model.optimizer.use_ema else []


show(strong(), "07_augmented_strongly.png")

if 3 in parts:
    keras.utils.set_random_seed(options.seed)
    model = better(None, 16, [1, 1, 1, 1], light()) if options.quick else better(None, 32, [2, 2, 2, 1], strong())
    model = compiled(model, EPOCHS[3])
    model.summary()
    results[3], networks[3] = train(3, model, *averages(model), twice=True)

# %% What paid
# `--ablate` trains part 3 again and again, each time without one of the things on the list above; fewer blocks, smaller
# pictures (96 x 96) and fewer epochs have to do. What counts is the mean accuracy on the validation photographs over the last
# ten epochs; another seed changes it, too, so small differences say nothing. Without a schedule, the rate is always 0.001. On
# the photographs, 60 epochs each and 94 minutes in all, it came to this (results/07_ablation.json):
#
#   without                  in training    in validation
#   nothing                  0.880          0.837
#   any augmentation         1.000          0.764
#   batch normalization      0.843          0.790
#   global pooling           0.861          0.818
#   a schedule               0.851          0.826
#   stronger augmentation    0.979          0.829
#   averaged weights         0.880          0.836
#   residual blocks          0.861          0.837
#   soft labels              0.880          0.840
#
# Augmentation pays most, then normalization, then pooling and the schedule. Stronger augmentation pays a little after 60
# epochs; but without it 98 of 100 training photographs are known by then, and there is little left to learn in 240 more.
# Averages, where a schedule ends in tiny steps, and soft labels pay nothing here that could be told from luck; nor do shortcuts
# in a network of nine convolutions: they are for deep ones.
WITHOUT = {"nothing": {}, "residual blocks": {"residual": False}, "batch normalization": {"normalize": False},
           "global pooling": {"pooling": layers.Flatten}, "a schedule": {"schedule": False},
           "averaged weights": {"average": False}, "soft labels": {"smoothing": 0.0},
           "stronger augmentation": {"augmentation": light}, "any augmentation": {"augmentation": lambda: None}}


def small(augmentation=strong, schedule=True, smoothing=0.1, average=True, **style):
    """The network of part 3 with smaller pictures and fewer blocks, compiled."""
    return compiled(better(96, 32, [1, 1, 1, 1], augmentation(), **style), EPOCHS["ablation"], schedule, smoothing, average)


if options.ablate:
    rows = []
    for without, change in WITHOUT.items():
        name = f"07_without_{without}_{kind}_seed{options.seed}".replace(" ", "_")
        done = OUTPUT / f"{name}.json"
        if options.quick or not done.exists():
            keras.utils.set_random_seed(options.seed)
            model = small(**change)
            store(name, fit(name, model, EPOCHS["ablation"], (96, 96), *averages(model)))
        log = json.loads(done.read_text())
        mean = {key: round(float(np.mean(log[key][-10:])), 4) for key in ("accuracy", "val_accuracy")}
        rows.append({"without": without, "seed": options.seed, "epochs": len(log["loss"]), **mean,
                     "seconds": round(sum(log["seconds"]))})
    if options.record:
        record("07_ablation", rows, "without", "seed")
else:
    rows = recorded("07_ablation") if kind == "photographs" else []
for row in rows:
    what = "with everything" if row["without"] == "nothing" else f"without {row['without']}"
    print(f"part 3, small, {what}, seed {row['seed']}: accuracy in training {row['accuracy']:.3f}, "
          f"in validation {row['val_accuracy']:.3f}")
if not parts:
    raise SystemExit

# %% All runs in one picture
# Where a training line goes on and its validation line does not follow, a network learns its pictures by heart: in part 1 after
# some 6 epochs, in part 2 after 50, in part 3 after 100. Even part 3 knows 99 of 100 training photographs in the end, augmented
# as they are; but that does no harm: its validation loss stays where it is. (That part 3 seems to learn nothing at first is due
# to the averages: they are what is validated. While weights change quickly, averages mix very different ones, and batch
# normalization brings statistics of the latest weights, which do not suit them.)
stored = {run["part"]: run for run in recorded("07_cats_vs_dogs") if run["seed"] == 0}
shown = {**stored, **results} if kind == "photographs" else results
histories = {TITLES[part]: shown[part]["history"] for part in sorted(shown)}
figure = viz.curves(histories, leave_out=["seconds"], log_epochs=True)
figure.axes[0].set_ylim(0, 1.2)                                      # part 1 gets worse than fits into the picture
viz.save(figure, OUTPUT / "07_curves.png")

# %% What it confuses
# The mistakes that the last of these networks was most sure of. People would hardly make any of them.
part = max(networks)
test = pictures("test", SIZES[part][1])
labels = np.concatenate([labels.numpy()[:, 0] for _, labels in test])
dogs = np.concatenate([answers(networks[part], batch, results[part]["twice"]) for batch, _ in test])
viz.save(viz.confusion(labels, dogs > 0.5, CLASSES), OUTPUT / "07_confusion.png")
mistakes = np.flatnonzero((dogs > 0.5) != labels)
worst = mistakes[np.argsort(-np.abs(dogs - labels)[mistakes])][:16]
titles = [f"{max(dogs[i], 1 - dogs[i]):.0%} {CLASSES[int(dogs[i] > 0.5)]}" for i in worst]
if len(worst):
    images = np.stack([keras.utils.load_img(test.file_paths[i], target_size=(size, size)) for i in worst])
    viz.save(viz.images(images, titles, title="Where it was surest, and wrong"), OUTPUT / "07_worst_mistakes.png")
print(f"figures are in {OUTPUT}")

# %% Expected
# On photographs, what the first lines of this lesson say. On the drawn cats and dogs, the first network does well at once: they
# have been drawn by the same pen, and more of the same is all it takes to know them. In quick mode there are few of them, and
# augmentation has no time to pay.
#
# What is as expected, `--record` stores. Networks (of seed 0) are stored without what the optimizer remembers, and in half
# floats: that changes none of the test accuracies.
least = {1: 0.69, 2: 0.81, 3: 0.88} if kind == "photographs" else {1: 0.75, 2: 0.7, 3: 0.75}
for part, result in results.items():
    found = result["test_accuracy"]
    assert found >= least[part], f"{TITLES[part]} should reach {least[part]}, it got {found:.4f}"
if 1 in results and kind == "photographs":
    log = results[1]["history"]
    assert log["accuracy"][-1] > 0.95 and log["val_loss"][-1] > 1.5 * min(log["val_loss"]), "part 1 should learn by heart"
print("test accuracy", ", ".join(f"{result['test_accuracy']:.4f}" for result in results.values()), "as expected")
if options.record:
    record("07_cats_vs_dogs", results.values(), "part", "seed")
    for part, network in networks.items() if options.seed == 0 else ():
        network.save(RESULTS / f"07_part{part}.keras", include_optimizer=False, weights_dtype="float16")
