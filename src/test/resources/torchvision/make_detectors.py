"""Writes mask-rcnn.pt and mask-rcnn.npz: python make_detectors.py. Written with torch 2.15.0 and torchvision 0.29.2 on a CPU.

torchvision's Mask R-CNN with Group Normalization in its backbone and heads, random weights, scripted. The .npz holds an image
[3, 70, 90] of 0 to 1 and what the archive returns for it in Python.
"""

import io
import zipfile

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN, faster_rcnn, mask_rcnn
from torchvision.models.detection.anchor_utils import AnchorGenerator


def norm(channels: int) -> nn.Module:
    return nn.GroupNorm(4, channels)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, 4, 1), norm(16), nn.ReLU(), nn.Conv2d(16, 16, 3, 2, 1), norm(16), nn.ReLU()
        )
        self.out_channels = 16

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


torch.manual_seed(4)
model = MaskRCNN(
    Backbone(),
    min_size=96,
    max_size=160,
    rpn_anchor_generator=AnchorGenerator(((16, 32, 64),), ((0.5, 1.0, 2.0),)),
    rpn_head=None,
    box_head=faster_rcnn.FastRCNNConvFCHead((16, 7, 7), [16], [32], norm_layer=norm),
    box_predictor=faster_rcnn.FastRCNNPredictor(32, 4),
    mask_head=mask_rcnn.MaskRCNNHeads(16, [16], 1, norm_layer=norm),
    mask_predictor=mask_rcnn.MaskRCNNPredictor(16, 16, 4),
    box_detections_per_img=8,
).eval()
with torch.no_grad():
    model.roi_heads.box_predictor.cls_score.weight.mul_(8)
image = nn.functional.avg_pool2d(torch.rand(1, 3, 70, 90), 7, 1, 3)[0]
buffer = io.BytesIO()
torch.jit.save(torch.jit.script(model), buffer)
buffer.seek(0)
with zipfile.ZipFile(buffer) as source, zipfile.ZipFile("mask-rcnn.pt", "w") as target:
    for entry in source.infolist():
        if not entry.filename.endswith(".debug_pkl"):
            target.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), source.read(entry))
with torch.no_grad():
    result = torch.jit.load("mask-rcnn.pt")([image])[1][0]
result["labels"] = result["labels"].to(torch.float32)
np.savez_compressed("mask-rcnn.npz", image=image.numpy(), **{name: value.numpy() for name, value in result.items()})
print({name: tuple(value.shape) for name, value in result.items()}, result["scores"], result["labels"])
