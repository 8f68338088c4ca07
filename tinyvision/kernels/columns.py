"""How columns.cuh shares out the sums down the columns of a matrix among the multiprocessors of a GPU."""
from . import cuda

WIDTH, BLOCK = 32, (256,)                                  # columns of a block, and its threads, as columns.cuh has them
ENOUGH = 4                                                 # blocks for a multiprocessor: they wait for memory, and little else
FEWEST = 64                                                # rows that are worth a slice of their own


def shared_out(rows, columns, sums=1) -> tuple[tuple, int]:
    """The grid, its second axis being slices of the rows, and how long a slice is.

    Args:
        sums: how many such sums there are for each column; they are the grid's third axis if there is more than one.
    """
    across = -(-columns // WIDTH)
    slices = max(min(ENOUGH * cuda.multiprocessors() // (across * sums), rows // FEWEST), 1)
    length = max(-(-rows // slices), 1)
    return (across, max(-(-rows // length), 1), sums), length


def total(partial):
    """The sum of what the slices (slices, ...) gave."""
    return partial[0] if len(partial) == 1 else partial.sum(axis=0)
