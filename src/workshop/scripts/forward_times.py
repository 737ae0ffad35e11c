"""Processor time of the forward pass of networks for a picture of 1024 x 1024 pixels: python forward_times.py NUCLEI.pt

Beside these stand the decoders of `bench outputs`. Needs torch, transformers and ultralytics; weights are random. The U-Nets have the
layers that the papers and configurations of StarDist (Config2D: depth 3, 32 filters, 128 features, 32 rays) and Cellpose (CPnet: 32, 64,
128 and 256 filters, two residual pairs of convolutions a level) state. One thread, the median of 3 passes after one other.
"""

import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

SIDE = 1024


def pair(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU())


class StarDist(nn.Module):
    def __init__(self):
        super().__init__()
        sides = [32, 64, 128]
        self.down = nn.ModuleList(pair(a, b) for a, b in zip([3, *sides], sides))
        self.middle = pair(128, 256)
        self.reduce = nn.Conv2d(256, 128, 3, padding=1)
        self.up = nn.ModuleList(pair(a, b) for a, b in ((256, 64), (128, 32), (64, 32)))
        self.features = nn.Conv2d(32, 128, 3, padding=1)
        self.heads = nn.Conv2d(128, 1 + 32, 1)

    def forward(self, x):
        kept = []
        for block in self.down:
            x = block(x)
            kept.append(x)
            x = F.max_pool2d(x, 2)
        x = F.relu(self.reduce(self.middle(x)))
        for block in self.up:
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0), kept.pop()], 1))
        return self.heads(F.relu(self.features(x)))


class Convolution(nn.Sequential):
    """As batchconv: normalization, ReLU, convolution."""

    def __init__(self, a, b):
        super().__init__(nn.BatchNorm2d(a), nn.ReLU(), nn.Conv2d(a, b, 3, padding=1))


class Residual(nn.Module):
    def __init__(self, a, b, skip=0):
        super().__init__()
        self.project = nn.Sequential(nn.BatchNorm2d(a), nn.Conv2d(a, b, 1))
        self.first, self.second = Convolution(a, b), Convolution(b + skip, b)
        self.third, self.fourth = Convolution(b, b), Convolution(b, b)

    def forward(self, x, skip=None):
        y = self.first(x)
        y = self.project(x) + self.second(y if skip is None else y + skip)
        return y + self.fourth(self.third(y))


class Cellpose(nn.Module):
    def __init__(self):
        super().__init__()
        sides = [32, 64, 128, 256]
        self.down = nn.ModuleList(Residual(a, b) for a, b in zip([2, *sides], sides))
        self.up = nn.ModuleList(Residual(a, b) for a, b in ((256, 256), (256, 128), (128, 64), (64, 32)))
        self.head = Convolution(32, 3)

    def forward(self, x):
        kept = []
        for i, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if i else x)
            kept.append(x)
        x = self.up[0](x, kept.pop())
        for block in self.up[1:]:
            x = block(F.interpolate(x, scale_factor=2.0), kept.pop())
        return self.head(x)


def mask2former():
    from transformers import Mask2FormerConfig, Mask2FormerForUniversalSegmentation
    return Mask2FormerForUniversalSegmentation(Mask2FormerConfig(num_queries=500, num_labels=80))


def yolo():
    from ultralytics import YOLO
    return YOLO("yolov8n.yaml").model


def main(nuclei):
    torch.set_num_threads(1)
    networks = {"softmax, sigmoid, classes: nuclei-unet-gn": (lambda: torch.jit.load(nuclei), 3), "stardist": (StarDist, 3), "cellpose": (Cellpose, 2),
                "yolo: yolov8n": (yolo, 3), "mask2former: Swin-T": (mask2former, 3)}
    for name, (make, channels) in networks.items():
        network, picture, times = make().eval(), torch.rand(1, channels, SIDE, SIDE), []
        with torch.no_grad():
            for _ in range(4):
                began = time.process_time()
                network(picture)
                times.append(time.process_time() - began)
        print(f"{name:45} {1000 * statistics.median(times[1:]):8.0f} ms", flush=True)


main(sys.argv[1])
