"""How fast images come from a folder, beside how fast the training of the cats-vs-dogs convnet takes them.

    python benchmarks/pipeline.py                          # on two threads; --threads N for another number
    python benchmarks/pipeline.py --quick                  # a tenth of the files

The folder is made here: JPEGs that are as large as photographs. All tasks take turns within one run. The results go to
results/pipeline/, the page is made anew.
"""
import argparse
import importlib.metadata
import json
import os
import tempfile
import time
from pathlib import Path

import networks
import numpy as np
import report
import results
from in_tinyvision import Library, keras, kernels

BATCH = 32
SIZES = {"180x180": (180, 180), "500x375": (375, 500)}


def make_folder(folder, size, count):
    """Files that take as long to decode as photographs: smooth, with fine grain; two classes."""
    from PIL import Image
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 6, (*size, 3))
    for i in range(count):
        smooth = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)).resize(size[::-1], Image.Resampling.BICUBIC)
        path = Path(folder, ["cat", "dog"][i % 2], f"{i}.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(np.roll(grain, i, 1) + smooth, 0, 255).astype(np.uint8)).save(path, quality=85)


def dataset(folder):
    return keras.utils.image_dataset_from_directory(folder, label_mode="binary", image_size=networks.CATS.image[:2],
                                                    batch_size=BATCH, seed=0, verbose=False)


def augmented(folder):
    """With random turns and zooms, drawn for each image, on the threads that read the files."""
    layers = keras.layers
    moved = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.2)])
    return dataset(folder).map(lambda x, y: (moved(x, training=True), y))


def speed_of_a_pass(data):
    """Images per second."""
    start = time.perf_counter()
    count = sum(len(x) for x, _ in data)
    return count / (time.perf_counter() - start)


def prepare(folder, count, threads):
    """{what: a function that does some of it, and returns images per second}."""
    places = {name: Path(folder, name) for name in SIZES}
    for name, size in SIZES.items():
        make_folder(places[name], size, count if name == "180x180" else count // 4)
    library, (images, labels) = Library(threads), networks.batch(networks.CATS, BATCH)
    step = library.training_step(networks.CATS, networks.initial_weights(networks.CATS), "rmsprop")
    model = step.__self__
    files, large, moved = dataset(places["180x180"]), dataset(places["500x375"]), augmented(places["180x180"])

    def train():
        start = time.perf_counter()
        for _ in range(4):
            step(images, labels)
        return 4 * BATCH / (time.perf_counter() - start)

    def fit():
        start = time.perf_counter()
        model.fit(files, epochs=1, steps_per_epoch=min(8, len(files)), verbose=0)
        return min(8 * BATCH, count) / (time.perf_counter() - start)

    return {"training": train, "files of 180x180": lambda: speed_of_a_pass(files),
            "files of 500x375": lambda: speed_of_a_pass(large), "files of 180x180, augmented": lambda: speed_of_a_pass(moved),
            "training on the files": fit}


def measured(count, threads, rounds):
    """{what: summary of images per second}, of tasks that take turns."""
    with tempfile.TemporaryDirectory() as folder:
        tasks = prepare(folder, count, threads)
        found = {name: [] for name in tasks}
        for turn in range(rounds + 1):
            for name, task in tasks.items():
                speed = task()
                time.sleep(0.2)                            # threads fall asleep
                if turn:                                   # the first one compiles
                    found[name].append(speed)
    return {name: results.summary(speeds) for name, speeds in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=min(2, results.available_cores()))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    kernels.set_num_threads(options.threads)
    record = results.new(options.threads, options.quick)
    record["versions"] = {name: importlib.metadata.version(name) for name in ("numpy", "numba", "pillow")}
    record["tasks"] = measured(64 if options.quick else 640, options.threads, 2 if options.quick else 7)
    record["load"] = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    for name, one in record["tasks"].items():
        print(f"{name}: {one['median']:.0f} images/s ({one['lower quartile']:.0f} to {one['upper quartile']:.0f})")
    folder = results.FOLDER / "pipeline"
    with results.replacing(results.path_of(record, folder)) as path:
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    report.write()


if __name__ == "__main__":
    main()
