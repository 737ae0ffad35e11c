"""Writes the animations, the network and the expected results of this folder: python make.py.

Pillow 13.0.0, torch 2.15.0, torchvision 0.29.2, tifffile 2026.3.3, numpy 2.4.6, OpenCV 5.0.0. Everything is made from seeds. Debug entries, which hold paths, are
left out of the archive.
"""

import io
import json
import struct
import zipfile

import cv2
import numpy as np
import tifffile
import torch
import torchvision.transforms.v2.functional as F
from PIL import Image, ImageSequence
from torch import nn
from torchvision.datasets.samplers import UniformClipSampler
from torchvision.datasets.video_utils import VideoClips

COUNT, HEIGHT, WIDTH = 12, 20, 28


class Network(nn.Module):
    """Spatial and temporal convolutions in turn, as R(2+1)D has them, with Group Normalization: 4 logits from [N, 3, T, H, W]."""

    def __init__(self):
        super().__init__()
        self.space = nn.Conv3d(3, 8, (1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))
        self.norm1 = nn.GroupNorm(4, 8)
        self.time = nn.Conv3d(8, 8, (3, 1, 1), padding=(1, 0, 0))
        self.norm2 = nn.GroupNorm(2, 8)
        self.turn = nn.Conv3d(8, 8, (2, 1, 1))
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        y = torch.relu(self.norm1(self.space(x)))
        y = torch.relu(self.norm2(self.time(y)))
        return self.head(self.turn(y).abs().mean((2, 3, 4))) * 6


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


