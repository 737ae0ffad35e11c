"""TIFF files by an own writer, so that every tag can be set, and by Pillow, tifffile and tiffcp."""
import io
import itertools
import struct

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from picture_set import ALPHA, CMYK, GRAY, HEIGHT, RGB, RGBA, WIDTH, deep, exif, light, oriented, picture, profile, save, widened, xmp

NONE, LZW, DEFLATE, PACKBITS, OLD_DEFLATE = 1, 5, 8, 32773, 32946
NAMES = {NONE: "none", LZW: "lzw", DEFLATE: "deflate", PACKBITS: "packbits", OLD_DEFLATE: "old-deflate"}
WHITE, BLACK, COLOURS, PALETTE, INK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8


def tiff(*pages, order="<", big=False):
    """pages: for each a map of tags (an int, a list of ints, bytes, or (type, list)), and under "strips" its data."""
    out = bytearray((b"II" if order == "<" else b"MM") + (struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0)))
    pointer = 8 if big else 4

    def place(content):
        out.extend(b"\0" * (len(out) % 2))
        out.extend(content)
        return len(out) - len(content)

    for page in pages:
        tags = {tag: value for tag, value in page.items() if tag != "strips"}
        strips = page["strips"]
        places = [place(strip) for strip in strips]
        tiled = 322 in tags
        tags.setdefault(324 if tiled else 273, (16 if big else 4, places))
        tags.setdefault(325 if tiled else 279, (16 if big else 4, [len(strip) for strip in strips]))
        entries = []
        for tag, value in sorted(tags.items()):
            kind, values = value if isinstance(value, tuple) else (7, value) if isinstance(value, bytes) else (None, value)
            values = values if isinstance(values, (list, bytes)) else [values]
            kind = kind or (3 if max(values) < 65536 else 4)
            code = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 13: "I", 16: "Q", 11: "f", 12: "d"}[kind]
            content = struct.pack(f"{order}{len(values)}{code}", *values)
            room = 8 if big else 4
            field = content.ljust(room, b"\0") if len(content) <= room else struct.pack(order + ("Q" if big else "I"), place(content))
            entries.append(struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, len(values)) + field)
        at = place(struct.pack(order + ("Q" if big else "H"), len(entries)) + b"".join(entries))
        out[pointer : pointer + (8 if big else 4)] = struct.pack(order + ("Q" if big else "I"), at)
        pointer = len(out)
        out.extend(b"\0" * (8 if big else 4))
    return bytes(out)


def packed(values, bits, order="<", reverse=False):
    """Rows of whole bytes. values: [rows, samples of a row]"""
    if bits in (16, 32, 64):
        raw = values.astype(f"{order}u{bits // 8}").view(np.uint8).reshape(len(values), -1)
    else:
        places = np.arange(bits - 1, -1, -1)
        raw = np.packbits(((values[..., None].astype(np.int64) >> places) & 1).reshape(len(values), -1).astype(np.uint8), axis=1)
    return np.packbits(np.unpackbits(raw, axis=1), axis=1, bitorder="little") if reverse else raw


def compressed(rows, compression):
    if compression == PACKBITS:
        return b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in rows)
    raw = rows.tobytes()
    return {NONE: lambda: raw, LZW: lambda: imagecodecs.lzw_encode(raw), DEFLATE: lambda: imagecodecs.zlib_encode(raw),
            OLD_DEFLATE: lambda: imagecodecs.zlib_encode(raw, 9), 50000: lambda: imagecodecs.zstd_encode(raw),
            34925: lambda: imagecodecs.lzma_encode(raw)}[compression]()


