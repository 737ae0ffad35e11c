"""Compares the answers of a running gnserve for one picture with torchvision's: python public_rcnn.py FOLDER URL

FOLDER is that of public_models.py. The service has the models mask, faster and keypoint, made by `gnserve new` from
tv_mask_rcnn_resnet18_gn.pt and so on with four labels a,b,c,d. Prints the largest difference of each kind of value.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import public_models
import torch
from PIL import Image


def decoded(mask):
    """The pixels of a COCO run-length mask."""
    counts, at, text = [], 0, mask["counts"].encode()
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            part = text[at] - 48
            value |= (part & 0x1F) << shift
            more, at, shift = bool(part & 0x20), at + 1, shift + 5
            if not more and part & 0x10:
                value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    height, width = mask["size"]
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(width, height).T


def main(folder, url):
    folder = Path(folder)
    pixels = (public_models.tensors("tv_mask_rcnn_resnet18_gn", 1)[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    Image.fromarray(pixels).save(folder / "image.png")
    image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    for kind in ("faster", "mask", "keypoint"):
        with torch.no_grad():
            expected = torch.jit.load(folder / f"tv_{kind}_rcnn_resnet18_gn.pt")([image])[1][0]
        curl = ["curl", "-s", "-F", f"image=@{folder / 'image.png'}", f"{url}/v1/models/{kind}/detect?threshold=0&iou=1"]
        found = json.loads(subprocess.run(curl, capture_output=True, text=True, check=True).stdout)["images"][0]["detections"]
        worst, used = {}, set()
        for one in found:
            box = one["box"]
            corners = torch.tensor([box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]])
            far = (expected["boxes"] - corners).abs().amax(1)
            best = int((far + (expected["scores"] - one["score"]).abs()).argmin())
            used.add(best)
            values = {"pixels of edges": float(far[best]), "score": abs(float(expected["scores"][best]) - one["score"]),
                      "label": float("abcd"[int(expected["labels"][best]) - 1] != one["label"])}
            if kind == "mask":
                values["pixels of a mask"] = float((decoded(one["mask"]) != (expected["masks"][best, 0] > 0.5).numpy()).sum())
            if kind == "keypoint":
                places = torch.tensor([[point["x"], point["y"]] for point in one["keypoints"]])
                values["pixels of keypoints"] = float((places - expected["keypoints"][best, :, :2]).abs().max())
            worst = {what: max(value, worst.get(what, 0)) for what, value in values.items()}
        print(f"{kind}: {len(used)} of {len(expected['scores'])} objects, {len(found)} answered; largest difference: {worst}")


if __name__ == "__main__":
    main(*sys.argv[1:])
