"""Writes the archives of this folder with torch 2.13: python make.py. Debug entries, which hold paths, are left out.

What each model computes is simple enough to be computed by hand; the tests do, or take the numbers that this script prints.
"""

import io
import zipfile
from typing import Dict, List, Tuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Echo(nn.Module):
    """Gives back its input, whatever its type, and the same as float32."""

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        return {"same": x, "floats": x.to(torch.float32)}


class Block(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.GroupNorm(4, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(4, channels)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(x + self.norm2(self.conv2(y)))


class Classifier(nn.Module):
    """A residual network with Group Normalization and four classes."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(4, 16)
        self.block = Block(16)
        self.head = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.block(torch.relu(self.norm(self.stem(x))))
        return self.head(y.mean((2, 3)) * 4)


def instances(x: Tensor) -> Dict[str, Tensor]:
    """One instance for each of the colours red (label 1) and green (label 2) that is there: its box, and its brightness as mask."""
    boxes: List[Tensor] = []
    labels: List[int] = []
    scores: List[Tensor] = []
    masks: List[Tensor] = []
    for colour in range(2):
        mask = x[colour]
        rows = torch.nonzero(mask.amax(1) > 0.5)[:, 0]
        columns = torch.nonzero(mask.amax(0) > 0.5)[:, 0]
        if rows.numel() > 0:
            boxes.append(torch.stack([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).to(torch.float32))
            labels.append(colour + 1)
            scores.append(mask.amax())
            masks.append(mask[None])
    if len(boxes) == 0:
        return {
            "boxes": torch.zeros(0, 4),
            "labels": torch.zeros(0, dtype=torch.int64),
            "scores": torch.zeros(0),
            "masks": torch.zeros(0, 1, x.shape[1], x.shape[2]),
        }
    return {
        "boxes": torch.stack(boxes),
        "labels": torch.tensor(labels),
        "scores": torch.stack(scores),
        "masks": torch.stack(masks),
    }


class Instances(nn.Module):
    """What torchvision's Mask R-CNN gives, from a batch: one dictionary per image."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(1, 3)

    def forward(self, x: Tensor) -> List[Dict[str, Tensor]]:
        x = x + 0 * self.norm(x)
        return [instances(x[i]) for i in range(x.shape[0])]


class OneImage(nn.Module):
    """A detector that answers for the first image only, as those do that are wrapped to give torchvision's dictionary itself."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(1, 3)

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        return instances(x[0] + 0 * self.norm(x)[0])


class Torchvision(nn.Module):
    """As torchvision's detectors are scripted: a list of images in, losses and a list of dictionaries out."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(1, 3)

    def forward(self, images: List[Tensor]) -> Tuple[Dict[str, Tensor], List[Dict[str, Tensor]]]:
        losses: Dict[str, Tensor] = {}
        found: List[Dict[str, Tensor]] = []
        for image in images:
            found.append(instances(image + 0 * self.norm(image[None])[0]))
        return losses, found


class Coarse(nn.Module):
    """As torchvision's segmentation gives, but at a quarter of the resolution: the mean colours of 4 x 4 blocks, as logits."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(3, 3)

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        x = x + 0 * self.norm(x)
        return {"out": 10 * F.avg_pool2d(x, 4), "aux": x[:, :1]}


class Foreground(nn.Module):
    """One channel of logits: foreground is what is brighter than 0.5."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(1, 3)

    def forward(self, x: Tensor) -> Tensor:
        return 20 * (x.mean(1, keepdim=True) - 0.5) + 0 * self.norm(x)[:, :1]


class Logarithm(nn.Module):
    """The logarithms of the colours, which black does not have."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(1, 3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.log(x) + 0 * self.norm(x)


class Deep(nn.Module):
    """One gray channel in; halved five times and put together again, so that sides must be multiples of 32. Foreground is what is
    brighter than 0.5."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 1)
        self.norm = nn.GroupNorm(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = F.avg_pool2d(F.avg_pool2d(F.avg_pool2d(F.avg_pool2d(F.avg_pool2d(self.norm(self.stem(x)), 2), 2), 2), 2), 2)
        y = F.interpolate(y, scale_factor=32.0)
        return torch.cat([0.5 - x, x - 0.5], 1) * 20 + 0 * y


class Fixed(nn.Module):
    """Takes 32 x 32 only. Its logits are the mean colours."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(1, 3)

    def forward(self, x: Tensor) -> Tensor:
        return 10 * (x + 0 * self.norm(x)).reshape(x.shape[0], 3, 1024).mean(2)


class Vector(nn.Module):
    """No image: vectors in, of any length that two groups divide; a matrix, a vector and a number out for each."""

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        return {"outer": x[:, :, None] * x[:, None, :], "norm": F.group_norm(x, 2), "sum": x.sum(1)}


# torchvision's operator, whose library is not needed to name it in an archive; this is what it computes, box by box.
operators = torch.library.Library("torchvision", "DEF")
operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def nms(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    kept = []
    for i in torch.argsort(scores, stable=True, descending=True).tolist():
        overlaps = False
        for j in kept:
            left, top = (max(float(boxes[i][a]), float(boxes[j][a])) for a in (0, 1))
            right, bottom = (min(float(boxes[i][a]), float(boxes[j][a])) for a in (2, 3))
            shared = max(0.0, right - left) * max(0.0, bottom - top)
            areas = sum(float((b[2] - b[0]) * (b[3] - b[1])) for b in (boxes[i], boxes[j]))
            overlaps = overlaps or shared / (areas - shared) > threshold
        if not overlaps:
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)


operators.impl("nms", nms, "CPU")


class Suppression(nn.Module):
    """Boxes and scores [N, K, 5] to the places of those that remain, best first, counted from 1; the rest is 0."""

    def forward(self, x: Tensor) -> Tensor:
        places = torch.zeros(x.shape[0], x.shape[1], dtype=torch.int64)
        for i in range(x.shape[0]):
            kept = torch.ops.torchvision.nms(x[i, :, :4], x[i, :, 4], 0.5)
            places[i, : kept.shape[0]] = kept + 1
        return places


def save(name: str, module) -> None:
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    buffer.seek(0)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(name, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                info = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
                target.writestr(info, source.read(entry))


torch.manual_seed(7)
save("echo-scripted.pt", torch.jit.script(Echo().eval()))
classifier = Classifier().eval()
for parameter in classifier.parameters():
    nn.init.normal_(parameter, 0, 0.3)
# An image of 32 x 32 whose sample number i, row by row and red, green, blue, is 7 i modulo 256.
image = (7 * torch.arange(32 * 32 * 3) % 256).reshape(32, 32, 3).permute(2, 0, 1)[None] / 255
save("classifier-traced.pt", torch.jit.trace(classifier, image))
with torch.no_grad():
    print("classifier: softmax", classifier(image).softmax(1).tolist(), "sigmoid", classifier(image).sigmoid().tolist())
    print("classifier: logits", classifier(image).tolist(), "normalized", F.normalize(classifier(image)).tolist())
save("instances-scripted.pt", torch.jit.script(Instances().eval()))
save("one-image-scripted.pt", torch.jit.script(OneImage().eval()))
save("torchvision-scripted.pt", torch.jit.script(Torchvision().eval()))
save("coarse-scripted.pt", torch.jit.script(Coarse().eval()))
save("foreground-scripted.pt", torch.jit.script(Foreground().eval()))
save("logarithm-scripted.pt", torch.jit.script(Logarithm().eval()))
save("deep-scripted.pt", torch.jit.script(Deep().eval()))
save("fixed-scripted.pt", torch.jit.script(Fixed().eval()))
save("vector-scripted.pt", torch.jit.script(Vector().eval()))
suppression = torch.jit.script(Suppression().eval())
save("suppression-scripted.pt", suppression)
corners = torch.randint(0, 60, (1, 200, 2))
sizes = torch.randint(1, 40, (1, 200, 2))
boxes = torch.cat([corners, corners + sizes, torch.randint(0, 50, (1, 200, 1))], 2).to(torch.float32)
print("suppression:", suppression(boxes)[0].tolist())
np.savez("suppression.npz", input=boxes.numpy(), places=suppression(boxes).to(torch.float32).numpy())
