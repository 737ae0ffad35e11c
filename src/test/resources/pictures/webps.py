"""WebP files by libwebp: cwebp, webpmux and Pillow, with chunks changed by hand."""
import io
import itertools
import struct

import numpy as np
from PIL import Image

from picture_set import ALPHA, GRAY, HEIGHT, RGB, RGBA, WIDTH, exif, oriented, picture, profile, save, xmp
from tools import run

LARGER = picture(45, 37, 3)


def cwebp(image, *options):
    return run(["cwebp", "-quiet", *options, "{0}", "-o", "{out}"], save(image, "PNG"))


def chunks(data):
    at, found = 12, []
    while at + 8 <= len(data):
        length = struct.unpack("<I", data[at + 4 : at + 8])[0]
        found.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return found


def riff(parts):
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2) for kind, content in parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extended(data, before=(), after=(), size=(WIDTH, HEIGHT), flags=0):
    head = (b"VP8X", bytes([flags, 0, 0, 0]) + struct.pack("<I", size[0] - 1)[:3] + struct.pack("<I", size[1] - 1)[:3])
    return riff([head, *before, *(part for part in chunks(data) if part[0] != b"VP8X"), *after])


def animation(size, *frames):
    """frames: (data, left, top, flags)"""
    parts = []
    for data, left, top, flags in frames:
        image = Image.open(io.BytesIO(data))
        head = b"".join(struct.pack("<I", n)[:3] for n in (left // 2, top // 2, image.width - 1, image.height - 1, 100)) + bytes([flags])
        inner = b"".join(kind + struct.pack("<I", len(c)) + c + b"\0" * (len(c) % 2) for kind, c in chunks(data) if kind != b"VP8X")
        parts.append((b"ANMF", head + inner))
    head = (b"VP8X", bytes([0x12, 0, 0, 0]) + struct.pack("<I", size[0] - 1)[:3] + struct.pack("<I", size[1] - 1)[:3])
    return riff([head, (b"ANIM", b"\xff\xff\xff\xff\0\0"), *parts])


class BoolWriter:
    """The arithmetic coder of VP8 (RFC 6386, section 7), which writes bits of given probabilities."""

    def __init__(self):
        self.low, self.range, self.bits = 0, 255, 0

    def bit(self, value, probability=128):
        split = 1 + ((self.range - 1) * probability >> 8)
        self.low, self.range = (self.low + split, self.range - split) if value else (self.low, split)
        while self.range < 128:
            self.low, self.range, self.bits = self.low << 1, self.range << 1, self.bits + 1

    def number(self, value, bits):
        for place in range(bits - 1, -1, -1):
            self.bit(value >> place & 1)

    def optional(self, value, bits):
        self.bit(value != 0)
        if value:
            self.number(abs(value), bits)
            self.bit(value < 0)

    def whole(self):
        """The bytes so far; what follows them in the file goes on as other bits."""
        pad = -(self.bits + 8) % 8
        return (self.low << pad).to_bytes((self.bits + 8 + pad) // 8, "big")


def update_probabilities():
    """The probabilities that the 1,056 probabilities of coefficients are replaced (RFC 6386, 13.4), as the product has them."""
    with open("../../../main/resources/dev/gnserve/image/vp8.txt") as file:
        return [int(word) for line in file if not line.startswith("#") for word in line.split()][:1056]


def vp8(rng, width, height, level, simple, segmented, changes, partitions):
    """A key frame whose header is chosen, and whose modes and coefficients are random bits: what no encoder writes."""
    header = BoolWriter()
    header.number(0, 2)
    header.bit(segmented)
    if segmented:
        header.bit(1)
        header.bit(1)
        header.bit(int(rng.integers(2)))
        for value in rng.integers(0, 60, 4):
            header.optional(int(value), 7)
        for value in rng.integers(-20, 40, 4):
            header.optional(int(value), 6)
        for value in rng.integers(20, 235, 3):
            header.bit(1)
            header.number(int(value), 8)
    header.bit(simple)
    header.number(level, 6)
    header.number(int(rng.integers(8)), 3)
    header.bit(changes)
    if changes:
        header.bit(1)
        for value in rng.integers(-15, 16, 8):
            header.optional(int(value), 6)
    header.number(partitions, 2)
    header.number(int(rng.integers(128)), 7)
    for value in rng.integers(-15, 16, 5):
        header.optional(int(value), 4)
    header.bit(0)
    for probability in update_probabilities():
        header.bit(0, probability)
    header.bit(1)
    header.number(int(rng.integers(1, 200)), 8)
    blocks = -(-width // 16) * -(-height // 16)
    first = header.whole() + rng.bytes(20 * blocks)
    # The first byte of what an arithmetic coder writes is less than 255.
    parts = [bytes([int(rng.integers(255))]) + rng.bytes(900 * blocks >> partitions) for _ in range(1 << partitions)]
    sizes = b"".join(struct.pack("<I", len(part))[:3] for part in parts[:-1])
    tag = struct.pack("<I", len(first) << 5 | 0x10)[:3]
    return riff([(b"VP8 ", tag + b"\x9d\x01\x2a" + struct.pack("<HH", width, height) + first + sizes + b"".join(parts))])


def add(pictures):
    def pillow(name, data, of=1):
        pictures.as_pillow(f"webp/{name}.webp", data, of=of)

    for quality, method in itertools.product((0, 10, 30, 50, 75, 90, 100), range(7)):
        pillow(f"lossy-q{quality}-m{method}", cwebp(RGB, "-q", str(quality), "-m", str(method)))
    options = [["-f", "0"], ["-f", "100"], ["-f", "60", "-strong"], ["-f", "60", "-nostrong"], ["-f", "60", "-nostrong", "-sharpness", "4"], ["-f", "80", "-sharpness", "7"], ["-segments", "1"], ["-segments", "2"],
               ["-segments", "4", "-sns", "100"], ["-sns", "0"], ["-pass", "6"], ["-partition_limit", "100"], ["-sharp_yuv"], ["-af"], ["-jpeg_like"], ["-mt"], ["-low_memory"], ["-size", "300"],
               ["-preset", "photo"], ["-preset", "picture"], ["-preset", "drawing"], ["-preset", "icon"], ["-preset", "text"], ["-map", "1"], ["-q", "5", "-f", "100", "-sharpness", "0", "-m", "6"]]
    for more in options:
        pillow("lossy" + "".join(more), cwebp(LARGER, *more))
    rng = np.random.default_rng(11)
    for turn, (level, simple, segmented, changes) in enumerate(itertools.product((0, 1, 9, 30, 63), (0, 1), (0, 1), (0, 1))):
        name = f"random-level-{level}{'-simple' * simple}{'-segments' * segmented}{'-changes' * changes}-partitions-{1 << turn % 4}"
        pillow(name, vp8(rng, 30, 19, level, simple, segmented, changes, turn % 4))
    for width, height in ((1, 1), (1, 9), (9, 1), (2, 2), (15, 15), (16, 16), (17, 17), (31, 3), (33, 40)):
        pillow(f"lossy-size-{width}x{height}", cwebp(picture(width, height), "-q", "60"))
        pillow(f"lossless-size-{width}x{height}", cwebp(picture(width, height), "-lossless"))
    for level in range(10):
        pillow(f"lossless-z{level}", cwebp(LARGER, "-lossless", "-z", str(level)))
    for near in (0, 40, 80):
        pillow(f"near-lossless-{near}", cwebp(LARGER, "-near_lossless", str(near)))
    for colours in (1, 2, 3, 4, 5, 15, 16, 17, 64, 200, 256):
        few = np.asarray(Image.fromarray(LARGER).quantize(colours).convert("RGB"))
        pillow(f"lossless-{colours}-colours", cwebp(few, "-lossless", "-z", "9"))
        pillow(f"lossless-{colours}-colours-fast", cwebp(few, "-lossless", "-z", "0"))
    pillow("lossless-gray", cwebp(GRAY, "-lossless"))
    pillow("lossy-gray", cwebp(GRAY))
    for hint in ("photo", "picture", "graph"):
        pillow(f"lossless-hint-{hint}", cwebp(LARGER, "-lossless", "-hint", hint))
    # Alpha is dropped; the colours under it are what they are.
    for method, kind in itertools.product((0, 1), ("none", "fast", "best")):
        pillow(f"alpha-lossy-{method}-{kind}", cwebp(RGBA, "-alpha_method", str(method), "-alpha_filter", kind, "-exact"))
    pillow("alpha-lossy-q10", cwebp(RGBA, "-alpha_q", "10"))
    pillow("alpha-lossless", cwebp(RGBA, "-lossless", "-exact"))
    pillow("alpha-lossless-cleared", cwebp(RGBA, "-lossless"))
    lossy, lossless = cwebp(RGB), cwebp(RGB, "-lossless")
    for name, data in (("lossy", lossy), ("lossless", lossless)):
        plain = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        read = lambda label, file: pictures.read(f"webp/{name}-{label}.webp", file, plain)
        read("extended", extended(data))
        read("profile", extended(data, [(b"ICCP", profile())], flags=0x20))
        read("profile-broken", extended(data, [(b"ICCP", profile(broken=True))], flags=0x20))
        read("xmp", extended(data, (), [(b"XMP ", b"<x:xmpmeta/>")], flags=4))
        read("unknown-chunk", extended(data, [(b"abcd", b"odd")], [(b"efgh", b"")]))
        read("bytes-behind-the-end", data + b"\0" * 9)
        read("exif-broken", extended(data, (), [(b"EXIF", b"MM\0*\xff\xff\xff\xff")], flags=8))
        for n in range(1, 9):
            file = extended(data, (), [(b"EXIF", exif(n, "<>"[n % 2]))], flags=8)
            pictures.read(f"webp/{name}-exif-{n}.webp", file, oriented(plain, n))
        packet = extended(data, (), [(b"XMP ", xmp(6))], flags=4)
        pictures.read(f"webp/{name}-xmp-6.webp", packet, oriented(plain, 6))
        prefixed = extended(data, (), [(b"EXIF", b"Exif\0\0" + exif(6))], flags=8)
        pictures.read(f"webp/{name}-exif-prefixed.webp", prefixed, oriented(plain, 6))
    # The first frame of an animation, on its canvas, which is black.
    small = {"lossy": cwebp(LARGER, "-q", "80"), "lossless": cwebp(LARGER, "-lossless"), "alpha": cwebp(np.dstack([LARGER, LARGER[..., :1] * 0 + 255]), "-exact")}
    for (name, data), (left, top), flags in itertools.product(small.items(), ((0, 0), (6, 4), (40, 30)), range(4)):
        size = (left + 50, top + 41)
        placed = np.zeros((size[1], size[0], 3), np.uint8)
        placed[top : top + 37, left : left + 45] = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        pictures.read(f"webp/animation-{name}-{left}-{top}-flags-{flags}.webp", animation(size, (data, left, top, flags), (data, 0, 0, 0)), placed, of=2)
    frames = [Image.fromarray(picture(WIDTH, HEIGHT, seed)) for seed in (1, 2, 3)]
    pillow("pillow-animated", save(frames[0], "WEBP", save_all=True, append_images=frames[1:]), of=3)
    pillow("pillow-animated-lossless", save(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True), of=3)
    pictures.refuse("webp/second-frame.webp", save(frames[0], "WEBP", save_all=True, append_images=frames[1:]), "has 3 pictures, of which the first is read, and page 2 is wanted", page=2)
    for quality, method in itertools.product((1, 60, 99), (0, 3, 6)):
        pillow(f"pillow-q{quality}-m{method}", save(LARGER, "WEBP", quality=quality, method=method))
        pillow(f"pillow-lossless-q{quality}-m{method}", save(LARGER, "WEBP", quality=quality, method=method, lossless=True))