def page(values, photometric, bits=8, compression=NONE, rows=None, tile=None, planar=False, predictor=1, order="<", fill=1, **tags):
    """values: whole numbers [height, width, samples]. rows: of a strip. tile: (width, height)."""
    values = values if values.ndim == 3 else values[..., None]
    height, width, samples = values.shape
    planes = [values[..., s : s + 1] for s in range(samples)] if planar else [values]
    th, tw = (tile[1], tile[0]) if tile else (rows or height, width)
    strips = []
    for plane in planes:
        for top, left in itertools.product(range(0, height, th), range(0, width, tw)):
            part = plane[top : top + th, left : left + tw].astype(np.int64)
            if tile:
                part = np.pad(part, ((0, th - part.shape[0]), (0, tw - part.shape[1]), (0, 0)), mode="edge")
            if predictor == 2:
                part = np.concatenate([part[:, :1], np.diff(part, axis=1)], 1) % (1 << bits)
            strips.append(compressed(packed(part.reshape(len(part), -1), bits, order, fill == 2), compression))
            if fill == 2 and compression != NONE:
                # The order of bits holds for what is stored, after compression.
                plain = compressed(packed(part.reshape(len(part), -1), bits, order), compression)
                strips[-1] = np.packbits(np.unpackbits(np.frombuffer(plain, np.uint8)).reshape(-1, 8)[:, ::-1].reshape(-1)).tobytes()
    found = {256: width, 257: height, 258: [bits] * samples, 259: compression, 262: photometric, 277: samples, "strips": strips}
    found.update({322: tw, 323: th} if tile else {278: th})
    found.update({284: 2} if planar else {})
    found.update({317: predictor} if predictor != 1 else {})
    found.update({266: fill} if fill != 1 else {})
    found.update({int(tag[1:]): value for tag, value in tags.items()})
    return {tag: value for tag, value in found.items() if value is not None}


