"""Progress bars, all of one kind."""
import sys


def progress_bar(total, description: str, **options):
    """A bar of tqdm on the error stream. In a file, where each update stays, it is drawn anew every ten seconds.

    Args:
        total: how many there are to do; None where that is not known.
        options: others of tqdm's.
    """
    from tqdm import tqdm
    return tqdm(total=total, desc=description, mininterval=0.1 if sys.stderr.isatty() else 10, dynamic_ncols=True, **options)
