"""Writes archives of other floating-point types than float32, and two with dropout, one of them in training mode: python
make_types.py, torch 2.15.

Each *-traced.npz and *-scripted.npz holds an input as float32 and PyTorch's result as float32. Debug entries, which hold
paths, are left out.
"""

import io
import zipfile

import numpy as np
import torch
from torch import Tensor, nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1)
        self.norm = nn.GroupNorm(4, 16)
        self.drop = nn.Dropout(0.5)
        self.last = nn.Conv2d(16, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.drop(torch.relu(self.norm(self.conv(x)))))


class Float32Norm(Network):
    """Normalizes in float32 within a network of another type."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return self.last(torch.relu(self.norm(y.to(torch.float32))).to(y.dtype))


class OwnConversion(Network):
    """Scales in the type of the input, then converts itself."""

    def forward(self, x: Tensor) -> Tensor:
        scaled = x * 255.0 - 127.3
        return self.last(torch.relu(self.norm(self.conv((scaled / 64.0).to(torch.float16)))))


class Attention(nn.Module):
    """PyTorch's attention, whose call of dropout always has the flag of training."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 2, dropout=0.5, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x)[0]


def save(name: str, module) -> None:
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    buffer.seek(0)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(name, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), source.read(entry))


torch.manual_seed(11)
image = torch.rand(1, 3, 12, 16)
for name, kind in (("half", torch.float16), ("bfloat16", torch.bfloat16), ("double", torch.float64)):
    x = image.to(kind)
    model = Network().eval().to(kind)
    mixed = Float32Norm().eval().to(kind)
    mixed.norm.float()
    with torch.no_grad():
        save(f"{name}-traced.pt", torch.jit.trace(model, x))
        np.savez(f"{name}-traced.npz", input=image.numpy(), output=model(x).float().numpy())
        save(f"{name}-mixed-scripted.pt", torch.jit.script(mixed))
        np.savez(f"{name}-mixed-scripted.npz", input=image.numpy(), output=mixed(x).float().numpy())
own = OwnConversion().eval().half()
with torch.no_grad():
    save("half-own-scripted.pt", torch.jit.script(own))
    np.savez("half-own-scripted.npz", input=image.numpy(), output=own(image).float().numpy())
save("dropout-traced.pt", torch.jit.trace(Network().train(), image, check_trace=False))
save("attention-scripted.pt", torch.jit.script(Attention().eval()))
