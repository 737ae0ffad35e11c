"""Tables of YOLO networks with what the package ultralytics makes of them: python make_yolo.py

Made with ultralytics 8.4.190, PyTorch 2.7.1 and NumPy 2.4.6. The reference is ultralytics.utils.nms.non_max_suppression. A table with
objectness (YOLOv5) becomes one without it as YOLOv5 does: the probabilities of the labels are multiplied by it.
"""

from pathlib import Path

import numpy as np
import torch
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
