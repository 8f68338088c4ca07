"""What TensorFlow and Keras make of small image files: `python tests/parity/images_by_keras.py` writes images_by_keras.npz beside it.

Needs TensorFlow. The files themselves are stored too, for encoders differ from one version of Pillow to the next.
"""
import io
import os
import tempfile
from pathlib import Path

import numpy as np

PLACE = Path(__file__).with_suffix(".npz")
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
INTERPOLATIONS = ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]
SHAPES = {"stretch": {}, "crop": {"crop_to_aspect_ratio": True}, "pad": {"pad_to_aspect_ratio": True}}
SIZES = [(9, 14), (30, 22), (17, 23)]                      # smaller, larger, and the image's own


def files():
    """Image files by name: every kind that Keras reads, every kind of pixel."""
    from PIL import Image
    rng = np.random.default_rng(0)
    rgb = Image.fromarray(rng.integers(0, 256, (17, 23, 3)).astype("uint8"))
    grey, alpha = rgb.convert("L"), Image.fromarray(np.linspace(0, 255, 17 * 23).reshape(17, 23).astype("uint8"))
    photo = Image.fromarray(rng.integers(0, 256, (5, 6, 3)).astype("uint8")).resize((40, 31), Image.Resampling.BICUBIC)
    with_alpha, grey_with_alpha, palette = rgb.copy(), grey.copy(), rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=40)
    with_alpha.putalpha(alpha)
    grey_with_alpha.putalpha(alpha)
    deep = Image.fromarray((np.arange(17 * 23).reshape(17, 23) * 167).astype("uint16"))

    def encoded(image, kind, **settings):
        file = io.BytesIO()
        image.save(file, kind, **settings)
        return file.getvalue()

    return {
        "photo.jpg": encoded(photo, "JPEG", quality=92), "full_colour.jpg": encoded(photo, "JPEG", quality=92, subsampling=0),
        "progressive.jpg": encoded(photo, "JPEG", progressive=True), "grey.jpg": encoded(photo.convert("L"), "JPEG"),
        "cmyk.jpg": encoded(photo.convert("CMYK"), "JPEG"), "rgb.png": encoded(rgb, "PNG"), "grey.png": encoded(grey, "PNG"),
        "rgba.png": encoded(with_alpha, "PNG"), "grey_alpha.png": encoded(grey_with_alpha, "PNG"),
        "palette.png": encoded(palette, "PNG"), "palette_transparent.png": encoded(palette, "PNG", transparency=3),
        "palette_alpha.png": encoded(palette, "PNG", transparency=bytes(range(40))),
        "one_bit.png": encoded(grey.convert("1"), "PNG"), "deep.png": encoded(deep, "PNG"),
        "moving.gif": encoded(palette, "GIF", save_all=True, append_images=[palette.rotate(90)]),
        "rgb.bmp": encoded(rgb, "BMP"), "grey.bmp": encoded(grey, "BMP"),
    }


def made_of(files):
    """{"decoded ...": pixels by TensorFlow, "accurate ...": by its accurate decoder of JPEG, "resized ...": by Keras}."""
    import tensorflow as tf
    from keras.src.utils.image_dataset_utils import _load_image_tf
    found = {}
    for name, content in files.items():
        for mode, channels in CHANNELS.items():
            try:
                found[f"decoded {name} {mode}"] = tf.image.decode_image(content, channels, expand_animations=False).numpy()
                if name.endswith(".jpg"):
                    found[f"accurate {name} {mode}"] = tf.io.decode_jpeg(content, channels, dct_method="INTEGER_ACCURATE").numpy()
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
                pass                                       # such as a GIF in grey: TensorFlow does not
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rgb.png")
        path.write_bytes(files["rgb.png"])
        for interpolation in INTERPOLATIONS:
            for shape, settings in SHAPES.items():
                if shape == "crop" and interpolation in ("gaussian", "mitchellcubic"):
                    continue                               # Keras's function for it does not know them
                for size in SIZES:
                    image = _load_image_tf(str(path), size, 1, interpolation, "channels_last", **settings).numpy()
                    found[f"resized {interpolation} {shape} {size[0]}x{size[1]}"] = image.astype("float32")
    return found


if __name__ == "__main__":
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")
    contents = files()
    stored = {f"file {name}": np.frombuffer(content, np.uint8) for name, content in contents.items()}
    np.savez_compressed(PLACE, **stored, **made_of(contents))
    print(f"{PLACE.name}: {PLACE.stat().st_size} bytes")
