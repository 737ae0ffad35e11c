"""Compares gnserve with MONAI on networks of MONAI and on one in the style of pytorch-3dunet, with random weights.

    python compare_networks.py make FOLDER      writes the models folder, a volume, and MONAI's results
    java -jar gnserve.jar serve --gnserve.models-dir=FOLDER/models
    python compare_networks.py compare FOLDER http://localhost:8080

The last line prints for each network the largest difference of the outputs, and Dice of the labels.

torch 2.15.0, monai 1.6.1, numpy 2.4.6, nibabel 5.4.2.
"""

import gzip
import io
import json
import pathlib
import sys
import urllib.request

import nibabel
import numpy as np
import torch
from monai.inferers import sliding_window_inference
from monai.networks.nets import SegResNet, SwinUNETR
from torch import nn

ROI = (64, 64, 64)
SHAPE = (96, 110, 80)  # x, y, z


class Double(nn.Sequential):
    """Group Normalization, convolution, ReLU, twice: pytorch-3dunet's layer order gcr."""

    def __init__(self, channels, out):
        layers = []
        for c in (channels, out):
            groups = 8 if c >= 8 else 1
            layers += [nn.GroupNorm(groups, c), nn.Conv3d(c, out, 3, padding=1, bias=False), nn.ReLU()]
        super().__init__(*layers)


class UNet(nn.Module):
    def __init__(self, out):
        super().__init__()
        self.one = Double(1, 16)
        self.two = Double(16, 32)
        self.three = Double(32, 64)
        self.up2 = Double(96, 32)
        self.up1 = Double(48, 16)
        self.last = nn.Conv3d(16, out, 1)

    def forward(self, x):
        pool = nn.functional.max_pool3d
        a = self.one(x)
        b = self.two(pool(a, 2))
        c = self.three(pool(b, 2))
        d = self.up2(torch.cat([b, nn.functional.interpolate(c, size=b.shape[2:])], 1))
        e = self.up1(torch.cat([a, nn.functional.interpolate(d, size=a.shape[2:])], 1))
        return self.last(e)


def networks():
    torch.manual_seed(5)
    yield "segresnet", SegResNet(spatial_dims=3, init_filters=8, in_channels=1, out_channels=3, norm=("GROUP", {"num_groups": 8}))
    yield "swinunetr", SwinUNETR(in_channels=1, out_channels=3, feature_size=12, norm_name=("group", {"num_groups": 4}))
    yield "unet3d", UNet(3)


def manifest():
    return {
        "task": "segmentation",
        "labels": ["one", "two"],
        "input": {
            "channels": 1,
            "volume": {
                "axes": "xyz",
                "window": list(ROI),
                "overlap": [0.25],
                "blending": "gaussian",
                "steps": [{"kind": "zero-mean", "epsilon": 0}],
            },
        },
    }


def make(folder):
    generator = np.random.default_rng(1)
    coarse = generator.normal(size=(12, 12, 12)).astype(np.float32)
    smooth = nn.functional.interpolate(torch.from_numpy(coarse)[None, None], size=SHAPE, mode="trilinear")[0, 0].numpy()
    data = (1000 + 300 * smooth + 40 * generator.normal(size=SHAPE)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(data, np.diag([-0.8, 0.8, 1.5, 1])), folder / "volume.nii.gz")
    values = data.astype(np.float32)
    normal = torch.from_numpy((values - values.mean()) / values.std())[None, None]
    for name, network in networks():
        network = network.eval()
        model = folder / "models" / name
        (model / "1").mkdir(parents=True, exist_ok=True)
        with torch.no_grad():
            torch.jit.trace(network, torch.zeros(1, 1, *ROI), check_trace=False).save(model / "1" / "model.pt")
            logits = sliding_window_inference(normal, ROI, 1, network, overlap=0.25, mode="gaussian", sigma_scale=0.125)
        (model / "model.yaml").write_text(json.dumps(manifest()))
        np.save(folder / f"{name}.npy", logits[0].numpy())
        print(name, sum(p.numel() for p in network.parameters()), "parameters")


def answer(base, name, query, volume):
    url = f"{base}/v1/models/{name}/segment?{query}"
    request = urllib.request.Request(url, volume, {"Content-Type": "application/octet-stream"})
    with urllib.request.urlopen(request) as response:
        return response.read()


def compare(folder, base):
    volume = (folder / "volume.nii.gz").read_bytes()
    for name, _ in networks():
        expected = np.load(folder / f"{name}.npy")
        logits = np.load(io.BytesIO(answer(base, name, "format=npy&content=logits", volume))).transpose(0, 3, 2, 1)
        image = nibabel.Nifti1Image.from_bytes(gzip.decompress(answer(base, name, "format=nifti", volume)))
        labels = np.asarray(image.dataobj)
        best = expected.argmax(0)
        dice = [2 * ((labels == n) & (best == n)).sum() / max(1, (labels == n).sum() + (best == n).sum()) for n in (1, 2)]
        print(
            f"{name}: largest difference {np.abs(logits - expected).max():.2e} (outputs {expected.min():.2f} to {expected.max():.2f}), "
            f"voxels that differ {(labels != best).sum()} of {best.size}, Dice {dice[0]:.4f} {dice[1]:.4f}"
        )


if __name__ == "__main__":
    {"make": make, "compare": compare}[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])
