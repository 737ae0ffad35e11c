"""Writes the archives of this folder: python make.py. Written with torch 2.15.0 and torchvision 0.29.2 on a CPU.

Each archive holds inputs of one operator of torchvision and what torchvision computes from them. Its forward calls the
operator for each case and returns the largest differences [1, cases]; a result of another shape or type counts as
1e9, and so does nan in one of two results. Debug entries, which hold paths, are left out.
"""

import io
import itertools
import zipfile
from typing import List, Tuple

import torch
import torchvision
from torch import Tensor, nn

G = torch.Generator().manual_seed(20261128)
KINDS = (torch.float32, torch.float64, torch.float16)


def apart(found: Tensor, expected: Tensor) -> Tensor:
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return torch.tensor(1e9)
    if found.numel() == 0:
        return torch.tensor(0.0)
    a = found.to(torch.float64)
    b = expected.to(torch.float64)
    off = torch.abs(a - b).masked_fill(a.isnan() & b.isnan(), 0.0)
    return torch.nan_to_num(off, 1e9).max().to(torch.float32)


class Cases(nn.Module):
    """Cases of one operator: tensors, numbers, and expected tensors."""

    def __init__(self, cases):
        super().__init__()
        self.tensors: List[List[Tensor]] = [list(tensors) for tensors, _, _, _ in cases]
        self.floats: List[float] = [float(scale) for _, scale, _, _ in cases]
        self.ints: List[List[int]] = [[int(number) for number in numbers] + [0] for _, _, numbers, _ in cases]
        self.expected: List[List[Tensor]] = [list(expected) for _, _, _, expected in cases]

    def forward(self, x: Tensor) -> Tensor:
        result: List[Tensor] = []
        for i in range(len(self.tensors)):
            found = self.call(self.tensors[i], self.floats[i], self.ints[i])
            worst = apart(found[0], self.expected[i][0])
            for j in range(1, len(found)):
                worst = torch.maximum(worst, apart(found[j], self.expected[i][j]))
            result.append(worst)
        return torch.stack(result)[None]


class Align(Cases):
    def call(self, t: List[Tensor], s: float, n: List[int]) -> List[Tensor]:
        return [torch.ops.torchvision.roi_align(t[0], t[1], s, n[0], n[1], n[2], n[3] > 0)]


class PsAlign(Cases):
    def call(self, t: List[Tensor], s: float, n: List[int]) -> List[Tensor]:
        result, mapping = torch.ops.torchvision.ps_roi_align(t[0], t[1], s, n[0], n[1], n[2])
        return [result, mapping]


class Pool(Cases):
    def call(self, t: List[Tensor], s: float, n: List[int]) -> List[Tensor]:
        result, places = torch.ops.torchvision.roi_pool(t[0], t[1], s, n[0], n[1])
        return [result, places]


class PsPool(Cases):
    def call(self, t: List[Tensor], s: float, n: List[int]) -> List[Tensor]:
        result, mapping = torch.ops.torchvision.ps_roi_pool(t[0], t[1], s, n[0], n[1])
        return [result, mapping]


class Deform(Cases):
    def call(self, t: List[Tensor], s: float, n: List[int]) -> List[Tensor]:
        return [
            torch.ops.torchvision.deform_conv2d(
                t[0], t[1], t[2], t[3], t[4], n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8] > 0
            )
        ]


class Nms(Cases):
    def call(self, t: List[Tensor], s: float, n: List[int]) -> List[Tensor]:
        return [torch.ops.torchvision.nms(t[0], t[1], s)]


def rois(count: int, images: int, width: float, height: float) -> Tensor:
    """Boxes in and around an image; the first ones outside, of size 0, the whole image, turned round, on whole numbers."""
    size = torch.tensor([width, height])
    centre = (torch.rand(count, 2, generator=G) * 1.4 - 0.2) * size
    half = torch.rand(count, 2, generator=G) ** 2 * size * 0.4
    boxes = torch.cat([centre - half, centre + half], 1)
    if count > 8:
        boxes[0] = torch.tensor([-900.0, -900.0, -800.0, -800.0])
        boxes[1] = torch.tensor([5.0, 5.0, 5.0, 5.0])
        boxes[2] = torch.tensor([0.0, 0.0, width, height])
        boxes[3] = torch.tensor([9.0, 9.0, 4.0, 4.0])
        boxes[4:8] = (boxes[4:8] * 2).round() / 2
    return torch.cat([torch.randint(0, images, (count, 1), generator=G).float(), boxes], 1)


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=G)


