"""Writes programs of torch.export (.pt2) with inputs and PyTorch's outputs (.npz) into the folder torch-<version>.

Usage: python make.py [NAME ...], with torch 2.6.0, 2.7.1, 2.8.0 or 2.15.0 and numpy. The committed files were made on CPUs.
Metadata of nodes that the tests do not need, such as stack traces with paths, is left out.
An .npz holds run<i>.input<k> and run<i>.output<k>, the leaves of inputs and outputs in PyTorch's order.
"""
import json
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.export import Dim
from torch.nn import functional as F
from torch.utils import _pytree as pytree

OUT = Path(__file__).parent / ("torch-" + ".".join(torch.__version__.split(".")[:2]))
NEW = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 8)


def block(inputs, outputs, groups=2):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(groups, outputs), nn.ReLU(inplace=True))


class UNet(nn.Module):
    """Skips, sizes taken from tensors, a dictionary with one output."""

    def __init__(self):
        super().__init__()
        self.top, self.bottom, self.up = block(3, 4), block(4, 6, 3), block(10, 4)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, image):
        top = self.top(image)
        bottom = self.bottom(F.max_pool2d(top, 4))
        bottom = F.interpolate(bottom, size=top.shape[-2:], mode="bilinear", align_corners=False)
        return {"out": self.head(self.up(torch.cat([top, bottom], 1)))}


class Pyramid(nn.Module):
    """One head over three levels; a tuple of lists."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = block(3, 4), nn.Sequential(block(4, 4), block(4, 4))
        self.score, self.box = nn.Conv2d(4, 3, 1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        level, scores, boxes = self.stem(x), [], []
        for _ in range(3):
            level = F.max_pool2d(level, 2)
            features = self.head(level)
            scores.append(self.score(features).sigmoid())
            boxes.append(F.relu(self.box(features)))
        return scores, boxes


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(block(3, 4), nn.MaxPool2d(2), block(4, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))

    def forward(self, x):
        return self.body(x)


class Nested(nn.Module):
    """Arguments and keyword arguments that nest, one of them constant."""

    def __init__(self):
        super().__init__()
        self.body = block(3, 4)

    def forward(self, image, options, mixed, scale=1.0, *, levels=None):
        x = self.body(image) * options["gain"] + options["shift"] * scale
        return x + mixed["a"] + mixed["b"][0], [level * 2 for level in levels]


class Branch(nn.Module):
    """cond with two results, one within another."""

    def __init__(self):
        super().__init__()
        self.body = block(3, 4)

    def forward(self, x):
        def inner(v):
            return torch.cond(v.max() > 2, lambda u: u * 2, lambda u: u - 1, (v,))

        def positive(v):
            return self.body(inner(v)), v.mean((2, 3))

        def negative(v):
            return self.body(v) * 3, v.amax((2, 3))

        return torch.cond(x.mean() > 0.5, positive, negative, (x,))


class Point(NamedTuple):
    x: torch.Tensor
    y: torch.Tensor


if hasattr(pytree, "_register_namedtuple"):
    pytree._register_namedtuple(Point, serialized_type_name="make.Point")


class Outputs(nn.Module):
    """Dictionaries of several types, None, numbers, a named tuple."""

    def forward(self, x):
        rest = {"deep": [x + 1, {"deeper": x.sum()}], "none": None, "plain": x * 2}
        return rest, Point(x - 1, x - 2), x.shape[0] * 3, (x.mean(),)


class Norms(nn.Module):
    """Each kind of normalization; one module under two names; one without weights; functional ones."""

    def __init__(self):
        super().__init__()
        self.batch, self.instance = nn.BatchNorm2d(4), nn.InstanceNorm2d(4, affine=True)
        self.layer, self.plain = nn.LayerNorm([4, 8, 8]), nn.GroupNorm(2, 4, affine=False)
        self.one = nn.GroupNorm(2, 4, eps=1e-3)
        self.two = self.one
        self.tied = nn.GroupNorm(4, 4)
        self.tied.weight, self.tied.bias = self.one.weight, self.one.bias
        self.scale = nn.Parameter(torch.rand(4))
        self.batch.running_mean.uniform_()
        self.batch.running_var.uniform_(0.5, 2)

    def forward(self, x):
        x = self.layer(self.instance(self.batch(x)))
        x = self.plain(self.two(self.one(x))) + self.tied(x)
        return F.group_norm(x, 2, self.scale) + F.group_norm(x * 3, 1)


class Tensors(nn.Module):
    """Constants, buffers, infinities, shared and strided weights, an empty tensor."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        self.first, self.second = nn.Linear(6, 4, bias=False), nn.Linear(6, 4, bias=False)
        self.second.weight = self.first.weight
        whole = torch.randn(10, 6)
        self.part, self.transposed = nn.Parameter(whole[2:6]), nn.Parameter(whole[:6].t())
        self.register_buffer("kept", torch.arange(4))
        self.register_buffer("dropped", torch.rand(4), persistent=False)
        self.register_buffer("nothing", torch.zeros(0, 4))
        self.list = nn.ParameterList([torch.randn(4), torch.randn(4)])
        self.names = nn.ParameterDict({"in": torch.randn(4), "max": torch.randn(4)})

    def forward(self, x):
        y = self.conv(x).mean(2)
        z = self.first(y) + self.second(y).relu() + y @ self.transposed @ self.part.t()
        z = z * torch.tensor([1.0, -2.0, 0.5, 3.0]) + self.kept + self.dropped + self.list[0] + self.list[1]
        mask = torch.full((4, 4), float("-inf")).triu(1)
        z = (z + self.names["in"] * self.names["max"] + mask).softmax(-1)
        return torch.cat([z.flatten(0, 1), self.nothing])


