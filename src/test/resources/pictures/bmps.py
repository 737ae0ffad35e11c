"""BMP files by an own writer: headers, depths, masks and runs."""
import struct

import numpy as np

from picture_set import ALPHA, GRAY, HEIGHT, RGB, RGBA, WIDTH, light, save, widened

COLOURS = np.random.default_rng(4).integers(0, 256, (256, 3)).astype(np.uint8)


def bmp(data, bits, header=40, compression=0, palette=b"", masks=b"", height=HEIGHT, width=WIDTH, used=0, gap=b""):
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(data), 2835, 2835, used, 0)
        if header > 40:
            info = (info + masks).ljust(header, b"\0")[:header]
            masks = b""
        info = info[:header]
    body = info + masks + palette + gap
    return b"BM" + struct.pack("<IHHI", 14 + len(body) + len(data), 0, 0, 14 + len(body)) + body + data


def padded(rows):
    """Rows of whole words, from the bottom. rows: uint8 [height, bytes]"""
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))[::-1].tobytes()


def packed(values, bits):
    places = np.arange(bits - 1, -1, -1)
    return np.packbits(((values[..., None] >> places) & 1).reshape(len(values), -1).astype(np.uint8), axis=1)


def runs(indices, bits):
    """Encoded and absolute runs in turn, row by row from the bottom."""
    out = b""
    for row in indices[::-1].tolist():
        at, absolute = 0, False
        while at < len(row):
            count = 1
            while at + count < len(row) and count < 255 and row[at + count] == row[at]:
                count += 1
            if count < 3 and len(row) - at >= 3:
                take = min(7, len(row) - at)
                part = row[at : at + take]
                content = bytes(part) if bits == 8 else bytes((a << 4) | b for a, b in zip(part[::2], part[1::2] + [0] * (take % 2)))
                out += bytes([0, take]) + content + b"\0" * (len(content) % 2)
                at += take
            else:
                out += bytes([count, row[at] if bits == 8 else row[at] * 17])
                at += count
        out += b"\0\0"
    return out[:-2] + b"\0\1"


