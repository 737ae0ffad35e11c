"""Makes zarr.zip: folders of Zarr 2 and 3, and of OME-Zarr 0.4 and 0.5, and zarr-values.npz with what zarr-python reads of each.

Run in this folder with zarr 3.1.6, numcodecs 0.16.6 and numpy 2.4.6. Values are random, but smooth enough to be compressed.
"""

import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import numcodecs
import numpy as np
import zarr
from zarr.codecs import (BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec)

SHAPE = (5, 18, 30)
CHUNKS = (3, 10, 16)


def smooth(random, shape, dtype):
    values = np.cumsum(random.integers(-3, 4, shape), -1) * 2 + 200
    return values.astype(dtype)


def array(folder, values, chunks, **options):
    made = zarr.create_array(str(folder), shape=values.shape, chunks=chunks, dtype=values.dtype, **options)
    made[...] = values
    return made


def second(**options):
    return dict(zarr_format=2) | options


def third(*codecs, **options):
    return dict(zarr_format=3, compressors=list(codecs)) | options


def multiscales(names, scale, unit="micrometer", **more):
    kinds = {"t": "time", "c": "channel"}
    axes = [{"name": n, "type": kinds.get(n, "space")} | ({} if n in kinds else {"unit": unit}) for n in names]
    return [{"axes": axes, "datasets": [
        {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]},
        {"path": "1", "coordinateTransformations": [{"type": "scale", "scale": [2 * s for s in scale]}]},
    ], "name": "image"} | more]


