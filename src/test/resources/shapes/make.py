"""Writes small TorchScript archives with inputs of several shapes (.pt), and inputs and outputs of PyTorch (.npz).

Usage: python make.py, with torch 2.15.0 and numpy. An .npz holds x0, x1, ... in the order of forward, and y0, y1, ... .
"""
import zipfile
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np
import torch
from torch import nn

OUT = Path(__file__).parent


def block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(2, outputs), nn.ReLU())


class TwoInputs(nn.Module):
    """A picture and a mask of another rank."""

    def __init__(self):
        super().__init__()
        self.body, self.head = block(3, 4), nn.Linear(4, 3)

    def forward(self, image, mask):
        weights = mask.unsqueeze(1)
        return self.head((self.body(image) * weights).sum((2, 3)) / weights.sum((2, 3)).clamp(min=1))


class Containers(nn.Module):
    """A dictionary, a list and a tuple; an argument with a default value."""

    def __init__(self):
        super().__init__()
        self.body = block(3, 4)

    def forward(self, views: Dict[str, torch.Tensor], levels: List[torch.Tensor], pair: Tuple[torch.Tensor, torch.Tensor], scale: float = 2.0):
        y = self.body(views["left"]) - self.body(views["right"])
        return {"difference": y * scale, "sum": levels[0] + levels[1] + pair[0] * pair[1]}


class Chosen(nn.Module):
    """Boxes of one picture without a batch, as detectron2 exports them; CHW or NCHW, a scalar and an empty output."""

    def __init__(self):
        super().__init__()
        self.body = block(3, 4)

    def forward(self, image):
        y = self.body(image.reshape(1, 3, image.shape[-2], image.shape[-1]))[0]
        scores = y.mean((1, 2))
        order = scores.argsort(descending=True)
        boxes = torch.stack([scores, scores * 2, scores + 3, scores + 4], 1)
        return boxes[order][:3], order[:3], y.mean(), boxes[scores > 1e9]


class Clip(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv3d(3, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.Linear(4, 3)

    def forward(self, clip):
        return self.head(self.norm(self.conv(clip)).relu().mean((2, 3, 4)))


class Volume(nn.Module):
    """One channel: without the batch axis, its sizes look like a batch of one picture."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv3d(1, 4, 3, padding=1), nn.GroupNorm(2, 4)

    def forward(self, volume):
        return self.norm(self.conv(volume))


class FixedSize(nn.Module):
    """A tracer keeps the sizes of its example, so it runs 6 x 10 only, and one at a time."""

    def __init__(self):
        super().__init__()
        self.body = block(3, 4)

    def forward(self, image):
        y = self.body(image)
        place = torch.arange(6 * 10, dtype=torch.float32).reshape(1, 1, 6, 10)
        return y.reshape(1, 4, -1).softmax(-1).reshape(1, 4, 6, 10) + place


class FourChannels(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = block(4, 4), nn.Conv2d(4, 3, 1)

    def forward(self, image):
        return self.head(self.body(image))


def without_debug(path):
    """Writes an archive again without its debug entries, which hold paths."""
    with zipfile.ZipFile(path) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist() if not name.endswith(".debug_pkl")]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content)


def save(name, model, inputs, script=False):
    torch.manual_seed(3)
    for parameter in model.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    model.eval()
    with torch.no_grad():
        saved = torch.jit.script(model) if script else torch.jit.trace(model, inputs, check_trace=False)
        found = model(*inputs)
    saved.save(OUT / f"{name}.pt")
    without_debug(OUT / f"{name}.pt")
    leaves = torch.utils._pytree.tree_leaves(inputs)
    results = torch.utils._pytree.tree_leaves(found)
    arrays = {f"x{i}": leaf.numpy() for i, leaf in enumerate(leaves)} | {f"y{i}": leaf.numpy() for i, leaf in enumerate(results)}
    np.savez(OUT / f"{name}.npz", **arrays)


def main():
    torch.manual_seed(1)
    save("two-inputs", TwoInputs(), (torch.rand(2, 3, 8, 12), (torch.rand(2, 8, 12) > 0.3).float()))
    views = {"left": torch.rand(2, 3, 6, 6), "right": torch.rand(2, 3, 6, 6)}
    containers = (views, [torch.rand(2, 5), torch.rand(2, 5)], (torch.rand(2, 5), torch.rand(2, 5)))
    save("containers", Containers(), containers, script=True)
    save("chosen", Chosen(), (torch.rand(3, 8, 12),), script=True)
    save("clip", Clip(), (torch.rand(2, 3, 4, 6, 6),))
    save("fixed-size", FixedSize(), (torch.rand(1, 3, 6, 10),))
    save("four-channels", FourChannels(), (torch.rand(2, 4, 8, 8),))
    save("volume", Volume(), (torch.rand(2, 1, 4, 6, 6),), script=True)


main()
