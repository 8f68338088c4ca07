"""Optimizers, with the names, arguments, defaults and numbers of Keras."""
from . import schedules
from .adagrad import Adadelta, Adagrad
from .adam import Adam, Adamax, AdamW, Nadam
from .base import Optimizer, get
from .lamb import Lamb
from .lion import Lion
from .options import Options as _Options
from .rmsprop import RMSprop
from .sgd import SGD
from .shortcuts import all_at_once as _all_at_once
