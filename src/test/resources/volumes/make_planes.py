"""Makes packages of BioImage.IO with a network over images, and a stack whose planes it labels: python make_planes.py, in this folder.

torch 2.15.0, numpy 2.4.6. Preprocessing is written out in NumPy after spec-bioimage-io (v0_4.py, v0_5.py). Debug entries, which hold paths, are left
out of the archive.
"""

import hashlib
import io
import zipfile

import numpy as np
import torch
from torch import nn


class Network(nn.Module):
    """A 2-D network with Group Normalization: 2 channels in, 2 channels of logits out."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 8, 3, padding=1)
        self.norm1 = nn.GroupNorm(4, 8)
        self.down = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.norm2 = nn.GroupNorm(4, 8)
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        y = self.stem(x)
        z = torch.relu(self.down(self.norm1(y)))
        return self.head(y + self.up(self.norm2(z))) * 3


def bare(module, example):
    whole = io.BytesIO()
    torch.jit.save(torch.jit.trace(module, example), whole)
    out = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(entry.filename, source.read(entry.filename))
    return out.getvalue()


def newer(images):
    """scale_linear for each channel, then zero_mean_unit_variance of each channel of each image: [N, 2, rows, columns]."""
    scaled = images * np.array([2, 0.5])[:, None, None] + np.array([1, -3])[:, None, None]
    mean = scaled.mean((2, 3), keepdims=True)
    return ((scaled - mean) / (scaled.std((2, 3), keepdims=True) + 1e-5)).astype(np.float32)


def older(images):
    """scale_range between the percentiles 1 and 99 of all channels of an image."""
    low, high = (np.percentile(images, p, axis=(1, 2, 3), keepdims=True) for p in (1, 99))
    return ((images - low) / (high - low + 1e-6)).astype(np.float32)


NEWER = """format_version: 0.5.4
type: model
name: network over images
license: CC0-1.0
inputs:
- id: raw
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [dapi, actin]}}
  - {{type: space, id: y, size: {{min: 16, step: 2}}}}
  - {{type: space, id: x, size: {{min: 16, step: 2}}}}
  test_tensor: {{source: test_input.npy, sha256: {test_input}}}
  preprocessing:
  - {{id: scale_linear, kwargs: {{axis: channel, gain: [2, 0.5], offset: [1, -3]}}}}
  - {{id: zero_mean_unit_variance, kwargs: {{axes: [y, x], eps: 1.0e-5}}}}
outputs:
- id: classes
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [background, cell]}}
  - {{type: space, id: y, size: {{tensor_id: raw, axis_id: y}}, halo: 4}}
  - {{type: space, id: x, size: {{tensor_id: raw, axis_id: x}}, halo: 4}}
  test_tensor: {{source: test_output.npy, sha256: {test_output}}}
  postprocessing:
  - {{id: softmax, kwargs: {{axis: channel}}}}
weights:
  torchscript: {{source: weights.pt, sha256: {weights}, pytorch_version: 2.15.0}}
"""

OLDER = """format_version: 0.4.10
type: model
name: network over images
license: CC0-1.0
inputs:
- name: raw
  axes: bcyx
  data_type: float32
  shape: {{min: [1, 2, 16, 16], step: [0, 0, 2, 2]}}
  preprocessing:
  - {{name: scale_range, kwargs: {{mode: per_sample, axes: cyx, min_percentile: 1, max_percentile: 99}}}}
outputs:
- name: classes
  axes: bcyx
  data_type: float32
  shape: {{reference_tensor: raw, scale: [1, 1, 1, 1], offset: [0, 0, 0, 0]}}
  halo: [0, 0, 4, 4]
  postprocessing:
  - {{name: sigmoid}}
test_inputs: [test_input.npy]
test_outputs: [test_output.npy]
weights:
  torchscript: {{source: weights.pt}}
"""


def main():
    torch.manual_seed(5)
    generator = np.random.default_rng(5)
    network = Network().eval()
    archive = bare(network, torch.zeros(1, 2, 16, 16))
    smooth = np.cumsum(np.cumsum(generator.normal(0, 2, (3, 2, 40, 56)), 2), 3)
    low, high = smooth.min((2, 3), keepdims=True), smooth.max((2, 3), keepdims=True)
    stack = ((smooth - low) / (high - low) * np.array([250, 120, 60])[:, None, None, None]).astype(np.uint8)
    test = stack[:1, :, :32].astype(np.float32)
    for version, text, before, after in (
        ("0.5", NEWER, newer, lambda logits: logits.softmax(1)),
        ("0.4", OLDER, older, torch.sigmoid),
    ):
        with torch.no_grad():
            outputs = after(network(torch.from_numpy(before(test))))
        files = {}
        for name, array in (("test_input.npy", test), ("test_output.npy", outputs.numpy())):
            out = io.BytesIO()
            np.save(out, array)
            files[name] = out.getvalue()
        files["weights.pt"] = archive
        sums = {name.split(".")[0]: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        files["rdf.yaml" if version == "0.4" else "bioimageio.yaml"] = text.format(**sums).encode()
        with zipfile.ZipFile(f"planes-{version}.zip", "w") as package:
            for name, data in files.items():
                package.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    with torch.no_grad():
        labels = network(torch.from_numpy(newer(stack.astype(np.float32)))).argmax(1)
    np.savez_compressed("planes.npz", stack=stack.transpose(1, 0, 2, 3), labels=labels.numpy().astype(np.uint8))
    print("voxels of cells by plane:", labels.sum((1, 2)).tolist(), "of", 40 * 56)


if __name__ == "__main__":
    main()
