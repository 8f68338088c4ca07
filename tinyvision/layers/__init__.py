"""Layers, with the names, arguments, defaults and numbers of Keras."""
from .activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .average_pool import AveragePooling2D, AvgPool2D, GlobalAveragePooling2D
from .base import Layer
from .conv import Conv2D
from .core import Dense, Flatten, Input, InputLayer
from .embedding import Embedding
from .functions import Identity, Lambda
from .fused import fused as _fused
from .margins import Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D
from .merge import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .norm import BatchNormalization
from .numerical import Normalization
from .pool import MaxPool2D, MaxPooling2D
from .preprocessing import Rescaling, Resizing
from .recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, SimpleRNN, SimpleRNNCell
from .regularization import AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D
from .reshaping import Permute, RepeatVector, Reshape
from .sample_norm import GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization
from .upsampling import UpSampling1D, UpSampling2D
