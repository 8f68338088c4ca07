"""Real data sets. Each has a `load_data`; where the data come from, and on which terms, stands in `datasets/<name>/README.md`."""
from . import mnist
