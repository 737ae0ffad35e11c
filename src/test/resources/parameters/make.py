"""Writes archives that take an image and other tensors: python make.py

Made with PyTorch 2.7.1. Probabilities for an image of 32 x 32 whose sample number i, row by row and red, green, blue, is 7 i modulo 256,
and for some values, are printed.
"""

import io
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

HERE = Path(__file__).parent


class Conditioned(nn.Module):
    """A classifier of an image whose answer depends on two numbers and a number of a place, too."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.place = nn.Embedding(4, 8)
        self.numbers = nn.Linear(2, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, numbers: Tensor, image: Tensor, place: Tensor) -> Tensor:
        y = torch.relu(self.norm(self.conv(image))).mean((2, 3))
        return 4 * self.head(torch.tanh(y + self.numbers(numbers) + self.place(place).squeeze(1)))


class Steered(nn.Module):
    """A map of two classes: the second where red is above a threshold that comes as a number."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(3, 3)

    def forward(self, image: Tensor, least: Tensor) -> Tensor:
        red = 10 * (image[:, :1] - least[:, :, None, None]) + 0 * self.norm(image)[:, :1]
        return torch.cat([-red, red], 1)


def save(name, module):
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(module.eval()), buffer)
    buffer.seek(0)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(HERE / name, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), source.read(entry))


torch.manual_seed(9)
conditioned = Conditioned()
save("conditioned-scripted.pt", conditioned)
save("steered-scripted.pt", Steered())
image = (7 * torch.arange(32 * 32 * 3) % 256).reshape(32, 32, 3).permute(2, 0, 1)[None] / 255
for numbers, place in ([0.5, -1.0], 2), ([2.0, 0.25], 0):
    logits = conditioned(torch.tensor([numbers]), image, torch.tensor([[place]]))
    print(numbers, place, logits.softmax(1).tolist())
