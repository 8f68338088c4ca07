"""The tasks in Keras on the TensorFlow backend."""
import os

os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras_words import loss_of, model_of, optimizer_of  # noqa: E402


def _depthwise(size, strides, padding, use_bias):
    """TensorFlow has no gradient of a Conv2D with groups on the CPU; this is the layer that it has for it."""
    return keras.layers.DepthwiseConv2D(size, strides, padding, use_bias=use_bias)


class Library:
    """Tasks as functions of TensorFlow's tensors, made before the clock starts."""

    def __init__(self, threads):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)

    def images(self, x):
        return tf.constant(x)

    def labels(self, y):
        return tf.constant(y)

    def numpy(self, x):
        return np.asarray(x)

    def training_step(self, network, weights, optimizer):
        model = model_of(keras, network, weights)
        model.compile(optimizer_of(keras, optimizer, network), loss_of(network))
        return lambda x, y: float(model.train_on_batch(x, y))

    def inference(self, network, weights):
        return model_of(keras, network, weights, _depthwise).predict_on_batch

    def block(self, network, weights):
        model = model_of(keras, network, weights, _depthwise)
        trained = [weight.value for weight in model.trainable_weights]

        @tf.function
        def step(x, dy):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = model(x, training=True)
            return y, *tape.gradient(y, [x, *trained], output_gradients=dy)
        return step
