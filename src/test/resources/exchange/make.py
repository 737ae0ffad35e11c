"""Makes a result document as `batch` writes it, and what other tools measure on its masks.

python make.py   writes cells.json, cells.png and expected.json beside this file
Versions: Python 3.11, numpy 2.4.6, pycocotools 2.0.11, scikit-image 0.26.0, Pillow 13.0.0.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco
from skimage.draw import ellipse
from skimage.measure import label, regionprops

HERE = Path(__file__).parent
HEIGHT, WIDTH = 60, 80


def masks():
    turned = np.zeros((HEIGHT, WIDTH), bool)
    turned[ellipse(20, 25, 8, 18, rotation=0.6, shape=turned.shape)] = True
    ring = np.zeros((HEIGHT, WIDTH), bool)
    ring[35:55, 50:75] = True
    ring[40:48, 55:70] = False
    ring[54, 74] = False  # a notch
    parts = np.zeros((HEIGHT, WIDTH), bool)
    parts[2:6, 60:64] = parts[6:9, 64:70] = True  # two parts that touch by a corner
    one = np.zeros((HEIGHT, WIDTH), bool)
    one[59, 0] = True
    return {"turned": turned, "ring": ring, "parts": parts, "one": one}


y, x = np.mgrid[:HEIGHT, :WIDTH]
picture = np.stack([3 * x, 4 * y, (x * y) % 251], axis=-1).astype(np.uint8)
Image.fromarray(picture).save(HERE / "cells.png")
objects, expected = [], []
for number, (name, pixels) in enumerate(masks().items(), 1):
    region = regionprops(pixels.astype(np.uint8), intensity_image=picture)[0]
    top, left, bottom, right = region.bbox
    runs = coco.encode(np.asfortranarray(pixels.astype(np.uint8)))
    area = int(coco.area(runs))
    assert area == region.area
    objects.append({
        "id": number, "label": "b" if name == "ring" else "a", "score": 1 - number / 10, "area": area,
        "box": {"x": left, "y": top, "width": right - left, "height": bottom - top},
        "centroid": {"x": region.centroid[1] + 0.5, "y": region.centroid[0] + 0.5},
        "mask": {"encoding": "coco-rle", "size": [HEIGHT, WIDTH], "counts": runs["counts"].decode()},
    })
    filled = pixels.copy()
    holes = label(~pixels, connectivity=1)
    inner = set(np.unique(holes)) - set(np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))) - {0}
    expected.append({
        "area": area, "centroid": [region.centroid[1] + 0.5, region.centroid[0] + 0.5],
        "diameter": region.equivalent_diameter_area, "eccentricity": region.eccentricity,
        "parts": int(label(pixels, connectivity=1).max()), "holes": len(inner),
        "intensities": region.intensity_mean.tolist(),
    })

image = {"name": "cells.png", "width": WIDTH, "height": HEIGHT,
         "classes": [{"label": "a", "pixelFraction": 0.1}, {"label": "b", "pixelFraction": 0.1}], "objects": objects}
document = {"model": "m", "version": "1", "requestId": "r", "images": [image]}
(HERE / "cells.json").write_text(json.dumps(document, indent=1) + "\n")
(HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
