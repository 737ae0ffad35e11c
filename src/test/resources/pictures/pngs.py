"""PNG files by an own writer: every depth, colour type, filter and interlacing, and the chunks beside the pixels."""
import io
import struct
import zlib

import imagecodecs
import numpy as np
from PIL import Image

from picture_set import ALPHA, GRAY, HEIGHT, RGB, RGBA, WIDTH, deep, exif, oriented, picture, profile, save, widened, xmp

PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, content, sound=True):
    checksum = zlib.crc32(kind + content) ^ (0 if sound else 1)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def rows(part, bits, filters):
    """Filtered rows. filters: one of 0 to 4, or None for each in turn."""
    distance = max(1, part.shape[2] * bits // 8)
    out, above = b"", None
    for y, line in enumerate(part.reshape(part.shape[0], -1)):
        bit = (line[:, None].astype(int) >> np.arange(bits - 1, -1, -1)) & 1
        row = np.packbits(bit.reshape(-1).astype(np.uint8)).astype(int)
        above = np.zeros_like(row) if above is None else above
        a = np.concatenate([np.zeros(distance, int), row])[: len(row)]
        c = np.concatenate([np.zeros(distance, int), above])[: len(row)]
        pa, pb, pc = abs(above - c), abs(a - c), abs(a + above - 2 * c)
        paeth = np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, above, c))
        kind = y % 5 if filters is None else filters
        out += bytes([kind]) + ((row - [0, a, above, (a + above) // 2, paeth][kind]) % 256).astype(np.uint8).tobytes()
        above = row
    return out


def png(values, bits, kind, before=b"", after=b"", interlaced=False, filters=None, pieces=1, level=6):
    values = values if values.ndim == 3 else values[..., None]
    parts = [values[y0::dy, x0::dx] for x0, y0, dx, dy in PASSES] if interlaced else [values]
    body = zlib.compress(b"".join(rows(part, bits, filters) for part in parts if part.size), level)
    step = -(-len(body) // pieces)
    data = b"".join(chunk(b"IDAT", body[at : at + step]) for at in range(0, len(body), step))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, kind, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + header + before + data + after + chunk(b"IEND", b"")


def checked(data, expected):
    """libpng must read the same: through Pillow, and where that reduces 16 bits, through imagecodecs."""
    deep = expected.dtype == np.uint16
    found = imagecodecs.png_decode(data) if deep else np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    found = found if found.ndim == 3 else found[..., None]
    wanted = expected if expected.ndim == 3 else expected[..., None]
    assert np.array_equal(found[..., : wanted.shape[2]], np.broadcast_to(wanted, found[..., : wanted.shape[2]].shape))
    return data


def kinds():
    for bits in (1, 2, 4, 8, 16):
        stored = GRAY >> (8 - bits) if bits <= 8 else deep(GRAY, 16)
        yield f"gray-{bits}", stored, bits, 0, b"", widened(stored, bits)
        if bits <= 8:
            colours = np.random.default_rng(bits).integers(0, 256, (1 << bits, 3)).astype(np.uint8)
            yield f"palette-{bits}", stored, bits, 3, chunk(b"PLTE", colours.tobytes()), colours[stored]
        if bits >= 8:
            rgb, alpha = (RGB, ALPHA) if bits == 8 else (deep(RGB, 16), deep(ALPHA, 16))
            yield f"rgb-{bits}", rgb, bits, 2, b"", widened(rgb, bits)
            yield f"gray-alpha-{bits}", np.dstack([stored, alpha]), bits, 4, b"", widened(stored, bits)
            yield f"rgb-alpha-{bits}", np.dstack([rgb, alpha]), bits, 6, b"", widened(rgb, bits)


def add(pictures):
    for name, values, bits, kind, before, expected in kinds():
        for interlaced in (False, True):
            for filters in (None, 0, 1, 2, 3, 4) if bits in (8, 16) and not interlaced else (None,):
                label = name + "-interlaced" * interlaced + (f"-filter-{filters}" if filters is not None else "")
                pictures.read(f"png/{label}.png", checked(png(values, bits, kind, before, interlaced=interlaced, filters=filters), expected), expected)
    # Sizes at which passes of Adam7 are empty or have one pixel.
    for width, height in ((1, 1), (1, 9), (9, 1), (2, 3), (3, 2), (4, 4), (5, 5), (7, 8)):
        part = picture(width, height)
        pictures.read(f"png/interlaced-{width}x{height}.png", png(part, 8, 2, interlaced=True), part)
        bit = part[..., 0] >> 7
        pictures.read(f"png/interlaced-1-bit-{width}x{height}.png", png(bit, 1, 0, interlaced=True), widened(bit, 1))
    # Transparency by chunk: dropped, as alpha is.
    few = GRAY >> 5
    colours = np.random.default_rng(9).integers(0, 256, (8, 3)).astype(np.uint8)
    pictures.read("png/transparent-palette.png", png(few, 4, 3, chunk(b"PLTE", colours.tobytes()) + chunk(b"tRNS", bytes(range(0, 256, 37)))), colours[few])
    pictures.read("png/transparent-gray.png", png(GRAY, 8, 0, chunk(b"tRNS", struct.pack(">H", int(GRAY[3, 3])))), GRAY)
    pictures.read("png/transparent-gray-16.png", png(deep(GRAY, 16), 16, 0, chunk(b"tRNS", b"\0\1")), deep(GRAY, 16).astype(np.uint16))
    pictures.read("png/transparent-rgb.png", png(RGB, 8, 2, chunk(b"tRNS", struct.pack(">HHH", 220, 30, 40))), RGB)
    short = colours[:5]
    shown = np.vstack([short, np.zeros((3, 3), np.uint8)])[few]
    pictures.read("png/palette-too-short.png", png(few, 4, 3, chunk(b"PLTE", short.tobytes())), shown)
    suggested = chunk(b"PLTE", colours.tobytes())
    pictures.read("png/suggested-palette.png", png(RGB, 8, 2, suggested), RGB)
    # What would change colours, or breaks decoders: none of it is looked at.
    beside = {
        "gamma": chunk(b"gAMA", struct.pack(">I", 100000)), "linear-gamma-chromaticities": chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"cHRM", struct.pack(">8I", *range(1000, 9000, 1000))),
        "srgb": chunk(b"sRGB", b"\0"), "profile": chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(profile())), "profile-broken": chunk(b"iCCP", b"x\0\0" + profile(broken=True)),
        "background": chunk(b"bKGD", struct.pack(">HHH", 1, 2, 3)), "significant-bits": chunk(b"sBIT", b"\5\6\5"), "time": chunk(b"tIME", bytes(7)), "density": chunk(b"pHYs", struct.pack(">IIB", 1, 2, 0)),
        "text": chunk(b"tEXt", b"Comment\0caf\xe9"), "compressed-text-broken": chunk(b"zTXt", b"Comment\0\0" + b"\xff" * 20), "text-bad-checksum": chunk(b"tEXt", b"Comment\0x", sound=False),
        "international-text": chunk(b"iTXt", b"k\0\0\0\0\0" + "größer".encode()), "unknown-ancillary": chunk(b"prIv", b"12345"), "colours-of-video": chunk(b"cICP", b"\x09\x10\x00\x01"),
        "histogram-without-palette": chunk(b"hIST", b"\0\1"), "exif-broken": chunk(b"eXIf", b"II*\0\xff\xff\xff\xff"), "exif-bad-checksum": chunk(b"eXIf", exif(6), sound=False),
    }
    for name, chunks in beside.items():
        pictures.read(f"png/beside-{name}.png", png(RGB, 8, 2, chunks), RGB)
    linear = chunk(b"iCCP", b"linear\0\0" + zlib.compress(profile(gray=True)))
    for name, values, bits, kind, before, expected in kinds():
        chunks = linear if kind in (0, 4) else beside["profile"]
        pictures.read(f"png/profile-{name}.png", png(values, bits, kind, chunks + before), expected)
    for n in range(1, 9):
        pictures.read(f"png/exif-{n}.png", png(RGB, 8, 2, chunk(b"eXIf", exif(n, "<>"[n % 2]))), oriented(RGB, n))
        pictures.read(f"png/exif-{n}-at-end-16.png", png(deep(GRAY, 16), 16, 0, after=chunk(b"eXIf", exif(n))), oriented(deep(GRAY, 16).astype(np.uint16), n))
    for n in (3, 6):
        # ImageMagick writes the block as hexadecimal text.
        block = b"Exif\0\0" + exif(n, ">")
        raw = b"\nexif\n%8d\n" % len(block) + b"\n".join(block.hex().encode()[i : i + 72] for i in range(0, 2 * len(block), 72)) + b"\n"
        for name, data in (("compressed", chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw))), ("plain", chunk(b"tEXt", b"Raw profile type exif\0" + raw))):
            file = png(RGB, 8, 2, data)
            pictures.as_pillow(f"png/exif-as-text-{name}-{n}.png", file)
        packet = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(n, n == 3))
        pictures.as_pillow(f"png/xmp-{n}.png", png(RGB, 8, 2, packet))
        compressed = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0key\0" + zlib.compress(xmp(n)))
        pictures.read(f"png/xmp-compressed-{n}.png", png(RGB, 8, 2, compressed), oriented(RGB, n))
        pictures.as_pillow(f"png/xmp-behind-exif-{n}.png", png(RGB, 8, 2, packet + chunk(b"eXIf", exif(8))))
    for pieces in (2, 7, 400):
        pictures.read(f"png/data-in-{pieces}-chunks.png", png(RGB, 8, 2, pieces=pieces), RGB)
    pictures.read("png/stored.png", png(RGB, 8, 2, level=0), RGB)
    for options in ({"optimize": True}, {"compress_level": 1}, {"compress_level": 9}):
        label = "-".join(f"{k}-{v}" for k, v in options.items())
        pictures.read(f"png/pillow-{label}.png", save(RGB, "PNG", **options), RGB)
        pictures.read(f"png/pillow-alpha-{label}.png", save(RGBA, "PNG", **options), RGB)
    frames = [Image.fromarray(picture(WIDTH, HEIGHT, seed)) for seed in (1, 2, 3)]
    pictures.read("png/animated.png", save(frames[0], "PNG", save_all=True, append_images=frames[1:]), RGB, of=3)
    pictures.read("png/animated-with-other-default.png", save(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True), RGB, of=3)
    # Not of the format.
    pictures.refuse("png/critical-unknown.png", png(RGB, 8, 2, chunk(b"CgBI", b"\x50\0\x20\2")), "CgBI")
