"""Optimizers, with the names, arguments, defaults and numbers of Keras."""
from .adam import Adam
from .base import Optimizer, get
from .rmsprop import RMSprop
from .sgd import SGD
from .shortcuts import all_at_once as _all_at_once
