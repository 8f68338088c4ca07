"""A network in Keras's words, which tinyvision speaks too."""
from networks import AddKept, Beside, Conv, Dense, Dropout, Flatten, GlobalMean, Keep, Normalize, Pool, Relu, Rescale


def model_of(keras, network, weights, depthwise=None):
    """A functional model.

    Args:
        keras: keras or tinyvision.
        weights: as from `initial_weights`.
        depthwise: (size, strides, padding, use_bias) -> a layer, for a library that cannot do a Conv2D with groups.
    """
    inputs = x = kept = keras.Input(network.image)
    for layer in network.layers:
        match layer:
            case Keep():
                kept = x
            case AddKept():
                x = keras.layers.Add()([x, kept])
            case Beside(convs=convs):
                x = keras.layers.Concatenate()([_layer(keras.layers, conv, depthwise)(x) for conv in convs])
            case _:
                x = _layer(keras.layers, layer, depthwise)(x)
    x = keras.layers.Softmax()(x) if isinstance(network.layers[-1], GlobalMean) else x
    model = keras.Model(inputs, x)
    flat = [w for one in weights for w in one]
    # A depthwise kernel is (KH, KW, 1, C) as a Conv2D with groups, (KH, KW, C, 1) as a DepthwiseConv2D.
    model.set_weights([w.reshape(own.shape) for w, own in zip(flat, model.weights, strict=True)])
    return model


def _layer(layers, layer, depthwise):
    match layer:
        case Conv():
            padding = "same" if layer.same else "valid"
            if layer.groups > 1 and depthwise:
                return depthwise(layer.size, layer.strides, padding, layer.bias)
            return layers.Conv2D(layer.filters, layer.size, layer.strides, padding, use_bias=layer.bias, groups=layer.groups,
                                 activation="relu" if layer.relu else None)
        case Normalize():
            return layers.BatchNormalization(epsilon=layer.epsilon)
        case Relu():
            return layers.ReLU(max_value=layer.largest)
        case Pool():
            return layers.MaxPooling2D(layer.size, layer.strides)
        case GlobalMean():
            return layers.GlobalAveragePooling2D()
        case Rescale():
            return layers.Rescaling(layer.factor)
        case Flatten():
            return layers.Flatten()
        case Dropout():
            return layers.Dropout(layer.rate)
        case Dense():
            return layers.Dense(layer.units, activation="softmax" if layer.units > 1 else "sigmoid")


def loss_of(network):
    """The name of the loss that goes with the last layer."""
    return "binary_crossentropy" if network.classes == 2 else "sparse_categorical_crossentropy"


def optimizer_of(keras, name, network):
    """ "rmsprop" with Keras's defaults, or "sgd" for the steps that compare libraries."""
    return keras.optimizers.RMSprop(1e-3) if name == "rmsprop" else keras.optimizers.SGD(network.check_rate)
