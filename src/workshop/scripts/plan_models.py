"""Three networks for `bench plans`: python3 plan_models.py FOLDER

Writes model folders deeplab-gn, fcos-gn and unet-7m-gn with random weights: for speed, not for what they answer.
Versions used: torch 2.7.1, torchvision 0.22.1.
"""

import sys
from pathlib import Path

import torch
from torch import nn
from torchvision.models import resnet50
from torchvision.models.detection import FCOS
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.segmentation import deeplabv3_resnet50


def with_group_norm(module):
    """Puts 32 groups in the place of each batch norm."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.GroupNorm(32, child.num_features))
        else:
            with_group_norm(child)
    return module


class DeepLab(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = with_group_norm(deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=2, aux_loss=False))

    def forward(self, x):
        return self.net(x)["out"]


class Fcos(nn.Module):
    """Backbone, pyramid and heads; for each of the five strides logits, distances and centerness."""

    def __init__(self):
        super().__init__()
        backbone = _resnet_fpn_extractor(with_group_norm(resnet50(weights=None)), 5, [2, 3, 4],
                                         extra_blocks=None)
        self.net = FCOS(backbone, num_classes=3)

    def forward(self, x):
        levels = list(self.net.backbone(x).values())
        classes, boxes = self.net.head.classification_head, self.net.head.regression_head
        logits, distances, centers = [], [], []
        for level in levels:
            logits.append(classes.cls_logits(classes.conv(level)))
            regression = boxes.conv(level)
            distances.append(torch.relu(boxes.bbox_reg(regression)))
            centers.append(boxes.bbox_ctrness(regression))
        return tuple(logits + distances + centers)


def block(inputs, outputs):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(8, outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(8, outputs), nn.ReLU())


class UNet(nn.Module):
    """Four poolings, 32 to 512 channels, transposed convolutions upwards: 7.8 million parameters."""

    def __init__(self, widths=(32, 64, 128, 256, 512)):
        super().__init__()
        self.down = nn.ModuleList(block(a, b) for a, b in zip((3, *widths[:-1]), widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in zip(widths, widths[1:]))
        self.join = nn.ModuleList(block(2 * a, a) for a in widths[:-1])
        self.head = nn.Conv2d(widths[0], 2, 1)

    def forward(self, x):
        kept = []
        for number, down in enumerate(self.down):
            x = down(x if number == 0 else nn.functional.max_pool2d(x, 2))
            kept.append(x)
        for number in range(len(self.up) - 1, -1, -1):
            x = self.join[number](torch.cat([kept[number], self.up[number](x)], 1))
        return self.head(x)


SEGMENTATION = """task: segmentation
labels: [object]
input: {sizeMultiple: 16, padding: reflect, normalization: {kind: fixed, mean: [0.5, 0.5, 0.5], standardDeviation: [0.25, 0.25, 0.25]}}
output: {decoder: softmax, channels: [background, object]}
warmUp: {shapes: [[3, 256, 256]], batchSizes: [1]}
"""

DETECTION = """task: detection
labels: [a, b, c]
input: {sizeMultiple: 32, padding: reflect, normalization: {kind: fixed, mean: [0.5, 0.5, 0.5], standardDeviation: [0.25, 0.25, 0.25]}}
output: {decoder: fcos, locations: corner}
warmUp: {shapes: [[3, 256, 256]], batchSizes: [1]}
"""


def main():
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    for name, network, shape, manifest in (
            ("deeplab-gn", DeepLab(), (256, 256), SEGMENTATION),
            ("fcos-gn", Fcos(), (256, 256), DETECTION),
            ("unet-7m-gn", UNet(), (256, 256), SEGMENTATION)):
        network.eval()
        print(name, sum(p.numel() for p in network.parameters()) / 1e6, "million parameters")
        with torch.no_grad():
            traced = torch.jit.trace(network, torch.rand(1, 3, *shape))
        model = folder / name
        (model / "1").mkdir(parents=True, exist_ok=True)
        traced.save(str(model / "1" / "model.pt"))
        (model / "model.yaml").write_text(manifest)


main()
