"""Prepares the photographs of cats vs dogs: the textbook's split, at one size, in folders.

    python prepare.py                       looks for a copy where data lie
    python prepare.py train.zip             from Kaggle's archive; or the original, another zip or tar, or a folder
    python prepare.py --download            downloads the original, 825 MB
    python prepare.py --drawn               no photographs: draws 5,000 cats and dogs

README.md beside this script tells what is in the set and on which terms.
"""
import argparse
import sys

from tinyvision.datasets import cats_vs_dogs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", help="a zip, a tar or a folder with the photographs")
    parser.add_argument("--size", type=int, default=180, help="height and width in pixels (180)")
    parser.add_argument("--output", help="the folder to make; by default a place where the other functions find it")
    parser.add_argument("--download", action="store_true", help="download the original, 825 MB, if there is no copy")
    parser.add_argument("--drawn", action="store_true", help="draw cats and dogs in the stead of photographs")
    options = parser.parse_args()
    if options.drawn and (options.source or options.download):
        parser.error("--drawn takes no photographs: neither a SOURCE nor --download")
    try:
        if options.drawn and options.output:
            cats_vs_dogs.draw(options.output, options.size)
        elif options.drawn:
            print(cats_vs_dogs.drawn_folder(options.size))
        elif options.output and options.source:
            cats_vs_dogs.prepare(options.source, options.output, options.size)
        elif options.output:
            parser.error("--output needs the SOURCE to prepare from")
        else:
            print(cats_vs_dogs.folder(options.source, options.size, options.download))
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
