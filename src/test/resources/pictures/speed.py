"""Times independent decoders on pictures of 1, 10 and 60 megapixels of each format.

python speed.py make FOLDER PICTURE...   makes the pictures from others, which repeat over the area
python speed.py time FOLDER              prints the median processor time of each decoder in milliseconds

gnserve's times: java -jar target/gnserve-workshop.jar bench decode FOLDER/*
Versions: Python 3.11, Pillow 13.0.0, opencv-python-headless 5.0.0.93, imagecodecs 2026.3.6, tifffile 2026.3.3, numpy 2.4.6.
"""

import io
import statistics
import sys
import time
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import tifffile
from PIL import Image

Image.MAX_IMAGE_PIXELS = None
cv2.setNumThreads(1)
SIDES = {"1": (1000, 1000), "10": (3200, 3125), "60": (8000, 7500)}


def canvas(pictures, width, height):
    tiles = [np.asarray(Image.open(path).convert("RGB").resize((512, 512))) for path in pictures]
    whole = np.zeros((height, width, 3), np.uint8)
    number = 0
    for y in range(0, height, 512):
        for x in range(0, width, 512):
            tile = np.rot90(tiles[number % len(tiles)], number // len(tiles) % 4)
            number += 1
            part = whole[y : y + 512, x : x + 512]
            part[:] = tile[: part.shape[0], : part.shape[1]]
    return whole


def make(folder, pictures):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (width, height) in SIDES.items():
        pixels = canvas(pictures, width, height)
        image = Image.fromarray(pixels)
        image.save(folder / f"{name}-baseline.jpg", quality=90)
        image.save(folder / f"{name}-progressive.jpg", quality=90, progressive=True)
        image.save(folder / f"{name}.png")
        Image.fromarray(pixels[..., 0]).save(folder / f"{name}-gray.png")
        image.save(folder / f"{name}.bmp")
        image.quantize(256).save(folder / f"{name}.gif")
        image.save(folder / f"{name}-lossy.webp", quality=80, method=0)
        image.save(folder / f"{name}-lossless.webp", lossless=True, method=0)
        tifffile.imwrite(folder / f"{name}-raw.tif", pixels, photometric="rgb", rowsperstrip=64)
        for compression in ["lzw", "deflate", "packbits", "jpeg"]:
            extra = {"predictor": True} if compression in ("lzw", "deflate") else {}
            tifffile.imwrite(folder / f"{name}-{compression}.tif", pixels, photometric="rgb", rowsperstrip=64,
                             compression=compression, **extra)
        tifffile.imwrite(folder / f"{name}-16bit.tif", pixels.astype(np.uint16) * 257, photometric="rgb", rowsperstrip=64)


def decoders(path, data):
    yield "Pillow", lambda: np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    array = np.frombuffer(data, np.uint8)
    if path.suffix != ".gif":
        yield "OpenCV", lambda: cv2.imdecode(array, cv2.IMREAD_UNCHANGED)
    if path.suffix == ".tif":
        yield "tifffile", lambda: tifffile.imread(io.BytesIO(data), maxworkers=1)
    codec = {".jpg": imagecodecs.jpeg8_decode, ".png": imagecodecs.png_decode, ".webp": imagecodecs.webp_decode,
             ".gif": imagecodecs.gif_decode, ".bmp": imagecodecs.bmp_decode}.get(path.suffix)
    if codec is not None:
        yield "imagecodecs", lambda: codec(data)


def timed(folder):
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        figures = {}
        for name, decode in decoders(path, data):
            try:
                if decode() is None:
                    continue
            except Exception:
                continue
            times = []
            for _ in range(5):
                began = time.process_time()
                decode()
                times.append((time.process_time() - began) * 1000)
            figures[name] = statistics.median(times)
        print(path.name, " ".join(f"{name}={value:.1f}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
    else:
        timed(Path(sys.argv[2]))
