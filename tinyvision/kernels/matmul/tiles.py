"""How a matrix product is shared out among the multiprocessors of a GPU: the tile of a block, and slices of the depth."""
from typing import NamedTuple

from .. import cuda

TILES = (128, 64), (64, 64), (64, 32), (32, 32)            # rows and columns; a block has a thread for each 32 elements
NARROWEST = min(columns for _, columns in TILES)
SHORTEST = 128                                             # places along the depth that are worth a slice of their own


class Tiling(NamedTuple):
    """The tile of a block, and the slices into which the depth is cut.

    Attributes:
        grid: the tiles in the rows, and in the columns.
        block: the threads of a block.
        slice: how long a slice of the depth is; slices: how many there are.
    """

    rows: int
    columns: int
    grid: tuple
    block: tuple
    slice: int
    slices: int

    @property
    def constants(self):
        return {"TILE_I": self.rows, "TILE_J": self.columns}


def tiling(rows, columns, depth, batch=1, sliceable=True) -> Tiling:
    """The largest tile that still gives every multiprocessor blocks enough, if need be by cutting the depth into slices.

    Args:
        rows, columns, depth: of the product: (rows, depth) @ (depth, columns).
        batch: how many such products there are.
        sliceable: whether sums over slices of the depth may be added later.
    """
    enough = cuda.ENOUGH * cuda.multiprocessors()
    for tile in TILES:
        grid = -(-rows // tile[0]), -(-columns // tile[1])
        blocks, most = max(grid[0] * grid[1] * batch, 1), max(depth // SHORTEST, 1) if sliceable else 1
        if blocks * most >= enough:
            break
    slices = min(-(-enough // blocks), most)
    length = -(-depth // slices)
    return Tiling(*tile, grid, (tile[0] * tile[1] // 32,), length, -(-depth // max(length, 1)))


def files(precision, *names) -> tuple:
    """The source files of a kernel that multiplies tiles, in "float32" or "tf32"."""
    return f"matmul/{precision}.cuh", "matmul/tiles.cuh", *names