def add(pictures):
    quads = np.hstack([COLOURS[:, ::-1], np.zeros((256, 1), np.uint8)])
    for bits in (1, 2, 4, 8):
        indices = (GRAY >> (8 - bits)).astype(np.uint8)
        data, palette, shown = padded(packed(indices, bits)), quads[: 1 << bits].tobytes(), COLOURS[indices]
        for header in (12, 40, 52, 56, 64, 108, 124):
            table = COLOURS[: 1 << bits, ::-1].tobytes() if header == 12 else palette
            pictures.read(f"bmp/palette-{bits}-header-{header}.bmp", bmp(data, bits, header, palette=table), shown)
        pictures.read(f"bmp/palette-{bits}-top-down.bmp", bmp(padded(packed(indices[::-1], bits)), bits, palette=palette, height=-HEIGHT), shown)
        pictures.read(f"bmp/palette-{bits}-gap.bmp", bmp(data, bits, palette=palette, gap=b"\7" * 13), shown)
        used = (1 << bits) - 1
        fewer = np.minimum(indices, used - 1)
        if bits > 1:
            pictures.read(f"bmp/palette-{bits}-fewer-colours.bmp", bmp(padded(packed(fewer, bits)), bits, palette=palette[: 4 * used], used=used), COLOURS[fewer])
    shades = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, 1).tobytes()
    pictures.read("bmp/gray.bmp", bmp(padded(GRAY), 8, palette=shades), GRAY)
    bgr, bgra = RGB[..., ::-1].reshape(HEIGHT, -1), RGBA[..., [2, 1, 0, 3]].reshape(HEIGHT, -1)
    for header in (12, 40, 52, 56, 64, 108, 124):
        pictures.read(f"bmp/24-header-{header}.bmp", bmp(padded(bgr), 24, header), RGB)
        if header > 12:
            pictures.read(f"bmp/32-header-{header}.bmp", bmp(padded(bgra), 32, header), RGB)
    pictures.read("bmp/24-top-down.bmp", bmp(padded(bgr[::-1]), 24, height=-HEIGHT), RGB)
    masks = {16: {"555": (0x7C00, 0x3E0, 0x1F), "565": (0xF800, 0x7E0, 0x1F), "444": (0xF00, 0xF0, 0xF), "bgr": (0x1F, 0x3E0, 0x7C00)},
             32: {"8888": (0xFF0000, 0xFF00, 0xFF), "bgr": (0xFF, 0xFF00, 0xFF0000), "high": (0xFF000000, 0xFF0000, 0xFF00), "10-bits": (0x3FF00000, 0xFFC00, 0x3FF)}}
    for bits, sets in masks.items():
        for name, fields in sets.items():
            pixels = np.zeros((HEIGHT, WIDTH), np.uint32)
            shown = np.zeros_like(RGB)
            for c, mask in enumerate(fields):
                shift = (mask & -mask).bit_length() - 1
                size = (mask >> shift).bit_length()
                value = RGB[..., c].astype(np.uint32) >> (8 - size) if size <= 8 else RGB[..., c].astype(np.uint32) << (size - 8)
                pixels |= value << shift
                # Rounded down, as Pillow does for 15 and 16 bits.
                shown[..., c] = value.astype(np.int64) * 255 // (mask >> shift)
            data = padded(pixels.astype(f"<u{bits // 8}").view(np.uint8).reshape(HEIGHT, -1))
            words = struct.pack("<III", *fields)
            pictures.read(f"bmp/masks-{bits}-{name}.bmp", bmp(data, bits, compression=3, masks=words), shown)
            for header in (52, 56, 108, 124):
                pictures.read(f"bmp/masks-{bits}-{name}-header-{header}.bmp", bmp(data, bits, header, 3, masks=words), shown)
            pictures.read(f"bmp/masks-{bits}-{name}-alpha.bmp", bmp(data, bits, compression=6, masks=words + b"\0\0\0\0"), shown)
            if name == "555":
                pictures.as_pillow("bmp/16-without-masks.bmp", bmp(data, 16))
    for bits, compression in ((8, 1), (4, 2)):
        indices = ((GRAY >> 5) if bits == 8 else (GRAY >> 6)).astype(np.uint8)
        shown, palette = COLOURS[indices], quads[: 1 << bits].tobytes()
        pictures.read(f"bmp/rle{bits}.bmp", bmp(runs(indices, bits), bits, compression=compression, palette=palette), shown)
        pictures.read(f"bmp/rle{bits}-without-end.bmp", bmp(runs(indices, bits)[:-2], bits, compression=compression, palette=palette), shown)
        # Two runs with a jump between them; what no run reaches has the first colour.
        jumped = np.zeros((HEIGHT, WIDTH), int)
        jumped[HEIGHT - 1, :5] = 3
        jumped[HEIGHT - 4, 9:13] = 2
        jump = bytes([5, 3 if bits == 8 else 0x33, 0, 2, 4, 3, 4, 2 if bits == 8 else 0x22, 0, 1])
        pictures.read(f"bmp/rle{bits}-delta.bmp", bmp(jump, bits, compression=compression, palette=palette), COLOURS[jumped])
        ended = np.zeros((HEIGHT, WIDTH), int)
        ended[HEIGHT - 1, :5] = 3
        pictures.read(f"bmp/rle{bits}-ends-early.bmp", bmp(jump[:2] + b"\0\1", bits, compression=compression, palette=palette), COLOURS[ended])
    alternating = np.tile([1, 2], (HEIGHT, WIDTH // 2 + 1))[:, :WIDTH]
    pairs = b"".join(bytes([WIDTH, 0x12, 0, 0]) for _ in range(HEIGHT))
    pictures.read("bmp/rle4-alternating.bmp", bmp(pairs, 4, compression=2, palette=quads[:16].tobytes()), COLOURS[alternating])
    for name, image in (("rgb", RGB), ("gray", GRAY), ("alpha", RGBA)):
        pictures.read(f"bmp/pillow-{name}.bmp", save(image, "BMP"), image if image.ndim == 2 else image[..., :3])
    for compression, name in ((4, "JPEG"), (5, "PNG"), (11, "CMYK"), (12, "CMYK"), (13, "CMYK")):
        pictures.refuse(f"bmp/compression-{compression}.bmp", bmp(b"\0" * 999, 0 if compression < 6 else 8, compression=compression), f"compression {name}")
    pictures.refuse("bmp/os2-huffman.bmp", bmp(b"\0" * 999, 1, 64, 3, palette=quads[:2].tobytes()), "compression Huffman")
    pictures.refuse("bmp/os2-rle24.bmp", bmp(b"\0" * 999, 24, 64, 4), "compression RLE of 24 bits")
    pictures.refuse("bmp/64-bits.bmp", bmp(b"\0" * 9999, 64), "64 bits")