def save(name: str, cases: Cases) -> None:
    assert cases(torch.zeros(1)).max() == 0
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(cases.eval()), buffer)
    buffer.seek(0)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(name, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), source.read(entry))
    print(name, len(cases.tensors), "cases")


ops = torch.ops.torchvision
sizes, bins = ((7, 7), (3, 5)), ((3, 4), (2, 2))

cases = []
for kind, ratio, aligned, scale in itertools.product(KINDS, (-1, 0, 1, 2, 4), (True, False), (1.0, 1 / 16)):
    for (height, width), count in zip(sizes, (0, 13)):
        x, r = normal(2, 3, 11, 17).to(kind), rois(count, 2, 17 / scale, 11 / scale).to(kind)
        n = (height, width, ratio, aligned)
        cases.append(((x, r), scale, n, [ops.roi_align(x, r, scale, *n)]))
save("roi-align.pt", Align(cases))

cases = []
for kind, ratio, scale, (height, width) in itertools.product(KINDS, (-1, 2, 3), (1.0, 1 / 16), bins):
    x, r = normal(2, 2 * height * width, 7, 9).to(kind), rois(9, 2, 9 / scale, 7 / scale).to(kind)
    n = (height, width, ratio)
    cases.append(((x, r), scale, n, ops.ps_roi_align(x, r, scale, *n)))
cases.append(((x, r[:0]), scale, n, ops.ps_roi_align(x, r[:0], scale, *n)))
save("ps-roi-align.pt", PsAlign(cases))

pools, ps_pools = [], []
for kind, scale, (height, width), count in itertools.product(KINDS[:2], (1.0, 1 / 16), bins, (0, 13)):
    x, r = normal(2, 2 * height * width, 7, 9).to(kind), rois(count, 2, 9 / scale, 7 / scale).to(kind)
    n = (height, width)
    ties = (2 * x[:, :3]).round()
    pools.append(((ties, r), scale, n, ops.roi_pool(ties, r, scale, *n)))
    ps_pools.append(((x, r), scale, n, ops.ps_roi_pool(x, r, scale, *n)))
save("roi-pool.pt", Pool(pools))
save("ps-roi-pool.pt", PsPool(ps_pools))

cases, number = [], 0
for kind, images, groups, shifts, (kh, kw), stride, pad, dilation, masked in itertools.product(
    KINDS, (0, 2), (1, 2), (1, 3), ((3, 3), (1, 2)), (1, 2), (0, 2), (1, 2), (True, False)
):
    out_h = (9 + 2 * pad - dilation * (kh - 1) - 1) // stride + 1
    out_w = (11 + 2 * (pad + 1) - (dilation + 1) * (kw - 1) - 1) // (stride + 1) + 1
    number += 1
    if number % 11 or out_h * out_w > 60:  # Some of the small ones.
        continue
    x, w, bias = normal(images, 6, 9, 11), normal(4, 6 // groups, kh, kw), normal(4)
    offset = 3 * normal(images, 2 * shifts * kh * kw, out_h, out_w)
    offset[:1, :2] = offset[:1, :2].round()
    mask = torch.rand(images, shifts * kh * kw, out_h, out_w, generator=G) if masked else torch.zeros(images, 1)
    t = tuple(tensor.to(kind) for tensor in (x, w, offset, mask, bias))
    n = (stride, stride + 1, pad, pad + 1, dilation, dilation + 1, groups, shifts, masked)
    cases.append((t, 0.0, n, [ops.deform_conv2d(*t, *n)]))
save("deform-conv2d.pt", Deform(cases))

cases = []
for kind, count, whole, limit in itertools.product(KINDS[:2], (0, 1, 64, 65, 300), (True, False), (0.0, 0.1, 0.5, 0.7, 1.0)):
    boxes, scores = rois(count, 1, 60, 60)[:, 1:], torch.rand(count, generator=G)
    if whole:  # Equal scores, and overlaps that are exactly the limit.
        boxes, scores = boxes.round(), (10 * scores).round()
    t = (boxes.to(kind), scores.to(kind))
    cases.append((t, limit, (), [ops.nms(*t, limit)]))
save("nms.pt", Nms(cases))
print(torch.__version__, torchvision.__version__)
