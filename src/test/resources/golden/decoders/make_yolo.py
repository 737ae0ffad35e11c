"""Tables of YOLO networks with what the package ultralytics makes of them: python make_yolo.py

Made with ultralytics 8.4.190, PyTorch 2.7.1 and NumPy 2.4.6. The reference is ultralytics.utils.nms.non_max_suppression. A table with
objectness (YOLOv5) becomes one without it as YOLOv5 does: the probabilities of the labels are multiplied by it.

Levels and chosen boxes are those of the package's head (Detect) with random weights, whose forward pass gives both the raw maps and what
they are decoded to: with distributions of 16 bins (YOLOv8), without any (YOLO26), and end to end (YOLOv10).
"""

from pathlib import Path

import numpy as np
import torch
from ultralytics.nn.modules.head import Detect
from ultralytics.utils.nms import non_max_suppression

HERE = Path(__file__).parent
WIDTH, HEIGHT = 96, 64
LABELS = 3


def table(seed, locations, objects):
    """Objects, each with several boxes that overlap, and many boxes with low scores."""
    g = torch.Generator().manual_seed(seed)
    centres = torch.rand(objects, 2, generator=g) * torch.tensor([WIDTH, HEIGHT])
    sides = 8 + torch.rand(objects, 2, generator=g) * 30
    chosen = torch.randint(0, objects, (locations,), generator=g)
    boxes = torch.cat([centres[chosen] + torch.randn(locations, 2, generator=g) * 2,
                       sides[chosen] * (1 + 0.1 * torch.randn(locations, 2, generator=g))], 1)
    scores = torch.rand(locations, LABELS, generator=g) ** 4
    return boxes, scores


def save(name, rows, output, **limits):
    found = non_max_suppression(rows.T[None].clone(), max_det=300, nc=LABELS, **limits)[0]
    boxes = found[:, :4].clone()
    boxes[:, 0::2] = boxes[:, 0::2].clamp(0, WIDTH)
    boxes[:, 1::2] = boxes[:, 1::2].clamp(0, HEIGHT)
    np.savez_compressed(HERE / f"{name}.npz", output=output.numpy(), expected_boxes=boxes.numpy(),
                        expected_scores=found[:, 4].numpy(), expected_labels=found[:, 5].numpy())
    print(name, tuple(output.shape), len(found))


boxes, scores = table(1, 300, 12)
rows = torch.cat([boxes, scores], 1)
save("yolov8", rows, rows.T.contiguous(), conf_thres=0.25, iou_thres=0.7)
save("yolov8-agnostic", rows, rows.T.contiguous(), conf_thres=0.25, iou_thres=0.45, agnostic=True)
boxes, scores = table(2, 300, 12)
objectness = torch.rand(300, 1, generator=torch.Generator().manual_seed(3))
rows = torch.cat([boxes, scores * objectness], 1)
save("yolov5", rows, torch.cat([boxes, objectness, scores], 1), conf_thres=0.25, iou_thres=0.45)


def head(seed, bins, end_to_end, sides=((8, 12), (4, 6), (2, 3))):
    """A head over three levels: the raw maps of each, and its decoded output [1, 4 + labels, locations], or [1, K, 6] end to end."""
    torch.manual_seed(seed)
    detect = Detect(nc=LABELS, reg_max=bins, end2end=end_to_end, ch=(16, 24, 32)).eval()
    detect.end2end = end_to_end
    detect.stride = torch.tensor([8.0, 16.0, 32.0])
    with torch.no_grad():
        for module in detect.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_var.fill_(0.2)
        features = [3 * torch.randn(1, channels, *side) for channels, side in zip((16, 24, 32), sides)]
        boxes, classes = detect.one2many["box_head"], detect.one2many["cls_head"]
        for layer in (m[-1] for part in detect.children() if isinstance(part, torch.nn.ModuleList) for m in part):
            if layer.out_channels == LABELS:
                layer.bias.sub_(0.5)
            elif bins > 1:  # Short distances are more probable.
                layer.bias.sub_(0.6 * torch.arange(bins).repeat(4))
            else:
                layer.bias.add_(1.5)
        maps = [(boxes[i](f), classes[i](f)) for i, f in enumerate(features)]
        return maps, detect(features)[0]


def save_levels(name, seed, bins, split):
    maps, decoded = head(seed, bins, False)
    found = non_max_suppression(decoded.clone(), max_det=300, nc=LABELS, conf_thres=0.25, iou_thres=0.45)[0]
    parts = [part[0] for pair in maps for part in (pair if split else (torch.cat(pair, 1),))]
    keep(name, {f"output{i}": part for i, part in enumerate(parts)}, found)


def save_chosen(name, seed):
    _, rows = head(seed, 16, True)
    rows = torch.cat([rows, torch.zeros(1, 20, 6)], 1)  # Padding, as exports with a fixed number of rows have it.
    keep(name, {"output": rows[0]}, non_max_suppression(rows, conf_thres=0.25, end2end=True)[0])


def keep(name, outputs, found):
    boxes = found[:, :4].clone()
    boxes[:, 0::2] = boxes[:, 0::2].clamp(0, WIDTH)
    boxes[:, 1::2] = boxes[:, 1::2].clamp(0, HEIGHT)
    np.savez_compressed(HERE / f"{name}.npz", **{key: value.numpy() for key, value in outputs.items()},
                        expected_boxes=boxes.numpy(), expected_scores=found[:, 4].numpy(), expected_labels=found[:, 5].numpy())
    print(name, {key: tuple(value.shape) for key, value in outputs.items()}, len(found), len(found[:, 5].unique()),
          "sides", (found[:, 2] - found[:, 0]).min().item(), (found[:, 2] - found[:, 0]).max().item())


save_levels("yolo-levels", 8, 16, False)
save_levels("yolo-levels-split", 5, 16, True)
save_levels("yolo-levels-one-bin", 6, 1, False)
save_chosen("yolo-chosen", 7)
