"""Makes pictures.zip, which DifferentialTest reads.

Run in this folder with Python 3.11, Pillow 13.0.0 (libjpeg-turbo 3.2.0, libwebp 1.6.0, libtiff 4.7.2), NumPy 2.4.6, tifffile 2026.3.3 and
imagecodecs 2026.3.6, and with cjpeg 2.1.5, cwebp 1.2.4 and tiffcp 4.5.0 of Debian 12 (packages libjpeg-turbo-progs, webp, libtiff-tools).
"""
import collections

import bmps
import gifs
import jpegs
import pngs
import tiffs
import webps
from picture_set import PictureSet, check_profile

check_profile()
pictures = PictureSet()
for module in (jpegs, pngs, bmps, gifs, tiffs, webps):
    module.add(pictures)
pictures.write("pictures.zip")
print(len(pictures.files), "files", dict(collections.Counter(name.split("/")[0] for name in pictures.files)))
