"""Expected results of decoders, made with the public packages. Each .npz holds the raw outputs of one image and the
result that the package's own post-processing makes of them.

    python make.py FORMS    # a folder with form_*.npz: inputs and raw outputs of small archives in public forms

Made with PyTorch 2.15.0, torchvision 0.29.2, transformers 5.24.0 and NumPy 2.4.6.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

FORMS = Path(sys.argv[1])
HERE = Path(__file__).parent
SEED = 20


def outputs(form):
    arrays = np.load(FORMS / f"form_{form}.npz")
    return {key[4:]: arrays[key] for key in arrays if key.startswith("out:")}


def save(name, **arrays):
    np.savez_compressed(HERE / f"{name}.npz", **arrays)
    print(name, {key: (value.dtype.name, value.shape) for key, value in arrays.items()})


def segmentation():
    # The reference implementation of SegFormer: logits to the size of the image, then the class with the highest one.
    from transformers.models.segformer.image_processing_segformer import SegformerImageProcessor

    generator = torch.Generator().manual_seed(SEED)
    coarse = torch.randn(1, 5, 16, 24, generator=generator) * 3
    classes = SegformerImageProcessor().post_process_semantic_segmentation(
        SimpleNamespace(logits=coarse), target_sizes=[(64, 96)])[0]
    save("softmax-strided", output=coarse[0].numpy(), expected=classes.numpy().astype(np.int64))

    # torchvision's segmentation: output["out"].argmax(0).
    for form, name in (("4channel_seg", "softmax-4channel"), ("fixed_nonsquare", "softmax-nonsquare")):
        logits = torch.from_numpy(outputs(form)["output"])[0]
        save(name, output=logits.numpy(), expected=logits.argmax(0).numpy().astype(np.int64))

    probabilities = torch.from_numpy(outputs("hfseg_prob")["output"])
    full = F.interpolate(probabilities, (64, 96), mode="bilinear", align_corners=False)
    save("probabilities-softmax", output=probabilities[0].numpy(), expected=full[0].argmax(0).numpy().astype(np.int64))

    # Classes that may overlap, as segmentation-models-pytorch's mode multilabel: sigmoid(logits) > 0.5.
    several = torch.randn(3, 32, 48, generator=generator)
    save("sigmoid", output=several.numpy(), expected=(several.sigmoid() > 0.5).numpy().astype(np.int64))
    save("probabilities-sigmoid", output=several.sigmoid().numpy(),
         expected=(several.sigmoid() > 0.5).numpy().astype(np.int64))

    # A finished map, as an archive that ends in argmax returns it.
    finished = classes.to(torch.int64)
    save("classes", output=finished.numpy(), expected=finished.numpy().astype(np.int64))


def keep(name, given, found):
    order = found["scores"].argsort(descending=True, stable=True)
    save(name, **{key: value.numpy() for key, value in given.items()},
         expected_boxes=found["boxes"][order].numpy(), expected_scores=found["scores"][order].numpy(),
         expected_labels=found["labels"][order].to(torch.int64).numpy())


def detr():
    from transformers.models.deformable_detr.image_processing_deformable_detr import DeformableDetrImageProcessor
    from transformers.models.detr.image_processing_detr import DetrImageProcessor

    def decode(processor, name, logits, boxes, **options):
        result = processor.post_process_object_detection(
            SimpleNamespace(logits=logits, pred_boxes=boxes), threshold=0.3, target_sizes=[(64, 96)], **options)[0]
        keep(name, {"logits": logits[0], "pred_boxes": boxes[0]}, result)

    dictionary = {key: torch.from_numpy(value) for key, value in outputs("detr_dict").items()}
    tuple_ = {key: torch.from_numpy(value) for key, value in outputs("detr_boxes_first").items()}
    every = {"top_k": 60}
    decode(DeformableDetrImageProcessor(), "detr-sigmoid", dictionary["logits"], dictionary["pred_boxes"], **every)
    decode(DeformableDetrImageProcessor(), "detr-boxes-first", tuple_["[1]"], tuple_["[0]"], **every)
    decode(DetrImageProcessor(), "detr-softmax", dictionary["logits"], dictionary["pred_boxes"])
    # Many boxes of the same object: DETR drops none.
    generator = torch.Generator().manual_seed(SEED)
    logits = torch.randn(1, 100, 6, generator=generator) * 2
    boxes = torch.rand(1, 100, 4, generator=generator) * torch.tensor([0.2, 0.2, 0.3, 0.3]) + torch.tensor([0.4, 0.4, 0.01, 0.01])
    decode(DetrImageProcessor(), "detr-crowded", logits, boxes)


def torchvision_boxes():
    """The same objects in every form of boxes; expected: torchvision's own conversion and suppression."""
    from torchvision.ops import batched_nms, box_convert

    generator = torch.Generator().manual_seed(SEED)
    corner = torch.rand(60, 2, generator=generator) * torch.tensor([40.0, 30.0])
    xyxy = torch.cat([corner, corner + 3 + torch.rand(60, 2, generator=generator) * 25], 1)
    scores = torch.rand(60, generator=generator)
    labels = torch.randint(1, 4, (60,), generator=generator)
    size = torch.tensor([96.0, 64.0, 96.0, 64.0])
    for form in ("xyxy", "cxcywh", "xywh"):
        for unit, scale in (("pixels", 1), ("fractions", size)):
            given = box_convert(xyxy, "xyxy", form) / scale
            corners = box_convert(given * scale, form, "xyxy")
            kept = batched_nms(corners, scores, labels, 0.5)
            kept = kept[scores[kept] >= 0.3]
            keep(f"boxes-{form}-{unit}", {"boxes": given, "scores": scores, "labels": labels},
                 {"boxes": corners[kept], "scores": scores[kept], "labels": labels[kept] - 1})


if __name__ == "__main__":
    segmentation()
    detr()
    torchvision_boxes()
