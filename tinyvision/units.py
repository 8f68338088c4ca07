"""Quantities as people write them."""

UNITS = "bytes", "KiB", "MiB", "GiB", "TiB"


def readable_bytes(size: int) -> str:
    """A number of bytes: in the largest unit of which it is one at least.

    >>> readable_bytes(1000), readable_bytes(1_572_864)
    ('1000 bytes', '1.5 MiB')
    """
    power = min(max(int(size).bit_length() - 1, 0) // 10, len(UNITS) - 1)
    return f"{size / 1024 ** power:.1f}".removesuffix(".0") + f" {UNITS[power]}"
