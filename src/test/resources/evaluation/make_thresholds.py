"""Makes images with masks and object numbers, and the figures of every thresholds.mask from 0.05 to 0.95 by numpy and scipy:

    python3 make_thresholds.py

The models are those of ../models: foreground-scripted (the probability of a pixel is sigmoid(20 (gray - 0.5))) and logarithm-scripted (the
probabilities of background, green and blue are the shares of red, green and blue). thresholds/expected.json has the versions.
"""
import importlib.metadata
import json
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

random = np.random.default_rng(5)
FOLDER = Path("thresholds")
THRESHOLDS = [round(0.05 * step, 2) for step in range(1, 20)]


def save(values, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, optimize=True)


def near(probabilities):
    """Whether a probability is so near to a threshold that rounding decides."""
    return np.abs(probabilities[..., None] - THRESHOLDS).min(-1) < 1e-4


def far(probabilities):
    assert not near(probabilities).any()


def mean_dice(pairs, classes):
    """Of all pixels together: truth and found labels of each image; classes that occur nowhere do not count."""
    truth = np.concatenate([truth.ravel() for truth, _ in pairs])
    found = np.concatenate([found.ravel() for _, found in pairs])
    judged = truth != 255
    truth, found = truth[judged], found[judged]
    sums = [(truth == label).sum() + (found == label).sum() for label in range(classes)]
    both = [((truth == label) & (found == label)).sum() for label in range(classes)]
    return float(np.mean([2 * b / s for b, s in zip(both, sums) if s > 0]))


def of_gray(gray):
    return 1 / (1 + np.exp(-20 * (gray.astype(np.float64) / 255 - 0.5)))


def masks():
    images = []
    for name in "ab":
        gray = random.integers(90, 170, (20, 28), dtype=np.uint8)
        truth = (gray + random.normal(0, 12, gray.shape) > 140).astype(np.uint8)
        truth[0, :5] = 255
        save(np.repeat(gray[..., None], 3, 2), FOLDER / "masks/images" / f"{name}.png")
        save(truth, FOLDER / "masks/masks" / f"{name}.png")
        far(of_gray(gray))
        images.append((of_gray(gray), truth))
    return [mean_dice([(truth, (p > t).astype(np.uint8)) for p, truth in images], 2) for t in THRESHOLDS]


def classes():
    colours = random.integers(1, 250, (24, 20, 3), dtype=np.uint8)
    share = lambda: colours.astype(np.float64) / colours.sum(2, keepdims=True)
    while (close := near(share()).any(2)).any():
        colours[close] = random.integers(1, 250, (close.sum(), 3), dtype=np.uint8)
    shares = share()
    noisy = shares + random.normal(0, 0.1, shares.shape)
    truth = np.where(noisy.max(2) > 0.45, noisy.argmax(2), 0).astype(np.uint8)
    save(colours, FOLDER / "classes/images/a.png")
    save(truth, FOLDER / "classes/masks/a.png")
    likelier = shares[..., 1:].argmax(2) + 1
    found = [np.where(shares[..., 1:].max(2) > t, likelier, 0) for t in THRESHOLDS]
    return [mean_dice([(truth, each)], 3) for each in found], mean_dice([(truth, shares.argmax(2))], 3)


def objects():
    gray, truth = np.zeros((32, 48), np.uint8), np.zeros((32, 48), np.uint16)
    for number, (level, real) in enumerate(
        [(110, 0), (118, 0), (124, 1), (121, 0), (127, 0), (133, 1), (139, 1), (145, 1), (130, 1), (136, 0), (150, 1), (160, 1)]
    ):
        y, x = 2 + number // 6 * 15, 1 + number % 6 * 8
        gray[y : y + 9, x : x + 6] = level
        truth[y : y + 8, x : x + 6] = real * (300 + number)
    save(np.repeat(gray[..., None], 3, 2), FOLDER / "objects/images/a.png")
    save(truth, FOLDER / "objects/objects/a.png")
    far(of_gray(gray))
    figures = []
    for t in THRESHOLDS:
        labels, count = ndimage.label(of_gray(gray) > t)
        hits = 0
        for found in range(1, count + 1):
            for true in np.unique(truth[(labels == found) & (truth > 0)]):
                both = ((labels == found) & (truth == true)).sum()
                hits += both / ((labels == found) | (truth == true)).sum() > 0.5
        figures.append(float(2 * hits / (count + len(np.unique(truth)) - 1)))
    return figures


of_classes, most_probable = classes()
expected = {
    "versions": {name: importlib.metadata.version(name) for name in ("numpy", "scipy", "Pillow")},
    "thresholds": THRESHOLDS,
    "masks": masks(),
    "classes": of_classes,
    "mostProbable": most_probable,
    "objects": objects(),
}
(FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
