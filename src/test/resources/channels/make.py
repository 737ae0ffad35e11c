"""Writes pictures of several channels, with the values that they hold (.npz).

Usage: python make.py, with tifffile 2026, imagecodecs, numpy and torch 2.15. values.npz holds for each file, with _ for the dot, its values [height, width,
channels], and the classes [height, width] that shapes/four-channels.pt gives for bands-8.tif.
"""
from pathlib import Path

import numpy as np
import tifffile
import torch

OUT = Path(__file__).parent
RANDOM = np.random.default_rng(5)
MEAN, DEVIATION = [0.1, 0.2, 0.3, 0.4], [0.5, 0.4, 0.3, 0.2]
values = {}


def numbers(dtype, *shape):
    if np.issubdtype(dtype, np.floating):
        return RANDOM.normal(0, 50, shape).astype(dtype)
    return RANDOM.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def interleaved(name, array, **options):
    tifffile.imwrite(OUT / name, array, photometric="minisblack", planarconfig="contig", metadata=None, **options)
    values[name] = array


def in_planes(name, array, **options):
    tifffile.imwrite(OUT / name, array, photometric="minisblack", planarconfig="separate", metadata=None, **options)
    values[name] = array.transpose(1, 2, 0)


def array(name, stored, held):
    np.save(OUT / name, stored)
    values[name] = held


interleaved("bands-8.tif", numbers(np.uint8, 8, 8, 4))
interleaved("bands-16.tif", numbers(np.uint16, 5, 7, 4), compression="lzw", predictor=True, byteorder=">")
interleaved("bands-float.tif", numbers(np.float32, 5, 7, 4), compression="zlib", predictor=True)
in_planes("planes-8.tif", numbers(np.uint8, 4, 5, 7))
in_planes("planes-16.tif", numbers(np.uint16, 4, 20, 18), tile=(16, 16), compression="zlib")
in_planes("planes-float.tif", numbers(np.float32, 4, 5, 7))
rgba = numbers(np.uint8, 5, 7, 4)
tifffile.imwrite(OUT / "rgba.tif", rgba, photometric="rgb", extrasamples=["unassalpha"], metadata=None)
values["rgba.tif"] = rgba
last, first = numbers(np.uint8, 5, 7, 4), numbers(np.uint16, 4, 5, 7)
array("last-8.npy", last, last)
array("first-16.npy", first, first.transpose(1, 2, 0))
last = numbers(np.float32, 5, 7, 4)
array("last-float.npy", last, last)
array("square.npy", numbers(np.uint8, 4, 6, 4), np.zeros(0))
array("other.npy", numbers(np.uint8, 5, 6, 7), np.zeros(0))
array("fortran.npy", np.asfortranarray(numbers(np.uint8, 5, 6, 4)), np.zeros(0))

network = torch.jit.load(OUT.parent / "shapes/four-channels.pt")
x = torch.from_numpy(values["bands-8.tif"].transpose(2, 0, 1).astype(np.float32))[None] / 255
x = (x - torch.tensor(MEAN).reshape(1, 4, 1, 1)) / torch.tensor(DEVIATION).reshape(1, 4, 1, 1)
with torch.no_grad():
    logits = network(x)
print("least distance of the two best classes", float(logits.topk(2, 1).values.diff(dim=1).abs().min()))
values["classes"] = logits.argmax(1)[0].numpy()
np.savez(OUT / "values.npz", **{name.replace(".", "_"): held.astype(np.float64) for name, held in values.items()})
