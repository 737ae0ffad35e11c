"""Writes the archive, the image and the expected values of RegressionIT, and those of the bicubic scaling: python make.py

Made with PyTorch 2.7.1, transformers 5.24.0 and NumPy 2.4.6: the package's post_process_depth_estimation of DPT scales the output of the
network to the size of the image.
"""

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from transformers.models.dpt.image_processing_dpt import DPTImageProcessor

HERE = Path(__file__).parent
SIZES = ((7, 5, 23, 17), (16, 24, 9, 11), (12, 12, 12, 30), (3, 2, 64, 1))


class Depth(nn.Module):
    """Positive values without an axis for channels, [N, h, w], at half the resolution: as DPT's predicted_depth."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.softplus(self.head(torch.relu(self.norm(self.conv(x)))))[:, 0]


class Normals(nn.Module):
    """Two outputs: a map of three numbers a pixel, and another that is not used."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(1, 3)

    def forward(self, x: Tensor):
        y = 2 * x - 1 + 0 * self.norm(x)
        return {"normals": y, "certainty": y.mean(1, keepdim=True)}


def save(name, module):
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    buffer.seek(0)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(HERE / name, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), source.read(entry))


torch.manual_seed(21)
arrays = {}
for number, (height, width, new_height, new_width) in enumerate(SIZES):
    image = torch.randn(2, height, width)
    arrays[f"from{number}"] = image.numpy()
    arrays[f"to{number}"] = F.interpolate(
        image[None], size=(new_height, new_width), mode="bicubic", align_corners=False)[0].numpy()
np.savez_compressed(HERE / "bicubic.npz", **arrays)

depth = Depth().eval()
for parameter in depth.parameters():
    nn.init.normal_(parameter, 0, 0.7)
save("depth-scripted.pt", torch.jit.script(depth))
save("normals-scripted.pt", torch.jit.script(Normals().eval()))

yy, xx = np.mgrid[0:45, 0:70]
picture = np.stack([xx * 3, yy * 5, (xx * yy) % 251], 2).astype(np.uint8)
Image.fromarray(picture).save(HERE / "picture.png")
with torch.no_grad():
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    scaled = F.interpolate(pixels, size=(32, 48), mode="bilinear", antialias=True, align_corners=False) / 255
    output = depth(scaled)
    expected = DPTImageProcessor().post_process_depth_estimation(
        SimpleNamespace(predicted_depth=output), target_sizes=[(45, 70)])[0]["predicted_depth"]
np.savez_compressed(HERE / "depth.npz", expected=expected.numpy())
print("depth", float(expected.min()), float(expected.max()), float(expected.mean()), float(expected.std(unbiased=False)))
