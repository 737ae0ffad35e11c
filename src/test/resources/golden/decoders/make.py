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


if __name__ == "__main__":
    segmentation()
