"""Array functions that deserve several versions: a folder each, the readable reference first."""
from . import conv, crossentropy, elementwise, matmul, norm, pool, random, resampling, warping
from .choice import get_precision, set_precision, use
from .cores import get_num_threads, set_num_threads
from .memory import release
from .planner import Cost, explain
