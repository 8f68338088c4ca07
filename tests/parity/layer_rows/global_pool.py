"""Global pooling."""
from . import IMAGES, SEQUENCES

ROWS = {
    f"Global{kind}Pooling{axes}D{' keepdims' * keepdims}": (f"Global{kind}Pooling{axes}D", dict(keepdims=True) if keepdims else {}, shape, None)
    for kind in ("Average", "Max") for axes, shape in ((1, SEQUENCES), (2, IMAGES)) for keepdims in (False, True)
}
