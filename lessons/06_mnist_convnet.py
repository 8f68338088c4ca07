"""Lesson 06: A convnet that reads handwriting.

You build the textbook's convolutional network, follow one digit through it, train it on the 60,000 digits of MNIST, and look at
what it learned and at what it still gets wrong.
Needs: 05.   Time: 2 minutes on 2 cores.   Expected: test accuracy >= 0.988
(0.989 to 0.992 over seeds 0 to 4, see 06_mnist_convnet.json).
"""
# %% Setup
import argparse
import math
from pathlib import Path

import numpy as np

import tinyvision as keras
from tinyvision import layers, viz
from tinyvision.datasets import mnist

OUTPUT = Path(__file__).parent / "output"
EPOCHS, BATCH_SIZE = 5, 64

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="a tenth of the data, two epochs: a few seconds")
parser.add_argument("--seed", type=int, default=0, help="another seed: other first weights, another order of the digits")
parser.add_argument("-f", "--f", help=argparse.SUPPRESS)             # notebooks pass it
options = parser.parse_args()

keras.utils.set_random_seed(options.seed)

# %% The data
# 60,000 handwritten digits to learn from, and 10,000 by other writers to be tested with. A digit is 28 x 28 bytes: 0 is
# paper, 255 is ink. Two things are done to them. They are divided by 255, because a network starts with weights that suit
# inputs of about the size of 1. And they get a fourth axis: images are always (N, H, W, C), number, height, width and
# channels, and grey has one channel.
(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
if options.quick:
    train_images, train_labels = train_images[:6000], train_labels[:6000]
    test_images, test_labels = test_images[:2000], test_labels[:2000]
train_images = train_images[..., None].astype("float32") / 255
test_images = test_images[..., None].astype("float32") / 255
print("training images", train_images.shape, "labels", train_labels.shape, "first labels", train_labels[:10])

# %% The network
# Three times the same idea: a convolution asks the same question at every place ("is there an edge that rises to the
# right?"), and pooling keeps the strongest answer of each 2 x 2 neighbourhood. So the image gets smaller, and what each pixel
# stands for larger:
#
#                     one sample        why this shape
#   input             28 x 28 x  1
#   conv 32, 3 x 3    26 x 26 x 32      a 3 x 3 window has 26 places on 28 pixels; 32 questions are asked at each
#   max-pool          13 x 13 x 32      half the size; a digit that moves by a pixel still looks much the same
#   conv 64, 3 x 3    11 x 11 x 64      each question now combines 32 answers, and sees 8 x 8 pixels of the image
#   max-pool           5 x  5 x 64      11 is odd: the last row and column are dropped
#   conv 128, 3 x 3    3 x  3 x 128     sees 18 x 18 pixels: most of a digit
#   flatten            1152             no places any more, just 3 * 3 * 128 numbers
#   dense 10, softmax  10               one score for each digit, turned into probabilities
#
# ReLU, max(x, 0), stands behind each convolution: without it three convolutions in a row would be no more than one.
inputs = keras.Input(shape=(28, 28, 1))
x = layers.Conv2D(filters=32, kernel_size=3, activation="relu", name="conv_1")(inputs)
x = layers.MaxPooling2D(pool_size=2, name="pool_1")(x)
x = layers.Conv2D(filters=64, kernel_size=3, activation="relu", name="conv_2")(x)
x = layers.MaxPooling2D(pool_size=2, name="pool_2")(x)
x = layers.Conv2D(filters=128, kernel_size=3, activation="relu", name="conv_3")(x)
x = layers.Flatten(name="flatten")(x)
outputs = layers.Dense(10, activation="softmax", name="probabilities")(x)
model = keras.Model(inputs=inputs, outputs=outputs)
model.summary()

# Count by hand: a 3 x 3 convolution has 9 weights for each pair of an input and an output channel, and a bias for each
# output.
by_hand = (9 * 1 + 1) * 32 + (9 * 32 + 1) * 64 + (9 * 64 + 1) * 128 + (3 * 3 * 128 + 1) * 10
assert model.count_params() == by_hand == 104_202

# %% One pixel by hand
# What `conv_1` and `pool_1` do to the first digit, in plain NumPy: for each place, multiply the 3 x 3 window with the filter,
# add up, add the bias, cut off below 0; then keep the largest of each 2 x 2.
kernel, bias = model.get_layer("conv_1").get_weights()               # (3, 3, 1, 32) and (32,)
digit = train_images[0]                                              # (28, 28, 1)
answers = np.zeros((26, 26, 32), "float32")
for i in range(26):
    for j in range(26):
        window = digit[i:i + 3, j:j + 3]                             # (3, 3, 1)
        answers[i, j] = np.maximum(np.tensordot(window, kernel, axes=3) + bias, 0)
pooled = answers.reshape(13, 2, 13, 2, 32).max(axis=(1, 3))          # (13, 13, 32)

after_pool_1 = keras.Model(inputs, model.get_layer("pool_1").output)
np.testing.assert_allclose(after_pool_1.predict(digit[None])[0], pooled, rtol=1e-4, atol=1e-5)
print("convolution and pooling by hand agree with the layers")

# %% Before training
# Ten classes and no knowledge: each gets a probability of about 1/10, and the loss, -log(probability of the right class), is
# about ln 10. A first loss far from that is the earliest sign that something is wrong.
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
first_loss, first_accuracy = model.evaluate(test_images[:2000], test_labels[:2000], verbose=0)
print(f"before training: loss {first_loss:.3f}, ln 10 is {math.log(10):.3f}; accuracy {first_accuracy:.3f}")
assert abs(first_loss - math.log(10)) < 0.3

# %% Training
# In each step the network sees 64 digits, the loss says how surprised it was by their labels, backward says how each of the
# 104,202 weights would change that, and RMSprop moves each a little. The test digits are only watched: nothing is learned or
# chosen from them.
history = model.fit(train_images, train_labels, epochs=2 if options.quick else EPOCHS, batch_size=BATCH_SIZE,
                    validation_data=(test_images, test_labels), validation_batch_size=500)
loss, accuracy = model.evaluate(test_images, test_labels, batch_size=500, verbose=0)
errors = round((1 - accuracy) * len(test_labels))
print(f"test loss {loss:.4f}, test accuracy {accuracy:.4f}: {errors} of {len(test_labels)} wrong")

# %% Learning curves
# Where the training curve goes on falling and the other turns up, a network has begun to learn its examples by heart.
viz.save(viz.curves(history), OUTPUT / "06_curves.png")

# %% What the first layer asks
# 32 filters of 3 x 3. Orange adds, purple subtracts: a filter that is orange on one side and purple on the other answers to
# an edge.
kernel, bias = model.get_layer("conv_1").get_weights()
viz.save(viz.filters(kernel), OUTPUT / "06_filters.png")

# %% What it confuses
# Rows are what was written, columns what was read. Colour marks mistakes: 7 and 1, 4 and 9, 3 and 5 share strokes.
probabilities = model.predict(test_images, batch_size=500)
predicted = probabilities.argmax(axis=1)
viz.save(viz.confusion(test_labels, predicted), OUTPUT / "06_confusion.png")

# %% One digit on its way
# The answers of the three convolutions to the digit that was read right with the least certainty, the strongest sixteen of
# each. The first still look like the digit; the last are 3 x 3 places that say "here, something of kind k". All answers of the
# first convolution follow in a picture of their own.
certainty = np.where(predicted == test_labels, probabilities.max(axis=1), 1)
hardest = certainty.argmin()
names = "conv_1", "conv_2", "conv_3"
look_inside = keras.Model(inputs, [model.get_layer(name).output for name in names])
maps = [channels[0] for channels in look_inside.predict(test_images[hardest][None])]
figure = viz.journey(test_images[hardest], dict(zip(names, maps)), probabilities[hardest])
viz.save(figure, OUTPUT / "06_one_digit.png")
viz.save(viz.feature_maps(maps[0], columns=8, title="conv_1: 32 answers to one digit"), OUTPUT / "06_feature_maps.png")

# %% The worst mistakes
# The wrong answers that it was most sure of. Would you have read all of them?
wrong = np.flatnonzero(predicted != test_labels)
worst = wrong[np.argsort(-probabilities[wrong, predicted[wrong]])][:16]
titles = [f"{test_labels[i]} read as {predicted[i]}\n{probabilities[i, predicted[i]]:.0%} sure" for i in worst]
viz.save(viz.images(test_images[worst], titles, columns=8), OUTPUT / "06_worst_mistakes.png")
print(f"figures are in {OUTPUT}")

# %% Expected
# 0.988 or more after five epochs. In quick mode, with two epochs on a tenth of the data: 0.90.
expected = 0.90 if options.quick else 0.988
assert accuracy >= expected, f"the network should reach {expected}, it got {accuracy:.4f}"
print(f"accuracy {accuracy:.4f} >= {expected}: as expected")
