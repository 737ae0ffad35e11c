"""JPEG files by libjpeg-turbo (Pillow, cjpeg, imagecodecs), with markers changed by hand."""
import itertools
import struct

import imagecodecs
import numpy as np
from PIL import Image

from picture_set import CMYK, GRAY, RGB, exif, oriented, picture, profile, save, xmp
from tools import run

def segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def with_segments(data, *segments):
    return data[:2] + b"".join(segments) + data[2:]


def without(data, marker):
    """Without the segments of a marker, before the first scan."""
    out, at = data[:2], 2
    while data[at + 1] != 0xDA:
        length = 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        out += b"" if data[at + 1] == marker else data[at : at + length]
        at += length
    return out + data[at:]


def adobe(transform):
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))


def cjpeg(image, *options):
    return run(["cjpeg", *options, "-outfile", "{out}", "{0}"], save(image, "PPM"))


def add(pictures):
    def pillow(name, data, bound=0, of=1):
        pictures.as_pillow(f"jpeg/{name}.jpg", data, bound, of=of)

    for quality, subsampling, progressive in itertools.product((5, 40, 75, 95, 100), (0, 1, 2), (False, True)):
        pillow(f"q{quality}-s{subsampling}{'-progressive' * progressive}", save(RGB, "JPEG", quality=quality, subsampling=subsampling, progressive=progressive))
    for quality in (10, 80):
        pillow(f"gray-q{quality}", save(GRAY, "JPEG", quality=quality))
        pillow(f"gray-q{quality}-progressive", save(GRAY, "JPEG", quality=quality, progressive=True))
    for factors in ("1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "3x2", "2x3", "2x2,1x2,1x2", "2x2,2x1,2x1", "2x2,1x1,2x2", "1x1,2x2,2x2", "2x1,1x1,2x1"):
        pillow(f"factors-{factors.replace(',', '-')}", cjpeg(RGB, "-quality", "85", "-sample", factors))
    for width, height in ((1, 1), (1, 17), (17, 1), (8, 8), (9, 9), (16, 16), (15, 33), (33, 15)):
        for factors in ("1x1", "2x1", "2x2"):
            pillow(f"size-{width}x{height}-{factors}", cjpeg(picture(width, height), "-sample", factors))
    for options in (["-optimize"], ["-restart", "1B"], ["-restart", "1"], ["-dct", "int"], ["-dct", "fast"], ["-smooth", "30"], ["-baseline", "-quality", "1"], ["-progressive", "-restart", "2B"], ["-rgb"], ["-grayscale"]):
        pillow("cjpeg" + "".join(options).replace("-", "-"), cjpeg(RGB, *options))
    scans = b"0;1;2;\n"
    pillow("three-scans", run(["cjpeg", "-scans", "{1}", "-outfile", "{out}", "{0}"], save(RGB, "PPM"), scans))
    # Colours: by JFIF, by the Adobe marker, by the names of the components.
    plain = save(RGB, "JPEG", quality=90, subsampling=0)
    bare = without(plain, 0xE0)
    pillow("without-jfif", bare)
    for transform in (0, 1, 2, 7):
        pillow(f"adobe-{transform}", with_segments(bare, adobe(transform)))
        pillow(f"jfif-and-adobe-{transform}", with_segments(plain, adobe(transform)))
    named = bytearray(bare)
    frame, scan = named.find(b"\xff\xc0"), named.find(b"\xff\xda")
    for i, letter in enumerate(b"RGB"):
        named[frame + 10 + 3 * i] = named[scan + 5 + 2 * i] = letter
    pillow("named-rgb", bytes(named))
    ink = save(Image.fromarray(CMYK, "CMYK"), "JPEG", quality=90)
    no_adobe = without(ink, 0xEE)
    pillow("cmyk", ink)
    pillow("cmyk-without-adobe", no_adobe)
    for factors in ("2x2,1x1,1x1,2x2", "1x1,1x1,1x1,1x1", "2x1,1x1,1x1,2x1"):
        name = factors.replace(",", "-")
        changed = imagecodecs.jpeg8_encode(CMYK, 85, colorspace="CMYK", outcolorspace="YCCK", subsampling={"2x2": "420", "1x1": "444", "2x1": "422"}[factors[:3]])
        pillow(f"ycck-{name}", changed)
    for transform in (0, 1, 2, 3):
        pillow(f"cmyk-adobe-{transform}", with_segments(no_adobe, adobe(transform)))
    pillow("cmyk-progressive", save(Image.fromarray(CMYK, "CMYK"), "JPEG", quality=70, progressive=True))
    # Orientation, and segments beside the pixels.
    for n in range(1, 9):
        for order in "<>":
            block = segment(0xE1, b"Exif\0\0" + exif(n, order))
            data = with_segments(plain, block)
            pillow(f"exif-{n}-{'little' if order == '<' else 'big'}", data)
    for n in range(1, 9):
        packet = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(n, n % 2 == 0))
        pillow(f"xmp-{n}", with_segments(plain, packet))
    pillow("xmp-before-exif", with_segments(plain, packet, segment(0xE1, b"Exif\0\0" + exif(3))))
    pillow("exif-before-jfif-progressive", with_segments(save(RGB, "JPEG", progressive=True), segment(0xE1, b"Exif\0\0" + exif(8))))
    beside = {
        "profile": [segment(0xE2, b"ICC_PROFILE\0\1\1" + profile())], "profile-broken": [segment(0xE2, b"ICC_PROFILE\0\1\1" + profile(broken=True))],
        "profile-in-parts": [segment(0xE2, b"ICC_PROFILE\0\1\2" + profile()[:99]), segment(0xE2, b"ICC_PROFILE\0\2\2" + profile()[99:])],
        "comment": [segment(0xFE, b"caf\xe9 \xff\xd8\xff\xd9")], "thumbnail": [segment(0xE1, b"Exif\0\0" + exif(1) + b"\xff\xd8\xff\xd9" * 9)],
        "photoshop": [segment(0xED, b"Photoshop 3.0\0" + bytes(range(200)))], "exif-broken": [segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff")],
        "orientation-9": [segment(0xE1, b"Exif\0\0" + exif(9))], "unknown-application": [segment(0xE9, bytes(99))], "fill-bytes": [b"\xff\xff\xff" + segment(0xFE, b"x")],
    }
    for name, segments in beside.items():
        pictures.read(f"jpeg/beside-{name}.jpg", with_segments(plain, *segments), np.asarray(Image.open(__import__("io").BytesIO(plain))))
    pictures.as_pillow("jpeg/profile-gray.jpg", with_segments(save(GRAY, "JPEG"), segment(0xE2, b"ICC_PROFILE\0\1\1" + profile(gray=True))))
    pictures.as_pillow("jpeg/profile-cmyk.jpg", with_segments(ink, segment(0xE2, b"ICC_PROFILE\0\1\1" + profile())))
    pictures.read("jpeg/bytes-behind-the-end.jpg", plain + bytes(77), np.asarray(Image.open(__import__("io").BytesIO(plain))))
    frames = [Image.fromarray(picture(33, 20, seed)) for seed in (1, 2, 3)]
    pillow("several-pictures", save(frames[0], "MPO", save_all=True, append_images=frames[1:]), of=3)
    pictures.refuse("jpeg/second-picture.jpg", save(frames[0], "MPO", save_all=True, append_images=frames[1:]), "has 3 pictures, of which the first is read, and page 2 is wanted", page=2)
    # Not read.
    pictures.refuse("jpeg/arithmetic.jpg", cjpeg(RGB, "-arithmetic"), "arithmetic")
    pictures.refuse("jpeg/arithmetic-progressive.jpg", cjpeg(RGB, "-arithmetic", "-progressive"), "arithmetic")
    pictures.refuse("jpeg/lossless.jpg", imagecodecs.ljpeg_encode(GRAY), "lossless")
    pictures.refuse("jpeg/12-bits.jpg", imagecodecs.jpeg8_encode((RGB.astype(np.uint16) << 4), bitspersample=12), "12 bits")
    pictures.refuse("jpeg/jpeg-ls.jpg", imagecodecs.jpegls_encode(GRAY), "JPEG-LS")
    fraction = bytearray(plain)
    at = fraction.find(b"\xff\xc0")
    fraction[at + 11], fraction[at + 14], fraction[at + 17] = 0x31, 0x21, 0x21
    pictures.refuse("jpeg/factors-of-a-fraction.jpg", bytes(fraction), "a fraction of a pixel")
    pictures.refuse("jpeg/hierarchical.jpg", with_segments(plain, segment(0xDE, bytes(17))), "hierarchical")
    height = bytearray(plain)
    height[height.find(b"\xff\xc0") + 5 : height.find(b"\xff\xc0") + 7] = b"\0\0"
    pictures.refuse("jpeg/height-behind-the-scan.jpg", bytes(height), "no height")
    two = bytearray(save(GRAY, "JPEG"))
    at = two.find(b"\xff\xc0")
    two[at + 9 : at + 10], two[at + 3] = b"\2", 14
    two[at + 13 : at + 13] = b"\2\x11\0"
    pictures.refuse("jpeg/two-components.jpg", bytes(two), "2 components")
