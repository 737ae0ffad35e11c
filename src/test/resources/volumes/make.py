"""Writes the volumes, the network and the expected results of this folder: python make.py.

torch 2.15.0, monai 1.6.1, nibabel 5.4.2, tifffile 2026.3.3, numpy 2.4.6, scipy. Everything is made from seeds. Debug entries, which hold paths, are
left out of the archive.
"""

import gzip
import hashlib
import io
import struct
import zipfile

import nibabel
import numpy as np
import scipy.ndimage
import tifffile
import torch
from monai.inferers import sliding_window_inference
from torch import nn

SHAPE = (11, 9, 13)


class Network(nn.Module):
    """A 3-D network with Group Normalization before each convolution, as in pytorch-3dunet's order gcr: 3 channels of logits."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv3d(1, 8, 3, padding=1)
        self.norm1 = nn.GroupNorm(4, 8)
        self.down = nn.Conv3d(8, 8, 3, stride=2, padding=1)
        self.norm2 = nn.GroupNorm(4, 8)
        self.up = nn.ConvTranspose3d(8, 8, 2, stride=2)
        self.head = nn.Conv3d(8, 3, 1)

    def forward(self, x):
        y = self.stem(x)
        z = torch.relu(self.down(self.norm1(y)))
        return self.head(y + self.up(self.norm2(z))) * 3


def bare(module, example):
    """The archive of a traced module without debug entries."""
    whole = io.BytesIO()
    torch.jit.save(torch.jit.trace(module, example), whole)
    out = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(entry.filename, source.read(entry.filename))
    return out.getvalue()


def windows(x):
    """A stand-in for a network that depends on the place in the window, so that blending shows."""
    a, b, c = (torch.arange(n, dtype=torch.float32) for n in x.shape[2:])
    place = a[:, None, None] * 0.1 - b[None, :, None] * 0.05 + c[None, None, :] * 0.02
    return torch.cat([x + place, x * x * 0.01], 1)


def sliding(volume, predictor, roi, overlap, mode):
    with torch.no_grad():
        return sliding_window_inference(
            torch.from_numpy(volume)[None, None], roi, 1, predictor, overlap=overlap, mode=mode, sigma_scale=0.125
        )[0].numpy()


def nifti(name, data, affine, change=None, order="<", compress=False):
    """A NIfTI-1 file from an array [x, y, z, ...], its header changed byte by byte."""
    header = nibabel.Nifti1Header(endianness=order)
    header.set_data_dtype(data.dtype)
    image = nibabel.Nifti1Image(data, affine, header)
    image.header.set_xyzt_units("mm")
    raw = bytearray(image.to_bytes())
    if change:
        change(raw, order)
    if compress:
        raw = gzip.compress(bytes(raw), mtime=0)
    with open(name, "wb") as file:
        file.write(raw)


def put(at, format):
    """A change of a header: values at a place, in the order of its bytes."""

    def change(raw, order, *values):
        struct.pack_into(order + format, raw, at, *values)

    return change


def packages(network):
    """The network as packages of BioImage.IO, written by hand after spec-bioimage-io (v0_4.py, v0_5.py)."""
    generator = np.random.default_rng(11)
    given = generator.normal(5, 3, (1, 1, 8, 10, 12)).astype(np.float32)
    normal = (given - given.mean()) / (given.std() + 1e-6)
    with torch.no_grad():
        logits = network(torch.from_numpy(normal))
    archive = open("network.pt", "rb").read()
    for version, outputs in (("0.5", logits.softmax(1)), ("0.4", torch.sigmoid(logits))):
        arrays = {}
        for name, array in (("test_input.npy", given), ("test_output.npy", outputs.numpy())):
            out = io.BytesIO()
            np.save(out, array)
            arrays[name] = out.getvalue()
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in {**arrays, "weights.pt": archive}.items()}
        space = "".join(f"  - {{type: space, id: {a}, size: {{min: 8, step: 2}}}}\n" for a in "zyx")
        same = "".join(f"  - {{type: space, id: {a}, size: {{tensor_id: raw, axis_id: {a}}}, halo: 2}}\n" for a in "zyx")
        newer = f"""format_version: 0.5.4