def image(folder, version, values, chunks, names, scale, **options):
    """OME-Zarr by hand from its specification: a group with its attributes, and the arrays below it."""
    folder.mkdir()
    entry = multiscales(names, scale)
    if version == "0.4":
        entry[0]["version"] = "0.4"
        (folder / ".zgroup").write_text(json.dumps({"zarr_format": 2}))
        (folder / ".zattrs").write_text(json.dumps({"multiscales": entry}))
    else:
        attributes = {"ome": {"version": "0.5", "multiscales": entry}}
        (folder / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group", "attributes": attributes}))
    array(folder / "0", values, chunks, **options)
    array(folder / "1", values[..., ::2, ::2], chunks, **options)


def world(root, u1, u2, f4, i4, big, noise):
    """What zarr-python 3 and others write by default: Zstandard, shards, bitshuffle, checksums."""
    array(root / "default-v2", u2, CHUNKS, zarr_format=2)
    array(root / "default-v3", u2, CHUNKS, zarr_format=3)
    array(root / "default-noise", noise, CHUNKS, zarr_format=3)
    array(root / "default-f4", f4, SHAPE, zarr_format=3)
    array(root / "zstd-checksum", i4, CHUNKS, **third(ZstdCodec(level=19, checksum=True)))
    array(root / "zstd-big", big, CHUNKS, **second(compressors=numcodecs.Zstd(level=1)))
    array(root / "crc32c", u2, CHUNKS, **third(ZstdCodec(), Crc32cCodec()))
    array(root / "blosc-zstd", f4, SHAPE, **second(compressors=numcodecs.Blosc(cname="zstd", blocksize=4096)))
    array(root / "blosc-zlib", u2, CHUNKS, **second(compressors=numcodecs.Blosc(cname="zlib", shuffle=1)))
    array(root / "blosc-default-u1", u1, CHUNKS, **third(BloscCodec()))
    array(root / "blosc-bits-u2", u2, SHAPE, **second(compressors=numcodecs.Blosc(cname="lz4", shuffle=2, blocksize=1024)))
    array(root / "blosc-bits-f4", f4, CHUNKS, **third(BloscCodec(cname="zstd", shuffle="bitshuffle")))
    array(root / "blosc-bits-odd", u2, (5, 9, 7), **second(compressors=numcodecs.Blosc(cname="lz4", shuffle=2)))
    inner = (3, 9, 15)
    array(root / "shards-default", u2, inner, zarr_format=3, shards=(6, 18, 30))
    array(root / "shards-several", f4, (1, 9, 10), zarr_format=3, shards=(2, 9, 20))
    array(root / "shards-big", i4, inner, zarr_format=3, shards=(3, 18, 30), serializer=BytesCodec(endian="big"))
    for place in "start", "end":
        codec = ShardingCodec(chunk_shape=inner, codecs=[BytesCodec(), BloscCodec(cname="lz4", shuffle="bitshuffle")],
                              index_codecs=[BytesCodec()] if place == "end" else [BytesCodec(), Crc32cCodec()],
                              index_location=place)
        array(root / f"shards-{place}", u2, (6, 18, 30), **third(serializer=codec))
    made = zarr.create_array(str(root / "shards-missing"), shape=SHAPE, chunks=(1, 9, 10), shards=(2, 18, 10),
                             dtype="<u2", fill_value=9)
    made[2:4, :9, 5:12] = u2[2:4, :9, 5:12]


def main():
    print("zarr", zarr.__version__, "numcodecs", numcodecs.__version__)
    random = np.random.default_rng(5)
    root = Path(tempfile.mkdtemp())
    u2, u1, f4, i4 = (smooth(random, SHAPE, t) for t in ("<u2", "u1", "<f4", "<i4"))
    big = smooth(random, SHAPE, ">f8")
    blosc = numcodecs.Blosc(cname="lz4", clevel=5, shuffle=1)
    array(root / "v2-none", u2, CHUNKS, **second(compressors=None))
    array(root / "v2-zlib", f4, CHUNKS, **second(compressors=numcodecs.Zlib(1)))
    array(root / "v2-gzip-big", big, CHUNKS, **second(compressors=numcodecs.GZip(5)))
    array(root / "v2-blosc", u2, CHUNKS, **second(compressors=blosc))
    array(root / "v2-blosc-plain", i4, CHUNKS, **second(compressors=numcodecs.Blosc(cname="lz4hc", shuffle=0)))
    array(root / "v2-blosc-blocks", f4, SHAPE, **second(compressors=numcodecs.Blosc(cname="lz4", shuffle=1, blocksize=4096)))
    array(root / "v2-fortran", u2, CHUNKS, **second(compressors=blosc, order="F"))
    array(root / "v2-slash", u2, CHUNKS, **second(compressors=None, chunk_key_encoding={"name": "v2", "separator": "/"}))
    noise = random.integers(0, 2**16, SHAPE).astype("<u2")
    array(root / "v2-blosc-noise", noise, CHUNKS, **second(compressors=blosc))
    array(root / "v3-none", u1, CHUNKS, **third())
    array(root / "v3-gzip", u2, CHUNKS, **third(GzipCodec(level=5)))
    array(root / "v3-blosc", f4, CHUNKS, **third(BloscCodec(cname="lz4", shuffle="shuffle")))
    array(root / "v3-big", u2, CHUNKS, **third(serializer=BytesCodec(endian="big")))
    made = zarr.create_array(str(root / "v3-missing"), shape=SHAPE, chunks=CHUNKS, dtype="<u2", fill_value=7, **third())
    made[3:, 10:] = u2[3:, 10:]
    image(root / "ome-0.4", "0.4", u2[None, None], (1, 1) + CHUNKS, "tczyx", [1, 1, 2.0, 0.5, 0.25], **second(compressors=blosc))
    two = np.stack([u2, u2[::-1]])
    image(root / "ome-0.5", "0.5", two, (1,) + CHUNKS, "czyx", [1, 3.0, 0.5, 0.5], **third(GzipCodec()))
    plate = root / "wrapped"
    plate.mkdir()
    (plate / ".zgroup").write_text(json.dumps({"zarr_format": 2}))
    (plate / ".zattrs").write_text(json.dumps({"bioformats2raw.layout": 3}))
    image(plate / "0", "0.4", u2, CHUNKS, "zyx", [2.0, 0.5, 0.25], **second(compressors=None))

    world(root, u1, u2, f4, i4, big, noise)

    values = {}
    for folder in sorted(root.iterdir()):
        source = folder / "0" if (folder / "0").is_dir() and folder.name.startswith("ome") else folder
        if folder.name != "wrapped":
            values[folder.name] = np.ascontiguousarray(zarr.open_array(str(source), mode="r")[...]).astype("<f8")

    # Refused by name.
    array(root / "no-blosclz", u2, CHUNKS, **second(compressors=numcodecs.Blosc(cname="blosclz")))
    array(root / "no-lzma", u2, CHUNKS, **second(compressors=numcodecs.LZMA()))
    array(root / "no-filter", u2, CHUNKS, **second(compressors=None, filters=[numcodecs.Delta(dtype="<u2")]))
    array(root / "no-order", u2, CHUNKS, **third(filters=[TransposeCodec(order=(2, 1, 0))]))
    inner = ShardingCodec(chunk_shape=(3, 9, 15))
    array(root / "no-shards-in-shards", u2, (6, 18, 30), **third(serializer=ShardingCodec(chunk_shape=(6, 18, 15), codecs=[inner])))
    array(root / "no-int64", u2.astype("<i8"), CHUNKS, **third())
    image(root / "no-times", "0.4", np.stack([u2, u2]), (1,) + CHUNKS, "tzyx", [1, 1, 1, 1], **second(compressors=None))
    image(root / "no-axis", "0.5", u2, CHUNKS, "qyx", [1, 1, 1], **third())

    np.savez_compressed("zarr-values.npz", **{name: v.astype("<f4") for name, v in values.items()})
    with zipfile.ZipFile("zarr.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted(root.rglob("*")):
            if file.is_file():
                info = zipfile.ZipInfo(file.relative_to(root).as_posix(), (2026, 1, 1, 0, 0, 0))
                out.writestr(info, file.read_bytes(), zipfile.ZIP_DEFLATED)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
