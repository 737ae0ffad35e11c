"""One small picture in many formats, and under expected/ what Pillow reads from each. Made with Pillow 12.3 and 13.0 and numpy."""
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

h, w = 21, 29
yy, xx = np.mgrid[0:h, 0:w]
rgb = np.stack([128 + 90 * np.sin(xx / 7) + 20 * np.cos(yy / 3), 120 + 100 * np.cos(yy / 6 + xx / 11), 60 + 3 * xx + 1.5 * yy], -1)
rgb = rgb.clip(0, 255).astype(np.uint8)
rgb[6:12, 8:16] = [220, 30, 40]
im = Image.fromarray(rgb)
gray, cmyk, other = im.convert("L"), im.convert("CMYK"), im.rotate(180)
alpha = (255 * (xx / w)).astype(np.uint8)
rgba = im.copy()
rgba.putalpha(Image.fromarray(alpha))
bilevel = gray.point(lambda v: 255 if v > 120 else 0).convert("1")
gray16 = (np.asarray(gray).astype(int) * 257 - 7 * (xx % 5)).astype(np.uint16)


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


im.save("rgb.jpg", quality=90, subsampling=2)
im.save("rgb-422.jpg", quality=80, subsampling=1)
im.save("rgb-444.jpg", quality=92, subsampling=0)
im.save("progressive.jpg", quality=85, progressive=True, subsampling=2)
im.save("stored-as-rgb.jpg", quality=90, keep_rgb=True)
im.save("restarts.jpg", quality=90, restart_marker_blocks=2)
gray.save("gray.jpg", quality=90)
cmyk.save("cmyk.jpg", quality=92)
data = bytearray(open("cmyk.jpg", "rb").read())
data[data.find(b"Adobe") + 11] = 2
open("ycck.jpg", "wb").write(data)
data = open("rgb-444.jpg", "rb").read()
open("without-jfif.jpg", "wb").write(data[:2] + data[20:])
for n in range(1, 9):
    im.save(f"exif-{n}.jpg", exif=exif(n), quality=90)
im.save("exif-6.png", exif=exif(6))
im.save("exif-6.webp", exif=exif(6), lossless=True)
im.save("exif-6.tif", tiffinfo={274: 6}, compression="tiff_lzw")

im.save("lossy.webp", quality=80)
im.save("lossless.webp", lossless=True)
rgba.save("alpha-lossy.webp", quality=80)
rgba.save("alpha-lossless.webp", lossless=True, exact=True)
wide = Image.fromarray(np.tile(rgb, (4, 5, 1))[: 4 * h - 3] + np.random.default_rng(3).integers(0, 30, (4 * h - 3, 5 * w, 3)).astype(np.uint8))
for method, quality in [(0, 50), (0, 95), (1, 20), (4, 0), (4, 50), (6, 100)]:
    wide.save(f"lossy-{method}-{quality}.webp", quality=quality, method=method)
wide.save("predicted.webp", lossless=True, quality=100, method=6)
im.quantize(12).convert("RGB").save("indexed.webp", lossless=True)
im.save("animated.webp", save_all=True, append_images=[other], lossless=True)

bilevel.save("bilevel.tif", compression="group4")
gray.save("packbits.tif", compression="packbits")
im.save("lzw.tif", compression="tiff_lzw")
im.save("jpeg.tif", compression="jpeg")
im.save("big.tif", big_tiff=True)
im.save("big-exif-6.tif", big_tiff=True, tiffinfo={274: 6})
cmyk.save("jpeg-cmyk.tif", compression="jpeg")
im.quantize(16).save("palette.tif", compression="tiff_deflate")
rgba.save("alpha.tif", compression="packbits")
bilevel.save("fax3.tif", compression="group3")
cmyk.save("cmyk.tif", compression="tiff_lzw")
im.save("pages.tif", save_all=True, append_images=[other], compression="tiff_lzw")
Image.fromarray(gray16).save("gray16.tif", compression="tiff_deflate")

im.quantize(16).save("palette.gif")
im.quantize(16).save("animated.gif", save_all=True, append_images=[other.quantize(16)], duration=100)
im.save("rgb.bmp")
rgba.save("alpha.bmp")
im.quantize(16).save("palette.bmp")
gray.save("gray.bmp")


def png(name, values, bits, color_type, palette=None, interlaced=False):
    """Pillow writes few kinds of PNG: rows with all filters in turn, any depth, Adam7. values: [h, w, samples]."""
    rng = np.random.default_rng(5)
    distance = max(1, values.shape[2] * bits // 8)

    def rows(part):
        out, above = b"", None
        for line in part.reshape(part.shape[0], -1):
            row = np.packbits(np.unpackbits(line.astype(">u2").view(np.uint8)).reshape(-1, 16)[:, 16 - bits:].reshape(-1))
            above = np.zeros_like(row) if above is None else above
            a = np.concatenate([np.zeros(distance, np.uint8), row])[: len(row)].astype(int)
            c = np.concatenate([np.zeros(distance, np.uint8), above])[: len(row)].astype(int)
            b = above.astype(int)
            p = np.stack([abs(b - c), abs(a - c), abs(a + b - 2 * c)])
            paeth = np.where((p[0] <= p[1]) & (p[0] <= p[2]), a, np.where(p[1] <= p[2], b, c))
            kind = int(rng.integers(5))
            out += bytes([kind]) + ((row.astype(int) - [0, a, b, (a + b) // 2, paeth][kind]) % 256).astype(np.uint8).tobytes()
            above = row
        return out

    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    parts = [values[y0::dy, x0::dx] for x0, y0, dx, dy in passes]
    body = zlib.compress(b"".join(rows(part) for part in parts if part.size))

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, color_type, 0, 0, interlaced)
    chunks = chunk(b"IHDR", header) + (chunk(b"PLTE", palette) if palette else b"")
    half = len(body) // 2
    chunks += chunk(b"IDAT", body[:half]) + chunk(b"IDAT", b"") + chunk(b"IDAT", body[half:]) + chunk(b"IEND", b"")
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunks)


g = np.asarray(gray)[..., None]
rgb16 = rgb.astype(int) * 256 + 91
for bits in (1, 2, 4):
    png(f"gray{bits}.png", g >> (8 - bits), bits, 0)
png("gray.png", g, 8, 0)
png("gray16.png", gray16[..., None], 16, 0)
png("gray-alpha.png", np.dstack([g, alpha]), 8, 4)
png("rgb.png", rgb, 8, 2)
png("rgb16.png", rgb16, 16, 2)
png("rgb-alpha.png", np.asarray(rgba), 8, 6)
png("rgb-interlaced.png", rgb, 8, 2, interlaced=True)
png("gray16-interlaced.png", gray16[..., None], 16, 0, interlaced=True)
for bits in (1, 2, 4, 8):
    few = im.quantize(min(200, 1 << bits))
    png(f"palette{bits}.png", np.asarray(few)[..., None], bits, 3, bytes(few.getpalette()))
    png(f"palette{bits}-interlaced.png", np.asarray(few)[..., None], bits, 3, bytes(few.getpalette()), True)
png("one-pixel-interlaced.png", rgb[:1, :1], 8, 2, interlaced=True)
png("narrow-interlaced.png", rgb[:, :3], 8, 2, interlaced=True)

os.makedirs("expected", exist_ok=True)
for name in sorted(os.listdir(".")):
    if os.path.isfile(name) and not name.endswith(".py") and "16" not in name:
        ImageOps.exif_transpose(Image.open(name)).convert("RGB").save("expected/" + name + ".png", optimize=True)
