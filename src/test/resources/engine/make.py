"""Writes archives of this folder, one for each structure of outputs, with torch 2.7.1: python make.py. Debug entries, which hold
paths, are left out. What each model computes can be computed by hand; the tests do. The older archives beside them, and
optional-key.pt (a list of dictionaries, one with more keys when the image's maximum is over 5), are not written here.
"""

import io
import zipfile
from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn


class Masks(nn.Module):
    """For every image of a list one mask for each of its columns: as many as the image is wide."""

    def forward(self, images: List[Tensor]) -> List[Tensor]:
        return [image.sum(0).permute(1, 0)[:, :, None] for image in images]


class Levels(nn.Module):
    """A batch in, a list of two outputs out, each with the batch as its first axis."""

    def forward(self, x: Tensor) -> List[Tensor]:
        return [x.amax((1, 2, 3)), x.amin((1, 2, 3))]


class Level(nn.Module):
    """A list of one output."""

    def forward(self, x: Tensor) -> List[Tensor]:
        return [x.amax((2, 3))]


class Pairs(nn.Module):
    """For every image a tuple: the pixels over 5, their number as an integer and as a float, whether there are any."""

    def forward(self, x: Tensor) -> List[Tuple[Tensor, int, float, bool, List[int], Optional[Tensor]]]:
        found: List[Tuple[Tensor, int, float, bool, List[int], Optional[Tensor]]] = []
        for i in range(x.shape[0]):
            over = x[i][x[i] > 5]
            count = int(over.shape[0])
            mean: Optional[Tensor] = None
            if count > 0:
                mean = over.mean()
            found.append((over, count, 0.5 * count, count > 0, [count, 2 * count], mean))
        return found


class ListsPerImage(nn.Module):
    """Two lists, one with the boxes and one with the scores of every image."""

    def forward(self, x: Tensor) -> Tuple[List[Tensor], List[Tensor]]:
        boxes = [x[i, 0, :, :1].expand(-1, 4) for i in range(x.shape[0])]
        return boxes, [box[:, 0] for box in boxes]


class Nested(nn.Module):
    """Dictionaries in a dictionary, and an output that is not there."""

    def forward(self, x: Tensor) -> Tuple[Dict[str, Dict[str, Tensor]], Optional[Tensor]]:
        aux: Optional[Tensor] = None
        if x.amax() > 1000:
            aux = x
        return {"a": {"max": x.amax((1, 2, 3))}, "b": {"max": x.amin((1, 2, 3))}}, aux


class Numbered(nn.Module):
    """A batched output and a number beside it."""

    def forward(self, x: Tensor) -> Tuple[Tensor, int]:
        return x.amax((1, 2, 3)), x.shape[0]


class IntegerKeys(nn.Module):
    """A dictionary whose keys are no names."""

    def forward(self, x: Tensor) -> Dict[int, Tensor]:
        return {1: x}


class Sometimes(nn.Module):
    """For every image a dictionary, which is empty when no pixel is over 5."""

    def forward(self, x: Tensor) -> List[Dict[str, Tensor]]:
        found: List[Dict[str, Tensor]] = []
        for i in range(x.shape[0]):
            one: Dict[str, Tensor] = {}
            if x[i].amax() > 5:
                one["peak"] = x[i].amax()
            found.append(one)
        return found


class FirstOnly(nn.Module):
    """A list with one dictionary, whatever the batch is."""

    def forward(self, x: Tensor) -> List[Dict[str, Tensor]]:
        return [{"peak": x.amax()}]


class Losses(nn.Module):
    """A detector in training mode: losses that are not empty."""

    def forward(self, x: Tensor) -> Tuple[Dict[str, Tensor], List[Dict[str, Tensor]]]:
        return {"loss": x.sum()}, [{"peak": x[i].amax()} for i in range(x.shape[0])]


def save(module: nn.Module, name: str) -> None:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(module.eval()), buffer)
    buffer.seek(0)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(name, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                info = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
                target.writestr(info, source.read(entry))


save(Masks(), "masks-scripted.pt")
save(Levels(), "levels-scripted.pt")
save(Level(), "level-scripted.pt")
save(Pairs(), "pairs-scripted.pt")
save(ListsPerImage(), "lists-per-image-scripted.pt")
save(Nested(), "nested-scripted.pt")
save(Numbered(), "numbered-scripted.pt")
save(IntegerKeys(), "integer-keys-scripted.pt")
save(Sometimes(), "sometimes-scripted.pt")
save(FirstOnly(), "first-only-scripted.pt")
save(Losses(), "losses-scripted.pt")