def scene(count=COUNT):
    """A disc that moves over a pattern: uint8 [count, HEIGHT, WIDTH, 3]."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    frames = []
    for t in range(count):
        frame = np.stack([x * 5, y * 9, (x + y) * 3], -1).astype(np.uint8)
        inside = (y - 10 - 5 * np.sin(t)) ** 2 + (x - 4 - 1.7 * t) ** 2 < 14
        frame[inside] = (250 - 9 * t, 20 * t, 90)
        frames.append(frame)
    return np.stack(frames)


def shown(file, mode="RGB"):
    """The frames as Pillow shows them. Pillow keeps what a frame of a PNG hides that is to be restored; OpenCV does not."""
    if file == "disposal.png":
        pages = cv2.imreadanimation(file)[1].frames
        return np.stack([cv2.cvtColor(page, cv2.COLOR_BGRA2RGBA) for page in pages])
    with Image.open(file) as image:
        return np.stack([np.asarray(frame.convert(mode)) for frame in ImageSequence.Iterator(image)])


def transparent(count):
    """Parts that are opaque, half transparent or transparent: RGBA images."""
    rng = np.random.default_rng(5)
    images = []
    for t in range(count):
        frame = rng.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
        frame[..., 3] = 0
        frame[..., :3][frame[..., 3] == 0] = 0
        frame[4 + t : 12 + t, 3 + 2 * t : 15 + 2 * t] = (*rng.integers(0, 256, 3), 255)
        images.append(Image.fromarray(frame, "RGBA"))
    return images


def apng(name, frames, disposal, blend):
    """An animated PNG of RGBA frames at places, written by hand, so that each disposal is in it."""

    def chunk(kind, data):
        import zlib

        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    import zlib

    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0))
    out += chunk(b"acTL", struct.pack(">II", len(frames), 0))
    number = 0
    for i, (pixels, left, top) in enumerate(frames):
        height, width = pixels.shape[:2]
        out += chunk(
            b"fcTL",
            struct.pack(">IIIIIHHBB", number, width, height, left, top, 1, 10, disposal[i], blend[i]),
        )
        number += 1
        rows = b"".join(b"\0" + row.tobytes() for row in pixels)
        data = zlib.compress(rows)
        if i == 0:
            half = len(data) // 2
            out += chunk(b"IDAT", data[:half]) + chunk(b"IDAT", data[half:])
        else:
            out += chunk(b"fdAT", struct.pack(">I", number) + data)
            number += 1
    with open(name, "wb") as file:
        file.write(out + chunk(b"IEND", b""))


def main():
    frames = scene()
    images = [Image.fromarray(frame) for frame in frames]
    reduced = [image.quantize(64) for image in images]
    reduced[0].save("parts.gif", save_all=True, append_images=reduced[1:], duration=40)
    shapes = transparent(6)
    shapes[0].save("cleared.gif", save_all=True, append_images=shapes[1:], duration=40, disposal=2)
    opaque = [images[0].quantize(16)] + [image.crop((5, 3, 20, 15)).quantize(16) for image in images[1:6]]
    opaque[0].save("restored.gif", save_all=True, append_images=[image.quantize(16) for image in images[1:6]], disposal=3)
    images[0].save("lossless.webp", save_all=True, append_images=images[1:], lossless=True, duration=40)
    images[0].save("lossy.webp", save_all=True, append_images=images[1:], quality=70, duration=40)
    shapes[0].save("alpha-lossless.webp", save_all=True, append_images=shapes[1:], lossless=True, duration=40)
    shapes[0].save("alpha-lossy.webp", save_all=True, append_images=shapes[1:], quality=60, alpha_quality=50, duration=40)
    images[0].save("plain.png", save_all=True, append_images=images[1:], duration=40)
    rng = np.random.default_rng(3)
    pieces = [(np.dstack([frames[0], np.full((HEIGHT, WIDTH), 255, np.uint8)]), 0, 0)]
    for i in range(5):
        piece = rng.integers(0, 256, (7 + i, 9, 4), dtype=np.uint8)
        piece[..., 3] = np.where(rng.random((7 + i, 9)) < 0.5, 0, 255)
        pieces.append((piece, 2 + 3 * i, 1 + 2 * i))
    apng("disposal.png", pieces, [0, 1, 2, 0, 1, 0], [0, 1, 1, 0, 1, 1])
    tifffile.imwrite("stack.tif", frames, photometric="rgb", compression="deflate")
    for number in (0, 1, 2):
        images[number].save(f"frame-{number}.png")

    names = [
        "parts.gif", "cleared.gif", "restored.gif", "lossless.webp", "lossy.webp", "alpha-lossless.webp",
        "alpha-lossy.webp", "plain.png", "disposal.png",
    ]  # fmt: skip
    np.savez_compressed("frames.npz", **{name: shown(name, "RGBA") for name in names})

    sampling = []
    for count in (9, 31, 399):
        for wanted in (1, 4, 8):
            uniform = F.uniform_temporal_subsample(torch.arange(count)[:, None, None, None], wanted).flatten()
            sampling.append({"sampling": "uniform", "count": count, "frames": wanted, "stride": 1, "clips": 1,
                             "expected": [uniform.tolist()]})  # fmt: skip
            for stride in (1, 2, 3):
                for clips in (1, 3, 45) if count == 399 else (1, 3):
                    found, _ = VideoClips.compute_clips_for_video(torch.arange(count), wanted, 1, 30, 30 / stride)
                    if len(found) == 0:
                        continue
                    start = torch.linspace(0, len(found) - 1, clips).floor().long()
                    sampling.append({"sampling": "consecutive", "count": count, "frames": wanted, "stride": stride,
                                     "clips": clips, "expected": found[start].tolist()})  # fmt: skip
    with open("sampling.json", "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case) for case in sampling) + "\n]\n")

    torch.manual_seed(7)
    network = Network().eval()
    with open("network.pt", "wb") as file:
        file.write(bare(network, torch.rand(1, 3, 4, HEIGHT, WIDTH)))
    mean, deviation = torch.tensor([0.43, 0.39, 0.38]), torch.tensor([0.23, 0.22, 0.21])

    def scores(numbers, source):
        clips = []
        for clip in numbers:
            x = torch.from_numpy(source[clip]).permute(3, 0, 1, 2)[None] / 255
            x = (x - mean[:, None, None, None]) / deviation[:, None, None, None]
            clips.append(torch.softmax(network(x), 1)[0])
        return torch.stack(clips).mean(0).tolist()

    with torch.no_grad():
        found, _ = VideoClips.compute_clips_for_video(torch.arange(COUNT), 4, 1, 30, 15)
        three = found[torch.linspace(0, len(found) - 1, 3).floor().long()].tolist()
        first = found[:1].tolist()
        expected = {
            "lossless.webp": {"clips": three, "scores": scores(three, shown("lossless.webp"))},
            "parts.gif": {"clips": three, "scores": scores(three, shown("parts.gif"))},
            "plain.png": {"clips": three, "scores": scores(three, shown("plain.png"))},
            "stack.tif": {"clips": three, "scores": scores(three, frames)},
            "first": {"clips": first, "scores": scores(first, frames)},
        }
    with open("expected.json", "w") as file:
        json.dump(expected, file, indent=1)
        file.write("\n")


main()
