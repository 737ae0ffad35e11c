"""Makes zarr.zip: folders of Zarr 2 and 3, and of OME-Zarr 0.4 and 0.5, and values.npy with what zarr-python reads of each.

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
from zarr.codecs import BloscCodec, BytesCodec, GzipCodec, ZstdCodec

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

    values = {}
    for folder in sorted(root.iterdir()):
        source = folder / "0" if (folder / "0").is_dir() and folder.name.startswith("ome") else folder
        if folder.name != "wrapped":
            values[folder.name] = np.ascontiguousarray(zarr.open_array(str(source), mode="r")[...]).astype("<f8")

    # Refused by name.
    array(root / "no-zstd", u2, CHUNKS, **third(ZstdCodec()))
    array(root / "no-blosc-zstd", u2, CHUNKS, **second(compressors=numcodecs.Blosc(cname="zstd")))
    array(root / "no-bitshuffle", u1, CHUNKS, **third(BloscCodec(cname="lz4", shuffle="bitshuffle")))
    array(root / "no-filter", u2, CHUNKS, **second(compressors=None, filters=[numcodecs.Delta(dtype="<u2")]))
    array(root / "no-shards", u2, (3, 9, 15), **third(shards=(6, 18, 30)))
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