type: model
name: small network
license: CC0-1.0
inputs:
- id: raw
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [raw]}}
{space}  test_tensor: {{source: test_input.npy, sha256: {sums["test_input.npy"]}}}
  preprocessing:
  - {{id: zero_mean_unit_variance, kwargs: {{axes: [channel, z, y, x], eps: 1.0e-6}}}}
outputs:
- id: classes
  axes:
  - {{type: batch}}
  - {{type: channel, channel_names: [background, dim, bright]}}
{same}  test_tensor: {{source: test_output.npy, sha256: {sums["test_output.npy"]}}}
  postprocessing:
  - {{id: softmax, kwargs: {{axis: channel}}}}
weights:
  torchscript: {{source: weights.pt, sha256: {sums["weights.pt"]}, pytorch_version: 2.15.0}}
"""
        older = """format_version: 0.4.10
type: model
name: small network
license: CC0-1.0
inputs:
- name: raw
  axes: bczyx
  data_type: float32
  shape: {min: [1, 1, 8, 8, 8], step: [0, 0, 2, 2, 2]}
  preprocessing:
  - {name: zero_mean_unit_variance, kwargs: {mode: per_sample, axes: czyx, eps: 1.0e-6}}
outputs:
- name: classes
  axes: bczyx
  data_type: float32
  shape: {reference_tensor: raw, scale: [1, 0, 1, 1, 1], offset: [0, 1.5, 0, 0, 0]}
  halo: [0, 0, 2, 2, 2]
  postprocessing:
  - {name: sigmoid}
test_inputs: [test_input.npy]
test_outputs: [test_output.npy]
weights:
  torchscript: {source: weights.pt}
