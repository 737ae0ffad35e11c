"""The set of pictures, and the pictures that all files of it show."""
import hashlib
import io
import struct
import zipfile

import numpy as np
from PIL import Image, ImageOps


class PictureSet:
    """Files with the pixels that an independent decoder reads from them, or with words of the sentence that refuses them."""

    def __init__(self):
        self.files, self.expected, self.index = {}, {}, []

    def read(self, name, data, pixels, bound=0, page=1, of=1):
        """pixels: uint8, uint16 or float32 [height, width] or [height, width, 3]. bound: greatest difference that is allowed. of: pages in all."""
        pixels = np.asarray(pixels)
        pixels = pixels if pixels.ndim == 3 else pixels[..., None]
        assert pixels.shape[2] in (1, 3) and pixels.dtype in (np.uint8, np.uint16, np.float32), (name, pixels.shape, pixels.dtype)
        height, width, channels = pixels.shape
        bits = pixels.dtype.itemsize * 8
        content = struct.pack(">HHBB", width, height, channels, bits) + pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
        key = hashlib.sha256(content).hexdigest()[:12]
        self.expected.setdefault(key, content)
        self.add(name, data, ("read", page, of, bound, key))

    def as_pillow(self, name, data, bound=0, turned=True, page=1, of=1):
        """What Pillow reads, in 8 bits."""
        image = Image.open(io.BytesIO(data))
        image.seek(page - 1)
        assert getattr(image, "n_frames", 1) == of, (name, image.n_frames)
        image = ImageOps.exif_transpose(image) if turned else image
        self.read(name, data, np.asarray(image if image.mode == "L" else image.convert("RGB")), bound, page, of)

    def refuse(self, name, data, words, page=1):
        """words: a part of the sentence."""
        self.add(name, data, ("refused", page, 0, 0, words))

    def add(self, name, data, verdict):
        assert name not in self.files, name
        self.files[name] = data
        self.index.append(verdict)

    def write(self, path):
        """An index with a line for each file, and all bytes in one entry: an entry each would take as much again."""
        lines, data, places = [], bytearray(), {}

        def place(content):
            if content not in places:
                places[content] = len(data)
                data.extend(content)
            return f"{places[content]}\t{len(content)}"

        for (verdict, page, of, bound, words), (name, content) in zip(self.index, self.files.items()):
            read = verdict == "read"
            pixels = place(self.expected[words]) if read else "0\t0"
            lines.append(f"{name}\t{place(content)}\t{page}\t{of}\t{bound}\t{pixels}\t{'' if read else words}\n")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (("index.tsv", "".join(lines)), ("data", bytes(data))):
                archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)


def picture(width, height, seed=1):
    """Smooth shades, an even rectangle with sharp edges, and a noisy corner. uint8 [height, width, 3]"""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([128 + 90 * np.sin(x / 5) + 20 * np.cos(y / 3), 120 + 100 * np.cos(y / 6 + x / 9), 60 + 5 * x + 2 * y], -1)
    rgb = rgb.clip(0, 255).astype(np.uint8)
    rgb[height // 4 : height // 2, width // 4 : width // 2] = [220, 30, 40]
    noisy = rgb[height * 2 // 3 :, width * 2 // 3 :]
    noisy[...] = np.random.default_rng(seed).integers(0, 256, noisy.shape)
    return rgb


WIDTH, HEIGHT = 27, 19
RGB = picture(WIDTH, HEIGHT)
GRAY = np.asarray(Image.fromarray(RGB).convert("L"))
ALPHA = ((np.mgrid[0:HEIGHT, 0:WIDTH][1] * 12) % 256).astype(np.uint8)
RGBA = np.dstack([RGB, ALPHA])
CMYK = np.dstack([RGB[..., ::-1], GRAY // 2])


def deep(values, bits):
    """The values of 8 bits as such of more bits, with other low bits in each pixel."""
    low = np.random.default_rng(bits).integers(0, 1 << (bits - 8), values.shape)
    return (values.astype(int) << (bits - 8)) + low


def widened(values, bits):
    """Values of any number of bits as gnserve gives them: up to 8 bits in 8, more in 16, the greatest to the greatest."""
    most, to = (1 << bits) - 1, 255 if bits <= 8 else 65535
    return ((values.astype(np.int64) * to + most // 2) // most).astype(np.uint8 if bits <= 8 else np.uint16)


def light(cmyk):
    """Ink to RGB by the formula of Pillow. uint8 [height, width, 4]"""
    return np.asarray(Image.fromarray(np.ascontiguousarray(cmyk), "CMYK").convert("RGB"))


def oriented(pixels, orientation):
    """Stored pixels as they stand upright (EXIF tag 274), by NumPy alone."""
    turns = {1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
             5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, -1), 7: lambda a: np.rot90(a, 2).swapaxes(0, 1), 8: np.rot90}
    return np.ascontiguousarray(turns[orientation](pixels))


def exif(orientation, order="<"):
    """A TIFF structure with nothing but an orientation."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)


def xmp(orientation, as_element=False):
    """An XMP packet with nothing but an orientation."""
    inner = b"><tiff:Orientation>%d</tiff:Orientation></rdf:Description>" if as_element else b' tiff:Orientation="%d"/>'
    return (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/"' + inner % orientation + b"</rdf:RDF></x:xmpmeta>")


def profile(broken=False, gray=False):
    """A colour profile (ICC.1:2001-04) that changes colours much: linear, with red and blue exchanged. Or bytes that are none."""
    if broken:
        return b"this is no profile" * 9

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    linear = b"curv\0\0\0\0" + struct.pack(">I", 0)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0none\0", b"wtpt": xyz(0.9642, 1, 0.8249)}
    if gray:
        tags[b"kTRC"] = linear
    else:
        tags |= {b"bXYZ": xyz(0.4361, 0.2225, 0.0139), b"gXYZ": xyz(0.3851, 0.7169, 0.0971), b"rXYZ": xyz(0.1431, 0.0606, 0.7141),
                 b"rTRC": linear, b"gTRC": linear, b"bTRC": linear}
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(content))
        body += content
    header = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(body), b"none", 0x02400000, b"mntr", b"GRAY" if gray else b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


def check_profile():
    """Little CMS must take the profiles, and change colours by them."""
    from PIL import ImageCms
    srgb = ImageCms.createProfile("sRGB")
    for gray, image in ((False, Image.fromarray(RGB)), (True, Image.fromarray(GRAY))):
        ours = ImageCms.ImageCmsProfile(io.BytesIO(profile(gray=gray)))
        changed = ImageCms.profileToProfile(image, ours, srgb, outputMode="RGB")
        assert np.abs(np.asarray(changed).astype(int) - np.asarray(image.convert("RGB"))).mean() > 20


def save(image, kind, **options):
    out = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(out, kind, **options)
    return out.getvalue()