class Sizes(nn.Module):
    """Arithmetic on free sizes."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(2, 4)

    def forward(self, x):
        n, c, h, w = x.shape
        y = F.pad(self.norm(x), (0, (3 - w % 3) % 3, 0, 0))
        y = F.interpolate(y, scale_factor=2.0, mode="nearest")
        z = x.reshape(n * c, h * w).unfold(1, 2, 2).sum(-1)
        grid = torch.arange(h * w // 2, device=x.device, dtype=x.dtype) / max(h, w)
        return y.flatten(2).transpose(1, 2), z + grid, x.new_zeros(n, h // 2, -(-w // 2)), x[:, :, : h - 1, 1:]


class Operators(nn.Module):
    """Keyword-only arguments, several results, lists, indices, texts."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 4, batch_first=True)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)

    def forward(self, x):
        y = x.clone()
        y[:, 1:3] = y[:, 1:3] * 2
        y[y > 1] = 0.5
        a, b = y.std(1, correction=0, keepdim=True), y.var((1, 2))
        values, places = torch.topk(y, 2, dim=-1, sorted=True)
        first, *_, last = torch.split(y, [1, 2, 2], dim=1)
        lstm, (hidden, _) = self.lstm(y)
        attended, weights = self.attention(y, y, y)
        parts = [
            torch.div(y, 0.3, rounding_mode="floor"), F.gelu(y, approximate="tanh"), torch.einsum("nlc,nkc->nlk", y, y),
            y.sum(-1, dtype=torch.float64), torch.where(y > 0, 1.0, y), torch.addmm(y[0], y[0], y[0, :, :5].new_ones(6, 6), beta=0.5, alpha=2),
            y.gather(2, places), F.one_hot(places, 6).float(), F.scaled_dot_product_attention(y, y, y, scale=0.7),
            torch.stack(y.unbind(1)), y.roll(1, 1), y.clamp(min=-0.5), y.cumsum(1), torch.linspace(0, 1, 6) * y, y.norm(dim=-1), y.tile(1, 2),
        ]
        return [*parts, a, b.unsqueeze(-1), values, first + last, lstm, hidden, attended, weights]


class NoGrad(nn.Module):
    """A part without gradients: a graph within the graph."""

    def __init__(self):
        super().__init__()
        self.body = block(3, 4)

    def forward(self, x):
        with torch.no_grad():
            y = self.body(x)
        return y + 1


class Integers(nn.Module):
    """Inputs of int64, uint8 and bool."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 4)

    def forward(self, ids, image, mask):
        return self.embedding(ids) * mask.unsqueeze(-1), image.float() / 255


class Aliases(nn.Module):
    """Changes its buffer by a name of the same memory: to() and contiguous() copy nothing here."""

    def __init__(self):
        super().__init__()
        self.register_buffer("kept", torch.zeros(1))

    def forward(self, x):
        kept = self.kept.to(torch.float32).contiguous()
        kept.add_(1)
        return x + kept


class Lists(nn.Module):
    """Changes its buffer as one of a list."""

    def __init__(self):
        super().__init__()
        self.register_buffer("kept", torch.zeros(1))

    def forward(self, x):
        torch._foreach_add_([x.clone(), self.kept], 1.0)
        return x + self.kept


class Counter(nn.Module):
    """Keeps state: refused."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x):
        self.count.add_(1)
        return x + self.count


def further(program):
    """Decomposes group_norm into means and variances, too."""
    from torch._decomp import core_aten_decompositions, get_decompositions

    table = core_aten_decompositions()
    table.update(get_decompositions([torch.ops.aten.native_group_norm]))
    return program.run_decompositions(table)


def without_traces(path):
    """Writes a program again with the module stacks as its only metadata."""

    def strip(value):
        if isinstance(value, dict):
            if "nn_module_stack" in value or "stack_trace" in value:
                return {key: text for key, text in value.items() if key == "nn_module_stack"}
            return {key: strip(item) for key, item in value.items()}
        return [strip(item) for item in value] if isinstance(value, list) else value

    with zipfile.ZipFile(path) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            if name.endswith("serialized_exported_program.json") or "/models/" in name:
                content = json.dumps(strip(json.loads(content))).encode()
            archive.writestr(zipfile.ZipInfo(name), content)


