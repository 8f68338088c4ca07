"""Keras's names for what lives elsewhere."""
from ..config import set_random_seed
from ..data.image_folders import image_dataset_from_directory
from ..data.images import array_to_img, img_to_array, load_img, save_img
from ..layers.base import clear_session
from ..nearest import of_utils as __getattr__
