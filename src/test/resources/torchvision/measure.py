"""Times the functions of gnserve beside the operators of torchvision: python measure.py, one thread, torch and torchvision.

Milliseconds, the best of five runs that take turns. The features are those of a pyramid for an image of 800 x 1216.
"""

import io
import re
import time
import zipfile
from pathlib import Path

import torch
import torchvision

RESOURCES = Path(__file__).resolve().parents[3] / "main/resources/dev/gnserve/archive"
MODULE = "__torch__.gnserve.missing."


def define(function: str, found: dict) -> None:
    if function not in found:
        found[function] = (RESOURCES / f"{function}.py").read_text()
        for other in re.findall(re.escape(MODULE) + r"(\w+)", found[function]):
            define(other, found)


def ours(name: str, signature: str, results: str):
    """The function as an archive runs it."""
    functions = {}
    define("torchvision_" + name, functions)
    names = ", ".join(part.split(":")[0] for part in signature.split(", "))
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Identity()), buffer)
    code = f"def forward(self: __torch__.M,\n    {signature}) -> {results}:\n    return {MODULE}torchvision_{name}({names})\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(archive, "w") as target:
        root = source.namelist()[0].split("/")[0]
        for entry in source.namelist():
            if entry.endswith("data.pkl"):
                target.writestr(entry, source.read(entry).replace(b"__torch__.torch.nn.modules.linear\nIdentity", b"__torch__\nM"))
            elif "/code/" not in entry:
                target.writestr(entry, source.read(entry))
        head = "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n  _is_full_backward_hook : Optional[bool]\n  "
        target.writestr(root + "/code/__torch__.py", head + code)
        target.writestr(root + "/code/__torch__/gnserve/missing.py", "".join(functions.values()))
    archive.seek(0)
    return torch.jit.load(archive)


def compare(what: str, theirs, function) -> None:
    times = {theirs: [], function: []}
    for call in (theirs, function):
        call()
    for _ in range(5):
        for call, taken in times.items():
            start = time.perf_counter()
            call()
            taken.append((time.perf_counter() - start) * 1000)
    a, b = min(times[theirs]), min(times[function])
    print(f"| {what} | {a:.1f} | {b:.1f} | {b / a:.2f} |", flush=True)


def on_levels(operator, count: int, bins: int, ratio: int):
    def call() -> None:
        for level, stride in enumerate((4, 8, 16, 32)):
            part = boxes[:count][levels[:count] == level]
            operator(features[level], torch.cat([torch.zeros(len(part), 1), part], 1), 1 / stride, bins, bins, ratio, False)

    return call


torch.set_num_threads(1)
torch.manual_seed(1)
print("torch", torch.__version__, "torchvision", torchvision.__version__)
print("| operator | torchvision ms | gnserve ms | ratio |\n| --- | ---: | ---: | ---: |")
features = [torch.randn(1, 256, 800 // stride, 1216 // stride) for stride in (4, 8, 16, 32)]
centre = torch.rand(1000, 2) * torch.tensor([1216.0, 800.0])
side, aspect = torch.exp(torch.rand(1000, 1) * 4 + 3), torch.exp(torch.randn(1000, 1) * 0.5)
half = torch.cat([side * aspect, side / aspect], 1) / 2
boxes = torchvision.ops.clip_boxes_to_image(torch.cat([centre - half, centre + half], 1), (800, 1216))
levels = (torch.log2(torchvision.ops.box_area(boxes).sqrt() / 224 + 1e-6) + 2).floor().clamp(0, 3)
ops = torch.ops.torchvision
with torch.inference_mode():
    five = "input: Tensor, rois: Tensor, scale: float, h: int, w: int"
    align = ours("roi_align", five + ", ratio: int, aligned: bool", "Tensor")
    for count, bins, ratio in ((1000, 7, 2), (1000, 14, 2), (1000, 7, 0), (1000, 14, 0), (100, 14, 2)):
        what = f"`roi_align`, {count} boxes, 256 channels, {bins} x {bins}, sampling ratio {ratio}"
        compare(what, on_levels(ops.roi_align, count, bins, ratio), on_levels(align, count, bins, ratio))
    rois = torch.cat([torch.zeros(1000, 1), boxes], 1)
    pool = ours("roi_pool", five, "Tuple[Tensor, Tensor]")
    args = (features[2], rois, 1 / 16, 7, 7)
    compare("`roi_pool`, 1000 boxes, 256 channels, 7 x 7", lambda: ops.roi_pool(*args), lambda: pool(*args))
    wide = (torch.randn(1, 490, 50, 76), *args[1:])
    ps = ours("ps_roi_align", five + ", ratio: int", "Tuple[Tensor, Tensor]")
    compare("`ps_roi_align`, 1000 boxes, 490 channels, 7 x 7", lambda: ops.ps_roi_align(*wide, 2), lambda: ps(*wide, 2))
    ps_pool = ours("ps_roi_pool", five, "Tuple[Tensor, Tensor]")
    compare("`ps_roi_pool`, the same", lambda: ops.ps_roi_pool(*wide), lambda: ps_pool(*wide))
    deform = ours(
        "deform_conv2d",
        "x: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, bias: Tensor, sh: int, sw: int, ph: int, pw: int, dh: int, dw: int,"
        " groups: int, shifts: int, masked: bool",
        "Tensor",
    )
    conv = (torch.randn(2, 256, 50, 76), torch.randn(256, 256, 3, 3), torch.randn(2, 18, 50, 76), torch.rand(2, 9, 50, 76))
    conv += (torch.zeros(256), 1, 1, 1, 1, 1, 1, 1, 1, True)
    compare("`deform_conv2d`, 2 x 256 x 50 x 76, 3 x 3", lambda: ops.deform_conv2d(*conv), lambda: deform(*conv))
    nms = ours("nms", "boxes: Tensor, scores: Tensor, limit: float", "Tensor")
    for count, side in ((1000, 80), (5000, 80), (5000, 300), (20000, 40)):
        corner = torch.rand(count, 2) * 1000
        many = torch.cat([corner, corner + torch.rand(count, 2) * side + 5], 1)
        scores = torch.rand(count)
        what = f"`nms`, {count} boxes of up to {side} pixels"
        compare(what, lambda: ops.nms(many, scores, 0.7), lambda: nms(many, scores, 0.7))