def rand(*shape):
    return torch.randn(*shape)


def cases():
    batch, height, width = Dim("batch", min=1, max=16), Dim("h", min=4, max=64), Dim("w", min=4, max=64)
    free = {0: batch, 2: 4 * height, 3: 4 * width}
    yield "unet", UNet(), [(rand(2, 3, 16, 24),), (rand(1, 3, 32, 16),), (rand(3, 3, 20, 28),)], {"image": free}, {}
    yield "pyramid", Pyramid(), [(rand(1, 3, 24, 32),)], None, {}
    yield "decomposed", Classifier(), [(rand(2, 3, 16, 16),), (rand(5, 3, 16, 16),)], {"x": {0: batch}}, {"then": lambda p: p.run_decompositions()}
    yield "decomposed-further", Classifier(), [(rand(2, 3, 16, 16),)], {"x": {0: batch}}, {"then": further}
    for name, dtype in ("half", torch.float16), ("bfloat16", torch.bfloat16), ("double", torch.float64):
        yield name, Classifier().to(dtype), [(rand(1, 3, 16, 16).to(dtype),)], None, {}
    yield "fixed-batch", Classifier(), [(rand(2, 3, 16, 16),)], None, {}
    nested = (rand(1, 3, 8, 8), {"gain": rand(1), "shift": rand(1)}, {"a": rand(1), "b": (rand(1), 3)})
    yield "nested", Nested(), [nested], None, {"kwargs": {"levels": [rand(2), rand(3)]}}
    yield "branch", Branch(), [(rand(1, 3, 8, 8),), (rand(1, 3, 8, 8) + 1,), (rand(1, 3, 8, 8) / 4 + 1,)], None, {}
    yield "outputs", Outputs(), [(rand(2, 3),), (rand(4, 3),)], {"x": {0: Dim("n", min=2, max=9)}}, {}
    yield "norms", Norms(), [(rand(2, 4, 8, 8),)], {"x": {0: batch}}, {}
    yield "tensors", Tensors(), [(rand(1, 3, 6, 8),)], None, {}
    sizes = {0: batch, 2: Dim("rows", min=4, max=64), 3: Dim("columns", min=4, max=64)}
    yield "sizes", Sizes(), [(rand(2, 4, 10, 12),), (rand(1, 4, 8, 11),)], {"x": sizes}, {}
    yield "operators", Operators(), [(rand(2, 5, 6),)], None, {}
    yield "no-grad", NoGrad(), [(rand(1, 3, 8, 8),)], None, {}
    integers = (torch.tensor([[1, 2, 3]]), torch.randint(0, 256, (1, 2, 2), dtype=torch.uint8), torch.tensor([[True, False, True]]))
    yield "integers", Integers(), [integers], None, {}
    yield "counter", Counter(), [(rand(1),)], None, {}
    yield "aliases", Aliases(), [(rand(1),)], None, {}
    yield "lists", Lists(), [(rand(1),)], None, {}
    yield "training", nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train(), [(rand(2, 3, 8, 8),)], None, {"train": True}


def main():
    OUT.mkdir(exist_ok=True)
    for name, model, inputs, shapes, more in cases():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        torch.manual_seed(7)
        for parameter in model.parameters():
            nn.init.uniform_(parameter, -0.5, 0.5)
        model.train(more.get("train", False))
        kwargs = more.get("kwargs", {})
        try:
            program = torch.export.export(model, inputs[0], kwargs, dynamic_shapes=shapes)
            program = more.get("then", lambda p: p)(program)
            torch.export.save(program, OUT / f"{name}.pt2")
            without_traces(OUT / f"{name}.pt2")
        except Exception as failure:
            print(f"{name}: torch {torch.__version__} does not export it: {type(failure).__name__}: {str(failure)[:300]}")
            continue
        arrays = {}
        for run, arguments in enumerate(inputs):
            with torch.no_grad():
                result = model(*arguments, **kwargs)
            given = [leaf for leaf in pytree.tree_leaves((arguments, kwargs)) if isinstance(leaf, torch.Tensor)]
            found = [leaf for leaf in pytree.tree_leaves(result) if leaf is not None]
            for kind, leaves in ("input", given), ("output", found):
                for i, leaf in enumerate(leaves):
                    tensor = torch.as_tensor(leaf)
                    wide = tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor
                    arrays[f"run{run}.{kind}{i}"] = wide.contiguous().numpy()
        np.savez(OUT / f"{name}.npz", **arrays)
        print(f"{name}: {(OUT / f'{name}.pt2').stat().st_size} bytes")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    main()
