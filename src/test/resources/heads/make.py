"""Writes archives with several outputs: python make.py

Made with PyTorch 2.7.1. What they compute is printed, for an image of 32 x 32 whose sample number i, row by row and red, green, blue, is
7 i modulo 256.
"""

import io
import zipfile
from pathlib import Path
from typing import Dict, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HERE = Path(__file__).parent


class Heads(nn.Module):
    """Two classifiers over one backbone, and its features."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.age = nn.Linear(8, 3)
        self.sex = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        y = torch.relu(self.norm(self.conv(x))).mean((2, 3))
        return {"age": 4 * self.age(y), "sex": 4 * self.sex(y), "features": y}


class Deep(nn.Module):
    """Deep supervision: the same classes at full and at half resolution, as a tuple."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(3, 3)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        y = 10 * (x - 0.5) + 0 * self.norm(x)
        return y, -F.avg_pool2d(y, 2)


def save(name, module):
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(module.eval()), buffer)
    buffer.seek(0)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(HERE / name, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), source.read(entry))


torch.manual_seed(9)
heads = Heads()
save("heads-scripted.pt", heads)
save("deep-scripted.pt", Deep())
image = (7 * torch.arange(32 * 32 * 3) % 256).reshape(32, 32, 3).permute(2, 0, 1)[None] / 255
with torch.no_grad():
    found = heads(image)
    print("age: softmax", found["age"].softmax(1).tolist(), "sex: sigmoid", found["sex"].sigmoid().tolist())
