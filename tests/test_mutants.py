"""Five of the planted bugs of mutants.py, in each ordinary run; and all of them still fit the text of the package."""
import pytest
from mutants import HOME, MUTANTS, survives

FIVE = ("mean: missing 1/N", "same padding on the wrong side", "gradient overwritten, not added", "float64 leaks",
        "moving variance unbiased")


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.name in FIVE], ids=lambda m: m.name)
def test_planted_bugs_are_found(mutant):
    assert not survives(mutant)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_mutants_fit_the_package(mutant):
    assert (HOME / "tinyvision" / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1


def test_there_are_enough():
    assert len(MUTANTS) >= 40 and len({m.name for m in MUTANTS}) == len(MUTANTS)
