"""GIF files by an own writer with plain codes, and by Pillow."""
import io
import struct

import numpy as np
from PIL import Image

from picture_set import GRAY, HEIGHT, RGB, WIDTH, picture, save

COLOURS = np.random.default_rng(6).integers(0, 256, (256, 3)).astype(np.uint8)


def codes(indices, size, clear_every=0):
    """LZW with codes of growing width. clear_every: begins again after so many codes; 0 only when the table is full."""
    clear, end = 1 << size, (1 << size) + 1
    table, out, held, count, width = {}, bytearray(), 0, 0, size + 1

    def put(code):
        nonlocal held, count
        held |= code << count
        count += width
        while count >= 8:
            out.append(held & 255)
            held >>= 8
            count -= 8

    put(clear)
    word, free, written = (), end + 1, 0
    for index in indices.reshape(-1).tolist():
        longer = word + (index,)
        if len(longer) == 1 or longer in table:
            word = longer
            continue
        put(table[word] if len(word) > 1 else word[0])
        written += 1
        if free < 4096:
            table[longer] = free
            if free == 1 << width and width < 12:
                width += 1
            free += 1
        if clear_every and written % clear_every == 0:
            put(clear)
            table, free, width = {}, end + 1, size + 1
        word = (index,)
    put(table[word] if len(word) > 1 else word[0])
    put(end)
    if count:
        out.append(held & 255)
    return bytes([size]) + b"".join(bytes([len(out[i : i + 255])]) + bytes(out[i : i + 255]) for i in range(0, len(out), 255)) + b"\0"


def frame(indices, size, left=0, top=0, local=None, interlaced=False, control=b"", clear_every=0):
    height, width = indices.shape
    order = [y for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(start, height, step)] if interlaced else range(height)
    bits = 0 if local is None else (len(local).bit_length() - 2) | 0x80
    table = b"" if local is None else local.tobytes()
    return control + b"," + struct.pack("<HHHHB", left, top, width, height, bits | (0x40 if interlaced else 0)) + table + codes(indices[list(order)], size, clear_every)


def control(disposal=0, transparent=None):
    return b"!\xf9\4" + bytes([disposal << 2 | (transparent is not None), 5, 0, transparent or 0, 0])


def gif(*frames, colours=COLOURS, screen=(WIDTH, HEIGHT), version=b"89a", background=0):
    bits = 0 if colours is None else (len(colours).bit_length() - 2) | 0x80
    return b"GIF" + version + struct.pack("<HHBBB", *screen, bits, background, 0) + (b"" if colours is None else colours.tobytes()) + b"".join(frames) + b";"


def add(pictures):
    def checked(name, data, expected):
        found = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        assert np.array_equal(found, expected), name
        pictures.read(f"gif/{name}.gif", data, expected)

    for bits in range(1, 9):
        indices, colours = (GRAY >> (8 - bits)).astype(np.uint8), COLOURS[: 1 << bits]
        size = max(2, bits)
        for interlaced in (False, True):
            label = f"{bits}-bits" + "-interlaced" * interlaced
            checked(label, gif(frame(indices, size, interlaced=interlaced), colours=colours, version=b"87a"), colours[indices])
            checked(label + "-local", gif(frame(indices, size, local=colours, interlaced=interlaced), colours=None), colours[indices])
    indices = (GRAY >> 4).astype(np.uint8)
    checked("both-tables", gif(frame(indices, 4, local=COLOURS[40:56])), COLOURS[40:56][indices])
    checked("codes-wider-than-colours", gif(frame(indices, 8), colours=COLOURS[:16]), COLOURS[indices])
    checked("begins-again-often", gif(frame(indices, 4, clear_every=5)), COLOURS[indices])
    noise = np.random.default_rng(1).integers(0, 256, (90, 120)).astype(np.uint8)
    pictures.read("gif/full-table-kept.gif", gif(frame(noise, 8), screen=(120, 90)), COLOURS[noise])
    for disposal in range(4):
        for transparent in (None, 3):
            first = frame(indices, 4, control=control(disposal, transparent))
            second = frame(indices[:9, :9], 4, 3, 4, control=control(disposal, 1))
            pictures.read(f"gif/frames-disposal-{disposal}{'-transparent' if transparent else ''}.gif", gif(first, second, second), COLOURS[indices], of=3)
    extensions = b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0" + b"!\xfe\5hello\0" + b"!\1\x0c" + bytes(12) + b"\1x\0"
    checked("extensions", gif(extensions + control(), frame(indices, 4)), COLOURS[indices])
    placed = np.zeros((HEIGHT + 9, WIDTH + 7, 3), np.uint8)
    placed[5 : 5 + HEIGHT, 4 : 4 + WIDTH] = COLOURS[indices]
    pictures.read("gif/frame-within-screen.gif", gif(frame(indices, 4, 4, 5), screen=(WIDTH + 7, HEIGHT + 9), background=7), placed)
    pictures.read("gif/screen-of-no-size.gif", gif(frame(indices, 4), screen=(0, 0)), COLOURS[indices])
    shades = np.repeat(np.arange(0, 256, 16, dtype=np.uint8)[:, None], 3, 1)
    pictures.read("gif/gray.gif", gif(frame(indices, 4), colours=shades), shades[indices][..., 0])
    pictures.read("gif/bytes-behind-the-end.gif", gif(frame(indices, 4)) + b"more", COLOURS[indices])
    pictures.read("gif/without-trailer.gif", gif(frame(indices, 4))[:-1], COLOURS[indices])
    for colours in (2, 7, 60, 256):
        image = Image.fromarray(RGB).quantize(colours)
        for options in ({}, {"interlace": 0}, {"optimize": True}):
            pictures.as_pillow(f"gif/pillow-{colours}-{'-'.join(options)}.gif", save(image, "GIF", **options))
    frames = [Image.fromarray(picture(WIDTH, HEIGHT, seed)).quantize(64) for seed in (1, 2, 3)]
    pictures.as_pillow("gif/pillow-animated.gif", save(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2), of=3)
    pictures.refuse("gif/second-frame.gif", gif(frame(indices, 4), frame(indices, 4)), "has 2 pictures, of which the first is read, and page 2 is wanted", page=2)
