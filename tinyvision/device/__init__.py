"""Where arrays live: NumPy's memory or a GPU's, the way from one to another, and what this machine has."""
from .arrays import array_library, device_of, get_device, is_array, on_one_device, out_of_memory, placed, set_device, to_device
from .gpu import Finding, find, report
