"""Writes the archives of this folder with torch 2.13: python make.py. Debug entries, which hold paths, are left out."""

import enum
import io
import zipfile
from typing import List, Tuple

import torch
from torch import nn
from torch.nn import functional as F


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


def save(model, file):
    torch.manual_seed(1)
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(model.eval()), buffer)
    with zipfile.ZipFile(buffer) as whole, zipfile.ZipFile(file, "w") as stripped:
        for entry in whole.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                stripped.writestr(zipfile.ZipInfo(entry.filename), whole.read(entry))


torch.manual_seed(1)
save(WithEnum(), "enum-scripted.pt")
save(WithForks(), "fork-scripted.pt")
save(WithHook(), "hook-scripted.pt")
