"""Layers, with the names, arguments, defaults and numbers of Keras."""
from ..nearest import of_layers as __getattr__
from .activation import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .attention import MultiHeadAttention
from .average_pool import AveragePooling2D, AvgPool2D
from .base import Layer
from .conv import Conv2D
from .conv1d import Conv1D, Convolution1D
from .conv_transpose import Conv1DTranspose, Conv2DTranspose, Convolution1DTranspose, Convolution2DTranspose
from .convolution import Convolution2D
from .core import Dense, Flatten, Input, InputLayer
from .depthwise import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from .einsum_dense import EinsumDense
from .embedding import Embedding
from .functions import Identity, Lambda
from .fused import fused as _fused
from .global_pool import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
)
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
from .mixing import CutMix, MixUp, RandomErasing
from .norm import BatchNormalization
from .numerical import Normalization
from .penalties import add_loss as _add_loss
from .pool import MaxPool2D, MaxPooling2D
from .pool1d import AveragePooling1D, AvgPool1D, MaxPool1D, MaxPooling1D
from .preprocessing import CenterCrop, Rescaling, Resizing
from .random_color import RandomBrightness, RandomContrast
from .random_geometry import RandomCrop, RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from .recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, SimpleRNN, SimpleRNNCell
from .regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
)
from .reshaping import Permute, RepeatVector, Reshape
from .sample_norm import GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization
from .upsampling import UpSampling1D, UpSampling2D
from .wrappers import Bidirectional, TimeDistributed