"""
        with zipfile.ZipFile(f"package-{version}.zip", "w") as package:
            text = newer if version == "0.5" else older
            name = "bioimageio.yaml" if version == "0.5" else "rdf.yaml"
            for entry, data in {name: text.encode(), "weights.pt": archive, **arrays}.items():
                package.writestr(zipfile.ZipInfo(entry), data, zipfile.ZIP_DEFLATED)


def main():
    generator = np.random.default_rng(7)
    z, y, x = np.indices(SHAPE)
    ball = 900 * np.exp(-((z - 4) ** 2 + (y - 4) ** 2 + (x - 4) ** 2) / 8)
    other = 500 * np.exp(-((z - 7) ** 2 + (y - 5) ** 2 + (x - 10) ** 2) / 4)
    stack = (100 + ball + other + generator.integers(0, 60, SHAPE)).astype(np.uint16)

    # The files. The same values in all, unless a name says something else.
    tifffile.imwrite("imagej.tif", stack, imagej=True, resolution=(2, 2), metadata={"spacing": 2.0, "unit": "um", "axes": "ZYX"})
    channels = np.stack([stack, 2 * stack + 1], 1)  # z, channel, y, x
    tifffile.imwrite("hyperstack.tif", channels, imagej=True, metadata={"axes": "ZCYX"})
    tifffile.imwrite("frames.tif", np.stack([stack, stack]), imagej=True, metadata={"axes": "TZYX"})
    sizes = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 2.0}
    tifffile.imwrite("ome.ome.tif", stack, compression="zlib", metadata={"axes": "ZYX", **sizes})
    tifffile.imwrite("channels.ome.tif", channels.transpose(1, 0, 2, 3), metadata={"axes": "CZYX", **sizes})
    tifffile.imwrite("big.tif", stack.astype(np.float32), bigtiff=True, byteorder=">")
    tifffile.imwrite("unnamed.tif", channels)
    gray = {"photometric": "minisblack", "compression": "zlib"}
    tifffile.imwrite("zcyx.tif", channels, metadata={"axes": "ZCYX"}, **gray)
    tifffile.imwrite("czyx.tif", channels.transpose(1, 0, 2, 3), metadata={"axes": "CZYX"}, **gray)
    tifffile.imwrite("tyx.tif", stack, metadata={"axes": "TYX"}, **gray)
    tifffile.imwrite("cyx.tif", channels[0], metadata={"axes": "CYX"}, **gray)
    tifffile.imwrite("qzyx.tif", channels, metadata={"axes": "QZYX"}, **gray)
    tifffile.imwrite("iyx.tif", stack, metadata={"axes": "IYX"}, **gray)
    np.save("plain.npy", stack)
    np.save("fortran.npy", np.asfortranarray(stack.astype(np.float32)))
    np.save("batch.npy", stack.astype(np.float32)[None, None])
    np.save("last.npy", channels.transpose(0, 2, 3, 1))
    turned = np.array([[0, -0.5, 0, 10], [0, 0, 2, -5], [0.5, 0, 0, 3], [0, 0, 0, 1]])  # x runs up, y to the left, z to the front
    data = stack.transpose(2, 1, 0)
    nifti("turned.nii.gz", data, turned, compress=True)
    nifti("big-endian.nii", data.astype(np.int16), np.diag([0.5, 0.5, 2, 1]), order=">")
    nifti("slope-zero.nii", data.astype(np.int16), np.eye(4), lambda raw, o: put(112, "ff")(raw, o, 0, 7))
    half = ((data.astype(np.float64) - 3) / 0.5).astype(np.int32)
    nifti("scaled.nii", half, np.eye(4), lambda raw, o: put(112, "ff")(raw, o, 0.5, 3))

    def qform_differs(raw, order):
        put(252, "h")(raw, order, 1)  # qform_code: scanner
        put(76, "ffff")(raw, order, 1, 3, 4, 5)
        put(256, "ffffff")(raw, order, 0, 0, 0, 1, 2, 3)

    nifti("sform.nii", data, turned, qform_differs)
    nifti("qform.nii", data, turned, lambda raw, o: (qform_differs(raw, o), put(254, "h")(raw, o, 0)))
    nifti("times.nii", np.stack([data, data, data], 3), np.eye(4))
    nifti("channels.nii", np.stack([data, 2 * data + 1], 3), np.eye(4))
    nifti("complex.nii", data.astype(np.complex64), np.eye(4))
    whole = open("turned.nii.gz", "rb").read()
    open("truncated.nii.gz", "wb").write(whole[: len(whole) // 2])

    def huge(raw, order):
        put(40, "8h")(raw, order, 3, 4000, 4000, 3000, 1, 1, 1, 1)

    nifti("bomb.nii.gz", np.zeros((200, 200, 60), np.uint8), np.eye(4), huge, compress=True)

    # The network, and MONAI's results.
    torch.manual_seed(3)
    network = Network().eval()
    open("network.pt", "wb").write(bare(network, torch.zeros(1, 1, 8, 8, 8)))
    values = stack.astype(np.float32)
    normal = (values - values.mean()) / (values.std() + 1e-6)
    named = {
        "stack": values,
        "places-gaussian": sliding(normal, windows, (4, 6, 5), 0.25, "gaussian"),
        "places-gaussian-overlaps": sliding(normal, windows, (6, 4, 8), (0.6, 0.3, 0.1), "gaussian"),
        "places-constant": sliding(normal, windows, (4, 6, 5), 0.5, "constant"),
        "places-padded": sliding(normal[:4], windows, (7, 6, 16), 0.25, "gaussian"),
        "logits": sliding(normal, network, (8, 8, 8), 0.25, "gaussian"),
        "logits-xyz": sliding(
            np.ascontiguousarray(normal.transpose(2, 1, 0)), network, (8, 8, 8), 0.25, "gaussian"
        ).transpose(0, 3, 2, 1),
    }
    # As the patient is: first axis to the right, second to the front, third up (MONAI: Orientationd, Invertd).
    ras = nibabel.orientations.io_orientation(turned)
    oriented = nibabel.orientations.apply_orientation(normal.transpose(2, 1, 0), ras)
    result = sliding(np.ascontiguousarray(oriented), network, (8, 8, 8), 0.25, "gaussian")
    back = nibabel.orientations.ornt_transform(nibabel.orientations.axcodes2ornt("RAS"), ras)
    named["logits-ras"] = np.stack(
        [nibabel.orientations.apply_orientation(c, back).transpose(2, 1, 0) for c in result]
    )
    labels = named["logits"].argmax(0)
    for label in (1, 2):
        named[f"objects-{label}"] = scipy.ndimage.label(labels == label)[0].astype(np.int64)
    print("voxels of the labels:", [int((labels == n).sum()) for n in range(3)])
    print("objects:", [int(named[f"objects-{n}"].max()) for n in (1, 2)])
    packages(network)
    np.savez_compressed("expected.npz", **{name: np.ascontiguousarray(array) for name, array in named.items()})


if __name__ == "__main__":
    main()
