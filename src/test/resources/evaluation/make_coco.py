"""Makes a COCO dataset of boxes, detections for it, and the figures of pycocotools, with versions as in coco-expected.json.

    python3 make_coco.py

Boxes overlap, scores are equal in places, some objects are crowds, areas are on both sides of COCO's limits, one category has no
object, and one image has more than 100 detections of a category.
"""
import contextlib
import importlib.metadata
import io
import json
import random

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

random.seed(7)
CATEGORIES = [{"id": 3, "name": "cat"}, {"id": 8, "name": "dog"}, {"id": 11, "name": "bird"}]
images = [{"id": 100 - i, "file_name": f"{100 - i}.png", "width": 640, "height": 480} for i in range(12)]
annotations = []
results = []


def box():
    side = random.choice([10, 28, 32, 60, 96, 150])
    return [round(random.uniform(0, 480), 1), round(random.uniform(0, 330), 1), side, side + random.choice([-2, 0, 5])]


def moved(b):
    step = random.choice([0, 0.02, 0.05, 0.1, 0.2, 0.4])
    return [round(v + random.uniform(-1, 1) * step * b[2 + i % 2], 2) for i, v in enumerate(b)]


for image in images:
    for _ in range(random.randint(0, 14)):
        b = box()
        category = random.choice([3, 3, 8])
        annotations.append({
            "id": len(annotations) + 1, "image_id": image["id"], "category_id": category, "bbox": b,
            "area": round(b[2] * b[3] * random.choice([1, 0.7]), 1), "iscrowd": int(random.random() < 0.1),
        })
        for _ in range(random.choice([0, 1, 1, 1, 2])):
            results.append({"image_id": image["id"], "category_id": category if random.random() < 0.9 else 11, "bbox": moved(b),
                            "score": random.choice([0.25, 0.5, 0.75, round(random.random(), 3)])})
    for _ in range(random.randint(0, 6)):
        results.append({"image_id": image["id"], "category_id": random.choice([3, 8, 11]), "bbox": box(),
                        "score": round(random.random(), 3)})
for _ in range(110):
    results.append({"image_id": 95, "category_id": 8, "bbox": box(), "score": round(0.5 + random.random() / 2, 3)})

json.dump({"images": images, "annotations": annotations, "categories": CATEGORIES}, open("coco-dataset.json", "w"))
json.dump(results, open("coco-results.json", "w"))
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO("coco-dataset.json")
    judge = COCOeval(truth, truth.loadRes("coco-results.json"), "bbox")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
names = ["ap50to95", "ap50", "ap75", "apSmall", "apMedium", "apLarge", "recall1", "recall10", "recall"]
expected = {name: judge.stats[i] for i, name in enumerate(names)}
# [threshold, recall, category, area, detections]
expected["ap50OfCat"] = judge.eval["precision"][0, :, 0, 0, 2].mean()
expected["ap50to95OfDog"] = judge.eval["precision"][:, :, 1, 0, 2].mean()
expected["versions"] = {name: importlib.metadata.version(name) for name in ["pycocotools", "numpy"]}
json.dump(expected, open("coco-expected.json", "w"), indent=2)