def kinds():
    """Every admitted kind of pixels: name, values, photometric, bits, expected, more tags."""
    for bits in (1, 2, 4, 8):
        stored = GRAY >> (8 - bits)
        yield f"black-{bits}", stored, BLACK, bits, widened(stored, bits), {}
        yield f"white-{bits}", stored, WHITE, bits, 255 - widened(stored, bits), {}
        colours = np.random.default_rng(bits).integers(0, 65536, (3, 1 << bits))
        shown = (colours >> 8).astype(np.uint8).T[stored]
        yield f"palette-{bits}", stored, PALETTE, bits, shown, {"t320": (3, colours.reshape(-1).tolist())}
        rgb = RGB >> (8 - bits)
        yield f"rgb-{bits}", rgb, COLOURS, bits, widened(rgb, bits), {}
    for bits in (10, 12, 14, 16):
        stored = deep(GRAY, bits)
        yield f"black-{bits}", stored, BLACK, bits, widened(stored, bits), {}
        yield f"white-{bits}", stored, WHITE, bits, 65535 - widened(stored, bits), {}
        rgb = deep(RGB, bits)
        yield f"rgb-{bits}", rgb, COLOURS, bits, widened(rgb, bits), {}
    yield "rgb-alpha-8", RGBA, COLOURS, 8, RGB, {"t338": 2}
    rgb16 = deep(RGB, 16)
    yield "rgb-alpha-16", np.dstack([rgb16, deep(ALPHA, 16)]), COLOURS, 16, rgb16.astype(np.uint16), {"t338": 2}
    yield "black-alpha-8", np.dstack([GRAY, ALPHA]), BLACK, 8, GRAY, {"t338": 2}
    yield "cmyk-8", CMYK, INK, 8, light(CMYK), {}
    ink16 = deep(CMYK, 16)
    yield "cmyk-16", ink16, INK, 16, light(((ink16 * 255 + 32767) // 65535).astype(np.uint8)), {}


def lossless(pictures):
    layouts = [{}, {"rows": 7}, {"rows": 1}, {"tile": (16, 16)}, {"tile": (32, 16)}]
    turn = 0
    for name, values, photometric, bits, expected, tags in kinds():
        for compression in NAMES:
            many = values.ndim == 3
            layout = layouts[turn % 5]
            order, big = "<>"[turn % 2], turn % 3 == 0
            planar = many and turn % 2 == 1
            differs = compression in (LZW, DEFLATE, OLD_DEFLATE) and bits in (8, 16) and turn % 4 < 2 and photometric != PALETTE
            parts = [name, NAMES[compression], *(f"{key}-{value}".replace(", ", "x").strip("()") for key, value in layout.items())]
            parts += ["planar"] * planar + ["predictor"] * differs + [["little", "big"][turn % 2] + "-endian"] + ["bigtiff"] * big
            label = "-".join(parts).replace("(", "").replace(")", "")
            data = tiff(page(values, photometric, bits, compression, planar=planar, predictor=2 if differs else 1, order=order, **layout, **tags), order=order, big=big)
            check(label, data, expected, bits, photometric)
            pictures.read(f"tiff/{label}.tif", data, expected)
            turn += 1
        data = tiff(page(values, photometric, bits, LZW, fill=2, **tags))
        pictures.read(f"tiff/{name}-lzw-reversed-bits.tif", data, expected)
        pictures.read(f"tiff/{name}-none-reversed-bits.tif", tiff(page(values, photometric, bits, NONE, fill=2, **tags)), expected)


def check(label, data, expected, bits, photometric):
    """Pillow and tifffile must read the same from our own writer's files, so far as they read them."""
    if photometric in (BLACK, WHITE, COLOURS, PALETTE) and bits in (1, 2, 4, 8):
        try:
            image = Image.open(io.BytesIO(data))
            image.load()
        except Exception:
            image = None
        if image is not None:
            found = np.asarray(image.convert("RGB"))
            assert np.array_equal(found, np.broadcast_to(expected if expected.ndim == 3 else expected[..., None], found.shape)), label
    if bits in (8, 16) and photometric in (BLACK, COLOURS):
        found = tifffile.imread(io.BytesIO(data))
        found = np.moveaxis(found, 0, -1) if found.ndim == 3 and found.shape[0] in (2, 3, 4) else found
        found = found[..., : expected.shape[2]] if expected.ndim == 3 else found[..., 0] if found.ndim == 3 else found
        assert np.array_equal(found, expected), (label, found.shape)


def orientations(pictures):
    for n in range(1, 9):
        pictures.read(f"tiff/orientation-{n}.tif", tiff(page(RGB, COLOURS, compression=LZW, t274=n)), oriented(RGB, n))
        pictures.read(f"tiff/orientation-{n}-bigtiff.tif", tiff(page(RGB, COLOURS, tile=(16, 16), order=">", t274=n), order=">", big=True), oriented(RGB, n))
        stored = deep(GRAY, 16)
        pictures.read(f"tiff/orientation-{n}-16.tif", tiff(page(stored, BLACK, 16, t274=n)), oriented(stored.astype(np.uint16), n))


    for n in (3, 6):
        pictures.as_pillow(f"tiff/xmp-{n}.tif", tiff(page(RGB, COLOURS, t700=(1, xmp(n)))))
        pictures.as_pillow(f"tiff/xmp-{n}-behind-tag.tif", tiff(page(RGB, COLOURS, t274=8, t700=(1, xmp(n)))))


def alpha(pictures):
    premultiplied = np.dstack([(RGB.astype(int) * ALPHA[..., None] + 127) // 255, ALPHA])
    data = tiff(page(premultiplied, COLOURS, compression=LZW, t338=1))
    pictures.as_pillow("tiff/alpha-premultiplied.tif", data)
    divided = np.minimum(255, np.divide(premultiplied[..., :3] * 255, ALPHA[..., None], out=np.zeros(RGB.shape), where=ALPHA[..., None] > 0).astype(int))
    gray = np.dstack([(GRAY.astype(int) * ALPHA + 127) // 255, ALPHA])
    shown = np.minimum(255, np.divide(gray[..., 0] * 255, ALPHA, out=np.zeros(GRAY.shape), where=ALPHA > 0).astype(int)).astype(np.uint8)
    pictures.read("tiff/alpha-premultiplied-gray.tif", tiff(page(gray, BLACK, t338=1)), shown)
    pictures.read("tiff/alpha-premultiplied-planar.tif", tiff(page(premultiplied, COLOURS, planar=True, t338=1)), divided.astype(np.uint8))
    pictures.read("tiff/alpha-not-declared.tif", tiff(page(RGBA, COLOURS)), RGB)
    pictures.refuse("tiff/channel-beside-gray.tif", tiff(page(np.dstack([GRAY, ALPHA]), BLACK, t338=0)), "1 more channel")
    pictures.refuse("tiff/channel-beside-gray-not-declared.tif", tiff(page(np.dstack([GRAY, ALPHA]), BLACK)), "1 more channel")
    pictures.refuse("tiff/channel-beside-rgb.tif", tiff(page(RGBA, COLOURS, t338=0)), "1 more channel")
    pictures.refuse("tiff/channels-beside-rgb.tif", tiff(page(np.dstack([RGBA, GRAY]), COLOURS, t338=[2, 0])), "1 more channel")
    pictures.refuse("tiff/channel-beside-cmyk.tif", tiff(page(np.dstack([CMYK, GRAY]), INK, t338=0)), "1 more channel")
    pictures.read("tiff/alpha-cmyk.tif", tiff(page(np.dstack([CMYK, ALPHA]), INK, t338=2)), light(CMYK))
    for channels in (3, 5, 7):
        pictures.refuse(f"tiff/channels-{channels}.tif", tiff(page(np.dstack([GRAY] * channels), BLACK, t338=[0] * (channels - 1))), f"{channels - 1} more channels")


def palettes(pictures):
    stored = GRAY >> 4
    eight = np.random.default_rng(8).integers(0, 256, (3, 16))
    pictures.read("tiff/palette-of-8-bits.tif", tiff(page(stored, PALETTE, 4, t320=(3, eight.reshape(-1).tolist()))), eight.astype(np.uint8).T[stored])
    shades = np.tile(np.linspace(65535, 0, 16).astype(int), (3, 1))
    pictures.read("tiff/palette-of-gray.tif", tiff(page(stored, PALETTE, 4, t320=(3, shades.reshape(-1).tolist()))), (shades >> 8).astype(np.uint8).T[stored])
    pictures.refuse("tiff/palette-missing.tif", tiff(page(stored, PALETTE, 4)), "palette")
    both = np.dstack([GRAY, ALPHA])
    pictures.refuse("tiff/palette-alpha.tif", tiff(page(both, PALETTE, t338=2, t320=(3, [1] * 768))), "palette")


def profiles(pictures):
    for space, colours, tags in (("rgb", RGB, {}), ("gray", GRAY, {})):
        for broken in (False, True):
            data = tiff(page(colours, COLOURS if space == "rgb" else BLACK, compression=DEFLATE, t34675=profile(broken, space == "gray")))
            pictures.read(f"tiff/profile-{space}-{'broken' if broken else 'linear'}.tif", data, colours)
    pictures.read("tiff/profile-cmyk.tif", tiff(page(CMYK, INK, t34675=profile())), light(CMYK))
    sixteen = deep(RGB, 16)
    pictures.read("tiff/profile-16.tif", tiff(page(sixteen, COLOURS, 16, t34675=profile())), sixteen.astype(np.uint16))
    gamma = tiff(page(GRAY >> 4, BLACK, 4, t34675=profile(broken=True), t301=(3, [65535 - 4000 * i for i in range(16)])))
    pictures.read("tiff/transfer-function.tif", gamma, widened(GRAY >> 4, 4))


def numbers(values, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, values, photometric="minisblack" if values.ndim == 2 else "rgb", **options)
    return out.getvalue()


def any_range(pictures):
    """Signed and floating-point samples, and those of 32 bits, as floats; written and read by tifffile."""
    rng = np.random.default_rng(2)
    turn = 0
    for dtype in ("i1", "i2", "i4", "u4", "f2", "f4", "f8"):
        kind = np.dtype(dtype)
        for shape in ((19, 17), (11, 17, 3)):
            if kind.kind == "f":
                values = (rng.normal(0, 1, shape) * 10.0 ** rng.integers(-3, 4, shape)).astype(dtype)
            else:
                info = np.iinfo(kind)
                values = rng.integers(info.min, info.max, shape, endpoint=True).astype(dtype)
            for predictor in (False, True):
                for layout in ({}, {"rowsperstrip": 5}, {"tile": (16, 16)}):
                    options = {"compression": "zlib" if predictor or turn % 2 else None, "byteorder": "<>"[turn % 2], "bigtiff": turn % 3 == 0, **layout}
                    planar = len(shape) == 3 and turn % 4 == 3
                    written = np.moveaxis(values, -1, 0) if planar else values
                    data = numbers(np.ascontiguousarray(written), predictor=predictor, planarconfig="separate" if planar else None, **options)
                    back = tifffile.imread(io.BytesIO(data))
                    assert np.array_equal(np.moveaxis(back, 0, -1) if planar else back, values)
                    label = "-".join([kind.name, "rgb" if len(shape) == 3 else "gray"] + ["predictor"] * predictor + [next(iter(layout), "strip"), "le" if turn % 2 == 0 else "be"] + ["planar"] * planar)
                    pictures.read(f"tiff/numbers-{label}.tif", data, values.astype(np.float32))
                    turn += 1


def not_read(pictures):
    for name, dtype, words in (("uint64", "<u8", "64 bits"), ("int64", "<i8", "signed integers of 64 bits"), ("complex64", "<c8", "complex")):
        out = io.BytesIO()
        tifffile.imwrite(out, GRAY.astype(dtype), photometric="minisblack")
        pictures.refuse(f"tiff/samples-{name}.tif", out.getvalue(), words)
    pictures.refuse("tiff/samples-uint24.tif", tiff(page(deep(GRAY, 16), BLACK, 24)), "24 bits")
    out = io.BytesIO()
    tifffile.imwrite(out, (GRAY / 255).astype("f4"), photometric="miniswhite")
    pictures.refuse("tiff/samples-float32-white.tif", out.getvalue(), "floating-point numbers of 32 bits with colours of kind 0")
    pictures.refuse("tiff/samples-int16-palette.tif", tiff(page(GRAY, PALETTE, t320=(3, [1] * 768), t339=2)), "signed integers of 8 bits with colours of kind 3")
    pictures.refuse("tiff/samples-nan.tif", numbers(np.where(GRAY > 200, np.nan, GRAY).astype("f4")), "not finite")
    pictures.refuse("tiff/predictor-2-of-12-bits.tif", tiff(page(deep(GRAY, 12), BLACK, 12, LZW, predictor=2)), "its predictor is 2 with samples of 12 bits")
    for codec, name in (("zstd", "ZSTD"), ("lzma", "LZMA"), ("webp", "WebP"), ("jpeg2000", "JPEG 2000"), ("lerc", "LERC"), ("jpegxl", "JPEG XL"), ("jpegxr", "JPEG XR"), ("png", "PNG")):
        out = io.BytesIO()
        tifffile.imwrite(out, RGB, compression=codec, photometric="rgb")
        pictures.refuse(f"tiff/compression-{codec}.tif", out.getvalue(), f"TIFF compression {name} is not read")
    pictures.refuse("tiff/compression-unknown.tif", tiff(page(GRAY, BLACK, t259=4711)), "TIFF compression number 4711 is not read")
    for photometric, words in ((4, "transparency mask"), (LAB, "L*a*b*"), (9, "L*a*b*"), (10, "L*a*b*"), (32844, "LogL"), (32845, "LogLuv"), (32803, "colour filter array"), (34892, "linear raw"), (51177, "depth"), (4711, "kind 4711")):
        colours = GRAY if photometric in (4, 32844, 32803, 51177) else RGB
        pictures.refuse(f"tiff/photometric-{photometric}.tif", tiff(page(colours, photometric)), words)
    pictures.refuse("tiff/photometric-8-16.tif", tiff(page(deep(RGB, 16), LAB, 16)), "L*a*b*")
    pictures.refuse("tiff/bits-5-6-5.tif", tiff(page(RGB >> 3, COLOURS, 5, t258=[5, 6, 5])), "5, 6, 5")
    pictures.refuse("tiff/tile-missing.tif", tiff(page(GRAY, BLACK, tile=(16, 16), t324=(4, [8, 0, 8, 8]))), "is missing")
    pictures.refuse("tiff/reduced-picture-first.tif", tiff(page(RGB, COLOURS, t254=(4, [1])), page(RGB, COLOURS)), "reduced")


def odd_headers(pictures):
    """Whole files whose tags writers left out or wrote wrongly; libtiff reads them."""
    plain = page(RGB, COLOURS, rows=7)
    for name, changes in (("rows-per-strip-endless", {278: (4, [0xFFFFFFFF])}), ("no-samples-per-pixel", {277: None}), ("no-compression-tag", {259: None}),
                          ("planar-of-one", {284: 1}), ("resolution-unit", {296: 2}), ("void-samples", {339: [4, 4, 4]}), ("description", {270: (2, b"cells \xff\0")}),
                          ("no-strip-bytes", {279: None})):
        source = page(GRAY, BLACK) if name == "no-samples-per-pixel" else page(RGB, COLOURS) if name.startswith("rows") else plain
        tags = {tag: value for tag, value in {**source, **changes}.items() if value is not None}
        data = tiff(tags)
        if name == "no-strip-bytes":
            data = tiff({**tags, 279: (4, [0] * 3)})
        pictures.read(f"tiff/header-{name}.tif", data, GRAY if name == "no-samples-per-pixel" else RGB)
    for name, source, shown in (("gray", page(GRAY, BLACK), GRAY), ("rgb", page(RGB, COLOURS), RGB)):
        del source[262]
        pictures.read(f"tiff/header-no-photometric-{name}.tif", tiff(source), shown)
    bilevel = (GRAY > 120).astype(int)
    bare = page(bilevel, BLACK, 1)
    del bare[258], bare[277]
    pictures.read("tiff/header-no-bits.tif", tiff(bare), widened(bilevel, 1))
    for kind, name in ((3, "short"), (4, "long"), (16, "long8")):
        found = page(RGB, COLOURS, rows=5)
        found[256], found[257] = (kind, [WIDTH]), (kind, [HEIGHT])
        pictures.read(f"tiff/header-{name}-bigtiff.tif", tiff(found, big=True), RGB)


def fax(pictures):
    black = (GRAY < 120)
    image = Image.fromarray(~black)
    unsaid = page(black.astype(int), WHITE, 1, t259=4)
    with tifffile.TiffFile(io.BytesIO(save(image, "TIFF", compression="group4"))) as file:
        at, length = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    unsaid["strips"] = [save(image, "TIFF", compression="group4")[at : at + length]]
    del unsaid[262]
    # Pillow writes that black is zero.
    pictures.read("tiff/fax-no-photometric.tif", tiff(unsaid), 255 - widened((~black).astype(int), 1))
    for codec in ("tiff_ccitt", "group3", "group4"):
        for strips in (0, 5):
            data = save(image, "TIFF", compression=codec, **({"strip_size": 4 * strips} if strips else {}))
            pictures.read(f"tiff/fax-{codec}-{'strips' if strips else 'one-strip'}.tif", data, widened((~black).astype(int), 1))
    from tools import tiffcp
    plain = save(image, "TIFF")
    for options in (["-c", "g3:1d"], ["-c", "g3:2d"], ["-c", "g3:1d:fill"], ["-c", "g3:2d:fill"], ["-c", "g4"]):
        for more in ([], ["-f", "lsb2msb"], ["-r", "4"]):
            label = "-".join(options + more).replace(":", "-").replace("-c-", "")
            pictures.read(f"tiff/fax-{label}.tif", tiffcp(plain, *options, *more), widened((~black).astype(int), 1))
    rng = np.random.default_rng(4)
    wide = np.zeros((6, 5400), bool)
    for row, runs in zip(wide, ([2623, 1, 2560, 9], [0, 5400], [64, 2559, 1792, 63, 700], [1, 1, 2, 3, 2561, 2600], [5400], [0, 1, 1, 5398])):
        at = 0
        for i, run in enumerate(runs):
            row[at : at + run] = i % 2 == 1
            at += run
    for name, shown in (("noise", rng.random((23, 61)) < 0.5), ("sparse", rng.random((40, 64)) < 0.03), ("dense", rng.random((21, 64)) < 0.9), ("black", np.ones((5, 17), bool)), ("wide", wide)):
        plain = save(Image.fromarray(~shown), "TIFF")
        for options in (["-c", "g3:1d"], ["-c", "g3:2d:fill"], ["-c", "g4"]):
            pictures.read(f"tiff/fax-{name}-{options[1].replace(':', '-')}.tif", tiffcp(plain, *options), widened((~shown).astype(int), 1))
        pictures.read(f"tiff/fax-{name}-runs.tif", save(Image.fromarray(~shown), "TIFF", compression="tiff_ccitt"), widened((~shown).astype(int), 1))
    # Black is zero: the same code words stand for the other colour.
    data = bytearray(save(image, "TIFF", compression="group4"))
    at = data.find(struct.pack("<HHI", 262, 3, 1))
    data[at + 8] ^= 1
    pictures.as_pillow("tiff/fax-group4-other-photometric.tif", bytes(data))


def jpeg(pictures):
    from tools import tiffcp
    for quality, subsampling in itertools.product((30, 90), (0, 1, 2)):
        pictures.as_pillow(f"tiff/jpeg-pillow-q{quality}-s{subsampling}.tif", save(RGB, "TIFF", compression="jpeg", quality=quality, subsampling=subsampling))
    pictures.as_pillow("tiff/jpeg-gray.tif", save(GRAY, "TIFF", compression="jpeg"))
    pictures.as_pillow("tiff/jpeg-cmyk.tif", save(Image.fromarray(CMYK, "CMYK"), "TIFF", compression="jpeg"))
    plain = save(RGB, "TIFF")
    for options in (["-c", "jpeg"], ["-c", "jpeg:r"], ["-c", "jpeg:r:50"], ["-c", "jpeg", "-t", "-w", "16", "-l", "16"], ["-c", "jpeg:r", "-r", "8"], ["-c", "jpeg", "-r", "16"], ["-c", "jpeg:r", "-p", "separate"]):
        label = "-".join(options).replace(":", "-")
        pictures.as_pillow(f"tiff/jpeg-tiffcp-{label}.tif", tiffcp(plain, *options))
    for n in (3, 6):
        data = save(RGB, "TIFF", compression="jpeg", tiffinfo={274: n})
        pictures.as_pillow(f"tiff/jpeg-orientation-{n}.tif", data)
    for subsampling in ("444", "422", "420", "411", "440"):
        stream = imagecodecs.jpeg8_encode(RGB, 85, colorspace="RGB", outcolorspace="YCBCR", subsampling=subsampling)
        down, across = {"444": (1, 1), "422": (1, 2), "420": (2, 2), "411": (1, 4), "440": (2, 1)}[subsampling]
        tags = page(RGB, YCBCR, t259=7, t530=[across, down])
        tags["strips"] = [stream]
        pictures.as_pillow(f"tiff/jpeg-own-{subsampling}.tif", tiff(tags))
    tags = page(RGB, COLOURS, t259=7)
    tags["strips"] = [imagecodecs.jpeg8_encode(RGB, 85, colorspace="RGB", outcolorspace="RGB")]
    pictures.as_pillow("tiff/jpeg-own-rgb.tif", tiff(tags))


def luma_chroma(pictures):
    """Not compressed as JPEG: units of luma, then one pair of chroma (TIFF 6.0, section 21)."""
    colours = np.asarray(Image.fromarray(RGB).convert("YCbCr")).astype(int)
    for across, down in ((1, 1), (2, 1), (2, 2), (4, 1), (1, 2), (4, 4)):
        h, w = -(-HEIGHT // down) * down, -(-WIDTH // across) * across
        padded = np.pad(colours, ((0, h - HEIGHT), (0, w - WIDTH), (0, 0)), mode="edge")
        blocks = padded.reshape(h // down, down, w // across, across, 3)
        chroma = blocks[..., 1:].mean(axis=(1, 3)).round().astype(int)
        units = np.concatenate([blocks[..., 0].transpose(0, 2, 1, 3).reshape(h // down, w // across, -1), chroma], -1).astype(np.uint8)
        whole = np.dstack([padded[..., :1], chroma.repeat(down, 0).repeat(across, 1)]).astype(np.uint8)[:HEIGHT, :WIDTH]
        expected = np.asarray(Image.fromarray(np.ascontiguousarray(whole), "YCbCr").convert("RGB"))
        for compression in (NONE, LZW):
            tags = page(RGB, YCBCR, t259=compression, t530=[across, down], t532=(5, []) and None)
            tags["strips"] = [compressed(units.reshape(len(units), -1), compression)]
            pictures.read(f"tiff/ycbcr-{across}x{down}-{NAMES[compression]}.tif", tiff(tags), expected, 1)


def pages(pictures):
    other = oriented(RGB, 6)
    found = [page(RGB, COLOURS, compression=LZW), page(other, COLOURS, tile=(16, 16)), page(GRAY, BLACK, rows=5, t274=6), page(GRAY >> 4, WHITE, 4)]
    for order, big in itertools.product("<>", (False, True)):
        label = ("little" if order == "<" else "big") + "-endian" + "-bigtiff" * big
        data = tiff(*found, order=order, big=big)
        for number, expected in enumerate((RGB, other, oriented(GRAY, 6), 255 - widened(GRAY >> 4, 4)), 1):
            pictures.read(f"tiff/pages-{label}-{number}.tif", data, expected, page=number, of=4)
        pictures.refuse(f"tiff/pages-{label}-5.tif", data, "has 4 pages, and page 5 is wanted", page=5)
    stack = np.stack([picture(WIDTH, HEIGHT, seed)[..., 0] for seed in range(5)])
    for name, options in (("tifffile", {}), ("imagej", {"imagej": True}), ("series", {"metadata": {"axes": "CYX"}}), ("compressed", {"compression": "zlib"})):
        out = io.BytesIO()
        tifffile.imwrite(out, stack, photometric="minisblack", **options)
        for number in (1, 3, 5):
            pictures.read(f"tiff/stack-{name}-{number}.tif", out.getvalue(), stack[number - 1], page=number, of=5)
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(RGB, photometric="rgb", subifds=1)
        writer.write(RGB[::2, ::2], photometric="rgb", subfiletype=1)
    pictures.read("tiff/pyramid-in-sub-directories.tif", out.getvalue(), RGB)
    pyramid = tiff(page(RGB, COLOURS), page(RGB[::2, ::2], COLOURS, t254=(4, [1])))
    pictures.read("tiff/pyramid-1.tif", pyramid, RGB, of=2)
    pictures.read("tiff/pyramid-2.tif", pyramid, RGB[::2, ::2], page=2, of=2)
    loop = bytearray(tiff(page(RGB, COLOURS)))
    loop[-4:] = loop[4:8]
    pictures.read("tiff/next-page-is-itself.tif", bytes(loop), RGB)
    pictures.read("tiff/next-page-is-nowhere.tif", bytes(loop[:-4]) + b"\xff\xff\xff\x7f", RGB)
    frames = [Image.fromarray(picture(WIDTH, HEIGHT, seed)) for seed in (1, 2, 3)]
    data = save(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_lzw")
    pictures.as_pillow("tiff/pillow-2-of-3.tif", data, page=2, of=3)


def add(pictures):
    pages(pictures)
    lossless(pictures)
    orientations(pictures)
    alpha(pictures)
    palettes(pictures)
    profiles(pictures)
    any_range(pictures)
    not_read(pictures)
    odd_headers(pictures)
    fax(pictures)
    jpeg(pictures)
    luma_chroma(pictures)
