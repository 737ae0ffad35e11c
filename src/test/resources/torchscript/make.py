"""Writes the archives of this folder with torch 2.13, the last two with 2.7.1: python make.py. Debug entries, which hold paths, are left out."""

import enum
import io
import sys
import tempfile
import zipfile
from typing import List, Tuple

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.mobile_optimizer import optimize_for_mobile


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1)
        self.norm = nn.GroupNorm(2, 8)

    def forward(self, x):
        return self.norm(self.conv(x))


class Mode(enum.Enum):
    PLAIN = 1
    RELU = 2


class WithEnum(Base):
    """An attribute that is a member of an enum: libtorch pickles it as a call without a tuple of arguments."""

    def __init__(self):
        super().__init__()
        self.mode = Mode.RELU

    def forward(self, x):
        y = self.norm(self.conv(x))
        if self.mode == Mode.RELU:
            return torch.relu(y)
        return y


def normalize_again(self, input: Tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
    return F.group_norm(output, 4)


class WithHook(nn.Module):
    """The hook of a submodule is called as a function of its class: Inner.normalize_again(inner, (x,), y)."""

    def __init__(self):
        super().__init__()
        self.inner = Base()
        self.inner.register_forward_hook(normalize_again)

    def forward(self, x):
        return self.inner(x)


def normalize_twice(x, groups: int):
    return F.group_norm(F.group_norm(x, groups), groups)


class WithForks(nn.Module):
    """Calls that run on other threads, of modules and of a free function; printed as functions within the method."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1)
        self.norms = nn.ModuleList([nn.GroupNorm(groups, 8) for groups in (1, 2, 4)])

    def forward(self, x):
        y = self.conv(x)
        futures: List[torch.jit.Future[torch.Tensor]] = []
        for norm in self.norms:
            futures.append(torch.jit.fork(norm, y))
        futures.append(torch.jit.fork(normalize_twice, y, 2))
        total = torch.zeros_like(y)
        for future in futures:
            total = total + torch.jit.wait(future)
        return total


class CentredNorm(nn.Module):
    """Group Normalization whose scale is 1 + weight, and buffers of types that came late to PyTorch."""

    def __init__(self, groups, channels):
        super().__init__()
        self.num_groups = groups
        self.weight = nn.Parameter(torch.randn(channels) / 10)
        self.bias = nn.Parameter(torch.randn(channels) / 10)
        self.register_buffer("places", torch.arange(4).to(torch.uint16))
        self.register_buffer("phases", torch.zeros(2, dtype=torch.complex32))
        self.register_buffer("scales", torch.ones(3).to(torch.float8_e4m3fn))

    def forward(self, x):
        return F.group_norm(x, self.num_groups, self.weight + 1.0, self.bias)


def strip(whole, file):
    with zipfile.ZipFile(whole) as whole, zipfile.ZipFile(file, "w") as stripped:
        for entry in whole.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                stripped.writestr(zipfile.ZipInfo(entry.filename), whole.read(entry))


def save(model, file):
    torch.manual_seed(1)
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(model.eval()), buffer)
    strip(buffer, file)


def save_late():
    """The root folder of an archive is the name of the file that it is saved to; archives for mobile devices name storages by files."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(3, 8, 1), CentredNorm(2, 8)).eval()
    with tempfile.TemporaryDirectory() as folder:
        torch.jit.save(torch.jit.script(model), f"{folder}/run 2026-11-30 12:30:45.pt")
        strip(f"{folder}/run 2026-11-30 12:30:45.pt", "centred-scripted.pt")
        mobile = optimize_for_mobile(torch.jit.script(nn.Sequential(nn.Conv2d(3, 8, 1), nn.GroupNorm(2, 8)).eval()))
        mobile._save_for_lite_interpreter(f"{folder}/model.ptl")
        strip(f"{folder}/model.ptl", "mobile-scripted.pt")


if len(sys.argv) == 1:
    torch.manual_seed(1)
    save(WithEnum(), "enum-scripted.pt")
    save(WithForks(), "fork-scripted.pt")
    save(WithHook(), "hook-scripted.pt")
save_late()  # alone with the argument "late"
