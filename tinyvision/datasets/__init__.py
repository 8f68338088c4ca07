"""Real data sets, each with a `load_data`. Where they come from and on which terms: `datasets/<name>/README.md`."""
from . import cats_vs_dogs, mnist
