"""Makes archives in forms that gnserve new may take for something else: python3 other_forms.py FOLDER (PyTorch, for CPU, and nothing else)

Each archive is a small network with Group Normalization and random weights whose outputs have the shapes and ranges of a family. Beside
it, a .json says the labels that a user would give, and as "right" the decoders that are right without further options. Where it is
empty, the values show no form: new has to end with 1. new_table.py reads both.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(5)


class Body(nn.Module):
    """An image [N, channels, H, W] to maps [N, out, H / stride, W / stride]."""

    def __init__(self, out, stride=1, channels=3):
        super().__init__()
        self.one = nn.Conv2d(channels, 16, 3, stride=stride, padding=1)
        self.norm = nn.GroupNorm(4, 16)
        self.two = nn.Conv2d(16, out, 3, padding=1)

    def forward(self, x):
        return 3 * self.two(F.relu(self.norm(self.one(x))))


class Form(nn.Module):
    def __init__(self, out, stride, read, channels=3):
        super().__init__()
        self.body = Body(out, stride, channels)
        self.read = read

    def forward(self, x):
        return self.read(self.body(x), x)


def pooled(maps):
    return maps.mean((2, 3))


def rows(maps, columns):
    return maps.reshape(maps.shape[0], columns, -1).transpose(1, 2)


def boxes(maps, x, form):
    """Boxes [N, A, 4] of the first four maps, all within the image."""
    part = torch.sigmoid(rows(maps[:, :4], 4))
    width, height = x.shape[3], x.shape[2]
    centre, size = part[..., :2], 0.05 + 0.4 * part[..., 2:]
    low, high = (centre - size / 2).clamp(0, 1), (centre + size / 2).clamp(0, 1)
    scale = torch.tensor([width, height], dtype=x.dtype)
    if form == "xyxy-fractions":
        return torch.cat([low, high], -1)
    if form == "xyxy":
        return torch.cat([low * scale, high * scale], -1)
    if form == "xywh":
        return torch.cat([low * scale, (high - low) * scale], -1)
    if form == "cxcywh":
        return torch.cat([centre * scale, size * scale], -1)
    return torch.cat([centre, size], -1)


def ranked(maps, x, count=20):
    """Rows of a detector with its own suppression: left, top, right, bottom, score, class."""
    place, scores = boxes(maps, x, "xyxy"), torch.sigmoid(rows(maps[:, 4:7], 3))
    best, label = scores.max(-1)
    score, index = best.topk(count, -1)
    index = index[..., None]
    return torch.cat([place.gather(1, index.expand(-1, -1, 4)), score[..., None], label[..., None].gather(1, index).to(x.dtype)], -1)


# name: outputs of the body, stride, the form, labels, decoders that are right without options
FORMS = {
    # Pixels
    "softmax-two": (2, 1, lambda m, x: m.softmax(1), ["a"], ["probabilities"]),
    "softmax-two-half": (2, 2, lambda m, x: m.softmax(1), ["a"], ["probabilities"]),
    "log-softmax": (3, 1, lambda m, x: m.log_softmax(1), ["a", "b"], ["softmax"]),
    "sigmoid-one": (1, 1, lambda m, x: m.sigmoid(), ["a"], []),
    "sigmoid-three": (3, 1, lambda m, x: m.sigmoid(), ["a", "b", "c"], []),
    "sigmoid-three-two-labels": (3, 1, lambda m, x: m.sigmoid(), ["a", "b"], []),
    "small-logits": (3, 1, lambda m, x: 0.5 + 0.05 * m.tanh(), ["a", "b"], []),
    "logits-one": (1, 1, lambda m, x: m, ["a"], []),
    "logits-one-no-axis": (1, 1, lambda m, x: m[:, 0], ["a"], []),
    "depth": (1, 1, lambda m, x: F.softplus(m), ["depth"], []),
    "depth-no-axis": (1, 2, lambda m, x: F.softplus(m[:, 0]), ["depth"], []),
    "disparity-fraction": (1, 1, lambda m, x: m.sigmoid() * 0.3, ["disparity"], []),
    "labels-int64": (3, 1, lambda m, x: m.argmax(1), ["a", "b"], ["classes"]),
    "labels-uint8-axis": (3, 1, lambda m, x: m.argmax(1, keepdim=True).to(torch.uint8), ["a", "b"], ["classes"]),
    "labels-float": (3, 1, lambda m, x: m.argmax(1).to(x.dtype), ["a", "b"], ["classes"]),
    "labels-without-background": (3, 1, lambda m, x: m.argmax(1), ["a", "b", "c"], []),
    "labels-too-many": (5, 1, lambda m, x: m.argmax(1), ["a", "b"], []),
    "labels-bool": (1, 1, lambda m, x: m > 0, ["a"], ["classes"]),
    "channels-last": (3, 1, lambda m, x: m.permute(0, 2, 3, 1), ["a", "b"], []),
    "channels-last-probabilities": (2, 1, lambda m, x: m.softmax(1).permute(0, 2, 3, 1), ["a"], []),
    "picture": (3, 1, lambda m, x: m.sigmoid(), ["red", "green", "blue"], []),
    "heat-maps": (5, 4, lambda m, x: m.sigmoid(), ["nose", "left", "right", "up", "down"], []),
    "mask-and-features": (17, 2, lambda m, x: (m[:, :1].sigmoid(), F.relu(m[:, 1:])), ["a"], []),
    "stardist-one-tensor": (33, 2, lambda m, x: torch.cat([m[:, :1].sigmoid(), 1 + F.softplus(m[:, 1:])], 1), ["a"], []),
    "panoptic-deeplab": (6, 4, lambda m, x: {"sem_seg": m[:, :3], "center": m[:, 3:4].sigmoid(), "offset": m[:, 4:]}, ["a", "b"], []),
    "deep-supervision": (3, 1, lambda m, x: (m, F.avg_pool2d(m, 2), F.avg_pool2d(m, 4)), ["a", "b"], []),
    # Vectors
    "classifier": (4, 2, lambda m, x: pooled(m), ["a", "b", "c", "d"], []),
    "classifier-one-logit": (1, 2, lambda m, x: pooled(m), ["a"], []),
    "classifier-softmax": (4, 2, lambda m, x: pooled(m).softmax(1), ["a", "b", "c", "d"], ["probabilities"]),
    "classifier-softmax-two": (2, 2, lambda m, x: pooled(m).softmax(1), ["a", "b"], ["probabilities"]),
    "classifier-sigmoid": (4, 2, lambda m, x: pooled(m).sigmoid(), ["a", "b", "c", "d"], []),
    "age": (1, 2, lambda m, x: 40 + pooled(m), ["age"], []),
    "landmarks-fractions": (10, 2, lambda m, x: pooled(m).sigmoid(), [f"p{i}" for i in range(10)], []),
    "embedding": (32, 2, lambda m, x: F.normalize(pooled(m)), [f"e{i}" for i in range(32)], []),
    "embedding-positive": (32, 2, lambda m, x: F.normalize(F.softplus(pooled(m))), [f"e{i}" for i in range(32)], []),
    "class-number": (4, 2, lambda m, x: pooled(m).argmax(1), ["a", "b", "c", "d"], []),
    # Boxes
    "boxes-xyxy-fractions": (7, 8, lambda m, x: (boxes(m, x, "xyxy-fractions"), rows(m[:, 4:], 3).sigmoid()), ["a", "b", "c"], ["boxes"]),
    "scores-first": (7, 8, lambda m, x: (rows(m[:, 4:], 3).sigmoid(), boxes(m, x, "xyxy")), ["a", "b", "c"], ["boxes"]),
    "boxes-xywh": (7, 8, lambda m, x: (boxes(m, x, "xywh"), rows(m[:, 4:], 3).sigmoid()), ["a", "b", "c"], []),
    "boxes-cxcywh": (7, 8, lambda m, x: (boxes(m, x, "cxcywh"), rows(m[:, 4:], 3).sigmoid()), ["a", "b", "c"], []),
    "ssd-softmax": (8, 8, lambda m, x: (boxes(m, x, "xyxy-fractions"), rows(m[:, 4:], 4).softmax(-1)), ["a", "b", "c"], []),
    "ssd-softmax-all-named": (8, 8, lambda m, x: (boxes(m, x, "xyxy-fractions"), rows(m[:, 4:], 4).softmax(-1)),
                              ["background", "a", "b", "c"], []),
    "detr-large-boxes": (8, 8, lambda m, x: (0.5 + 0.02 * torch.tensor([-1., -1., 1., 1.]) + 0.01 * rows(m[:, :4], 4).tanh(), rows(m[:, 4:], 4)),
                         ["a", "b", "c"], []),
    "yolo-end-to-end": (7, 8, ranked, ["a", "b", "c"], ["yolo"]),
    "yolo-end-to-end-one-label": (7, 8, ranked, ["a"], []),
    "yolo-levels": (67, 8, lambda m, x: (m, F.avg_pool2d(m, 2), F.avg_pool2d(m, 4)), ["a", "b", "c"], []),
    "yolov5-levels": (24, 8, lambda m, x: tuple(
        v.reshape(v.shape[0], 3, 8, v.shape[2], v.shape[3]).permute(0, 1, 3, 4, 2) for v in (m, F.avg_pool2d(m, 2))), ["a", "b", "c"], []),
    "yolov3-level": (24, 8, lambda m, x: m, ["a", "b", "c"], []),
    "yolox-undecoded": (8, 8, lambda m, x: torch.cat([rows(m[:, :4], 4), rows(m[:, 4:], 4).sigmoid()], -1), ["a", "b", "c"], []),
    "yolox": (8, 8, lambda m, x: torch.cat([boxes(m, x, "cxcywh"), rows(m[:, 4:], 4).sigmoid()], -1), ["a", "b", "c"], ["yolo"]),
    "yolov8": (7, 8, lambda m, x: torch.cat([boxes(m, x, "cxcywh"), rows(m[:, 4:], 3).sigmoid()], -1).transpose(1, 2), ["a", "b", "c"], ["yolo"]),
    "yolov8-oriented": (8, 8, lambda m, x: torch.cat([boxes(m, x, "cxcywh"), rows(m[:, 4:7], 3).sigmoid(),
                                                     (rows(m[:, 7:], 1).sigmoid() - 0.25) * 3.14], -1).transpose(1, 2), ["a", "b", "c"], []),
    "yolov8-segments": (39, 8, lambda m, x: (torch.cat([boxes(m, x, "cxcywh"), rows(m[:, 4:7], 3).sigmoid(), rows(m[:, 7:], 32)], -1).transpose(1, 2),
                                            F.interpolate(m[:, 7:], scale_factor=2.0)), ["a", "b", "c"], []),
    "rtdetr-table": (7, 8, lambda m, x: torch.cat([boxes(m, x, "fractions"), rows(m[:, 4:], 3).sigmoid()], -1), ["a", "b", "c"], []),
    "centernet": (7, 4, lambda m, x: {"hm": m[:, :3].sigmoid(), "wh": m[:, 3:5].exp(), "reg": m[:, 5:].sigmoid()}, ["a", "b", "c"], []),
}

# Sides that networks of patches take: the only one, or multiples of 14.
SIDES = {"side-320": 320, "side-384": 384, "side-518": 518, "side-336": 336, "side-448": 448}


class Fixed(nn.Module):
    """Positions as in a vision transformer: one side only."""

    def __init__(self, side, patch):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, patch, stride=patch)
        self.norm = nn.GroupNorm(4, 16)
        self.places = nn.Parameter(torch.randn(1, (side // patch) ** 2, 16))
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        tokens = self.norm(self.patches(x)).flatten(2).transpose(1, 2) + self.places
        return self.head(tokens.mean(1)).softmax(-1)


class Multiple(nn.Module):
    """Sides that are multiples of a patch; others are refused."""

    def __init__(self, patch):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, patch, stride=patch)
        self.norm = nn.GroupNorm(4, 16)
        self.up = nn.ConvTranspose2d(16, 3, patch, stride=patch)
        self.skip = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        return self.up(F.relu(self.norm(self.patches(x)))) + self.skip(x)


def save(folder, name, network, example, labels, right):
    network.eval()
    strict = not isinstance(network(example), dict)
    torch.jit.trace(network, example, check_trace=False, strict=strict).save(str(folder / f"{name}.pt"))
    (folder / f"{name}.json").write_text(json.dumps({"labels": labels, "right": right}))


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (out, stride, read, labels, right) in FORMS.items():
        save(folder, name, Form(out, stride, read), torch.randn(2, 3, 64, 96), labels, right)
    for name, side in SIDES.items():
        save(folder, name, Fixed(side, 14 if side % 14 == 0 else 16), torch.randn(2, 3, side, side), ["a", "b", "c", "d"], ["probabilities"])
    save(folder, "multiple-of-14", Multiple(14), torch.randn(2, 3, 56, 84), ["a", "b"], ["softmax"])


main(Path(sys.argv[1]))
