"""Makes volumes/: true labels and objects of volumes, and the figures that they give: python make_volumes.py, in this folder.

numpy 2.4.6. What is found is what MONAI, SciPy and scikit-image found in ../volumes (make.py, make_watershed.py); what is true is that, changed.
Figures are counted by NumPy, without code of gnserve: Dice and IoU from a table of counts, matches from all overlaps of all objects
(Kirillov et al. 2019).
"""

import gzip
import json
import struct
from pathlib import Path

import numpy as np

OUT = Path("volumes")
VOLUMES = Path("../volumes")


def nifti(name, data):
    """The header of the volume with another type: its voxels are where those of the volume are."""
    header = bytearray(gzip.decompress((VOLUMES / "turned.nii.gz").read_bytes())[:352])
    struct.pack_into("<hh", header, 70, 2, 8)  # uint8
    name.write_bytes(gzip.compress(bytes(header) + data.astype(np.uint8).tobytes(), mtime=0))


def classes(pairs):
    counts = np.zeros((3, 3), np.int64)
    for truth, found in pairs:
        judged = truth != 255
        np.add.at(counts, (truth[judged], found[judged]), 1)
    right = counts.diagonal()
    both = counts.sum(0) + counts.sum(1)
    dice = 2 * right / both
    return {
        "confusion": counts.tolist(),
        "accuracy": right.sum() / counts.sum(),
        "iou": (right / (both - right)).tolist(),
        "dice": dice.tolist(),
        "meanDice": dice.mean(),
        "foregroundDice": dice[1:].mean(),
    }


def objects(truth, found):
    trues, founds = (np.unique(numbers[numbers > 0]) for numbers in (truth, found))
    overlaps = np.array([[np.sum((truth == t) & (found == f)) / np.sum((truth == t) | (found == f)) for f in founds] for t in trues])
    hits = overlaps[overlaps > 0.5]
    matched, missed, alarms = len(hits), len(trues) - len(hits), len(founds) - len(hits)
    return {
        "objects": len(trues),
        "predicted": len(founds),
        "matched": matched,
        "pq": hits.sum() / (matched + alarms / 2 + missed / 2),
        "sq": hits.mean(),
        "rq": matched / (matched + alarms / 2 + missed / 2),
        "precision": matched / (matched + alarms),
        "recall": matched / (matched + missed),
    }


def main():
    generator = np.random.default_rng(3)
    for folder in ("masks", "objects"):
        (OUT / folder).mkdir(parents=True, exist_ok=True)
    found = np.load(VOLUMES / "expected.npz")["logits"].argmax(0)
    one = np.roll(found, 1, 2)
    one[:2, :3] = 255
    two = np.where(generator.random(found.shape) < 0.1, generator.integers(0, 3, found.shape), found)
    np.save(OUT / "masks" / "one.npy", one.astype(np.uint8))
    nifti(OUT / "masks" / "two.nii.gz", two)

    numbers = np.load(VOLUMES / "watershed.npz")["network"].astype(int)
    true = np.where(generator.random(numbers.shape) < np.where(numbers % 4 == 1, 0.6, 0.2), 0, numbers)
    true[true == 3] = 0
    true[true == 5] = 4
    true = np.where(true > 0, 7 * true + 300, 0)
    np.save(OUT / "objects" / "one.npy", true.astype(np.int32))
    expected = {"masks": classes([(one, found), (two, found)]), "objects": objects(true, numbers)}
    (OUT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    print(json.dumps(expected, indent=1))


if __name__ == "__main__":
    main()
