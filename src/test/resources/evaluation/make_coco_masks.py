"""Makes a COCO dataset with outlines, masks found for it, and the figures of pycocotools and torchmetrics, with versions as in
coco-masks-expected.json.

    python3 make_coco_masks.py

Outlines are polygons (several parts, outside the image, crossing themselves), runs as strings and as lists; some objects are crowds.
The second part has pictures of object numbers for panoptic quality: objects of one class that do not overlap.
"""
import contextlib
import importlib.metadata
import io
import json
import math
import random

import numpy as np
import torch
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torchmetrics.detection import PanopticQuality

random.seed(11)
np.random.seed(11)
CATEGORIES = [{"id": 2, "name": "cat"}, {"id": 5, "name": "dog"}]
WIDTH, HEIGHT = 61, 47
images = [{"id": i + 1, "file_name": f"{i + 1}.png", "width": WIDTH, "height": HEIGHT} for i in range(6)]
annotations, results = [], []


def polygon(cx, cy, r, corners):
    turns = sorted(random.uniform(0, 2 * math.pi) for _ in range(corners))
    if random.random() < 0.2:
        random.shuffle(turns)
    return [round(v, 2) for t in turns for v in (cx + r * math.cos(t) * random.uniform(0.6, 1), cy + r * math.sin(t))]


def string(rle):
    return {"size": rle["size"], "counts": rle["counts"].decode()}


def runs(mask):
    flat = mask.flatten(order="F")
    counts, value, count = [], 0, 0
    for v in flat:
        if v != value:
            counts.append(count)
            value, count = v, 0
        count += 1
    return {"size": list(mask.shape), "counts": counts + [int(count)]}


for image in images:
    for _ in range(random.randint(2, 6)):
        cx, cy, r = random.uniform(0, WIDTH), random.uniform(0, HEIGHT), random.uniform(4, 16)
        parts = [polygon(cx, cy, r, random.randint(3, 9)) for _ in range(random.choice([1, 1, 2]))]
        rle = coco_mask.merge(coco_mask.frPyObjects(parts, HEIGHT, WIDTH))
        crowd = int(random.random() < 0.15)
        form = "list" if crowd else random.choice(["polygons", "polygons", "string"])
        mask = coco_mask.decode(rle)
        annotations.append({
            "id": len(annotations) + 1, "image_id": image["id"], "category_id": random.choice([2, 2, 5]),
            "segmentation": {"polygons": parts, "string": string(rle), "list": runs(mask)}[form],
            "area": float(coco_mask.area(rle)), "bbox": [float(v) for v in coco_mask.toBbox(rle)], "iscrowd": crowd})
        for _ in range(random.choice([0, 1, 1, 2])):
            moved = np.roll(mask, (random.randint(-2, 2), random.randint(-2, 2)), (0, 1))
            results.append({"image_id": image["id"], "category_id": annotations[-1]["category_id"],
                            "segmentation": string(coco_mask.encode(np.asfortranarray(moved))),
                            "score": random.choice([0.5, round(random.random(), 3)])})
json.dump({"images": images, "annotations": annotations, "categories": CATEGORIES}, open("coco-masks.json", "w"))
json.dump(results, open("coco-masks-results.json", "w"))
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO("coco-masks.json")
    judge = COCOeval(truth, truth.loadRes("coco-masks-results.json"), "segm")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
expected = {name: judge.stats[i] for i, name in enumerate(["ap50to95", "ap50", "ap75"])}
expected["masks"] = {str(a["id"]): string(truth.annToRLE(a)) if isinstance(truth.annToRLE(a)["counts"], bytes)
                     else truth.annToRLE(a) for a in annotations}

pictures = []
quality = PanopticQuality(things={1}, stuffs={0}, allow_unknown_preds_category=False, return_sq_and_rq=True,
                          return_per_class=True)
for shift in [(0, 0), (0, 1), (1, 0), (1, 1)]:
    numbers = np.zeros((24, 30), int)
    for n in range(1, 7):
        y, x = random.randint(0, 17), random.randint(0, 23)
        numbers[y:y + random.randint(4, 7), x:x + random.randint(4, 7)] = n
    found = np.roll(numbers, shift, (0, 1))
    found[found == random.randint(1, 6)] = 0
    found[:3, :4] = 9
    pictures.append({"truth": numbers.tolist(), "found": found.tolist()})
    quality.update(*(torch.tensor(np.stack([(p > 0).astype(int), p], -1))[None] for p in (found, numbers)))
pq, sq, rq = (float(v) for v in quality.compute()[0])
expected["panoptic"] = {"pictures": pictures, "pq": pq, "sq": sq, "rq": rq}
expected["versions"] = {name: importlib.metadata.version(name) for name in ["pycocotools", "torchmetrics", "numpy"]}
json.dump(expected, open("coco-masks-expected.json", "w"))
