"""Writes the results of MONAI on a volume that is resampled: python make_resampled.py, after make.py.

torch 2.15.0, monai 1.6.1, nibabel 5.4.2, numpy 2.4.6. Orientationd, Spacingd (bilinear), mean 0 and deviation 1, sliding_window_inference; then the
logits on the grid of the file by SpatialResample with nearest, and the orientation of the file. NAME-linear: probabilities (softmax), brought
back by Invertd with nearest_interp=False, as published bundles do it.
"""

import nibabel
import numpy as np
import torch
from monai.data import MetaTensor
from monai.inferers import sliding_window_inference
from monai.transforms import Compose, Invertd, Orientation, Orientationd, Spacing, Spacingd, SpatialResample

named = {}
file = nibabel.load("turned.nii.gz")
network = torch.jit.load("network.pt").eval()
for name, spacing, code in (("finer", (0.42, 0.9, 0.3), "RAS"), ("coarser", (0.7, 0.5, 2.6), "LPS")):
    volume = MetaTensor(torch.from_numpy(file.get_fdata(dtype=np.float32))[None], affine=torch.from_numpy(file.affine))
    oriented = Orientation(axcodes=code)(volume)
    resampled = Spacing(pixdim=spacing, mode="bilinear")(oriented)
    values = resampled.as_tensor().float()
    normal = (values - values.mean()) / (values.std(correction=0) + 1e-6)
    with torch.no_grad():
        logits = sliding_window_inference(normal[None], (8, 8, 8), 1, network, overlap=0.25, mode="gaussian")[0]
    back = SpatialResample(mode="nearest")(
        MetaTensor(logits, affine=resampled.affine), dst_affine=oriented.affine, spatial_size=oriented.shape[1:]
    ).as_tensor().numpy()  # fmt: skip
    own = nibabel.orientations.io_orientation(file.affine)
    turn = nibabel.orientations.ornt_transform(nibabel.orientations.axcodes2ornt(code), own)
    stored = np.stack([nibabel.orientations.apply_orientation(channel, turn) for channel in back])  # x, y, z
    named[name] = stored.transpose(0, 3, 2, 1).astype(np.float32)
    named[f"values-{name}"] = values[0].numpy()
    before = Compose([Orientationd("image", axcodes=code), Spacingd("image", pixdim=spacing, mode="bilinear")])
    data = before({"image": volume})
    assert torch.equal(data["image"].as_tensor(), resampled.as_tensor())
    data["pred"] = MetaTensor(logits.softmax(0), affine=data["image"].affine)
    inverted = Invertd("pred", before, "image", nearest_interp=False)(data)["pred"].as_tensor().numpy()
    named[f"{name}-linear"] = inverted.transpose(0, 3, 2, 1).astype(np.float32)
    print(name, oriented.shape, resampled.shape, named[name].shape, np.bincount(named[name].argmax(0).ravel()))
np.savez_compressed("resampled.npz", **named)
