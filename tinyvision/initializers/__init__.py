"""How weights begin, with the names, arguments and distributions of Keras."""
from ..serialization import deserialize, serialize
from .base import (
    GlorotUniform,
    GlorotUniform as glorot_uniform,
    Initializer,
    Ones,
    Ones as ones,
    Zeros,
    Zeros as zeros,
    get,
)
from .constant import Constant, Constant as constant, Identity, Identity as identity
from .distributions import (
    Orthogonal,
    Orthogonal as orthogonal,
    RandomNormal,
    RandomNormal as random_normal,
    RandomUniform,
    RandomUniform as random_uniform,
    TruncatedNormal,
    TruncatedNormal as truncated_normal,
)
from .named import (
    GlorotNormal,
    GlorotNormal as glorot_normal,
    HeNormal,
    HeNormal as he_normal,
    HeUniform,
    HeUniform as he_uniform,
    LecunNormal,
    LecunNormal as lecun_normal,
    LecunUniform,
    LecunUniform as lecun_uniform,
    VarianceScaling,
    VarianceScaling as variance_scaling,
)
