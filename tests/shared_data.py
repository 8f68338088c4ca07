"""Real data for tests, where they are: in the folder that TINYVISION_DATA names, or in `shared/data` beside the checkout."""
import os
from pathlib import Path

import pytest


def shared(name: str) -> Path:
    """The path of a file of shared data; skips the test where it is missing."""
    places = [os.environ.get("TINYVISION_DATA"), Path(__file__).resolve().parents[2] / "shared" / "data"]
    for place in places:
        if place and (path := Path(place).expanduser() / name).exists():
            return path
    pytest.skip(f"needs {name}, which lies neither where TINYVISION_DATA says nor in shared/data beside the checkout")
