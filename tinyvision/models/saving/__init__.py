"""Models as files: `.keras` and `.weights.h5`, in the layout of Keras 3; older `.h5` weights; safetensors; files of PyTorch."""
from .state_dicts import load_state_dict, save_state_dict, state_dict
from .weights import load_weights, save_weights
from .whole import load_model
