"""How weights begin, with the names, arguments and distributions of Keras."""
from .base import GlorotUniform, Initializer, Ones, VarianceScaling, Zeros, get
from .named import GlorotNormal, HeNormal, HeUniform
