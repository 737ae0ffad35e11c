"""Makes watershed.npz: objects between boundaries, by SciPy and scikit-image, and by elf, which PlantSeg calls.

Run in this folder with numpy 2.4.6, scipy 1.17.1, scikit-image 0.26.0, python-elf 0.9.2 and bioimage-cpp 0.10.0.

The steps of elf's distance_transform_watershed are written here once more with SciPy and scikit-image, whose flood takes equal heights
in the order in which they were reached. That of bioimage-cpp rounds heights to 65,536 steps and leaves the order open, so that voxels
between two objects may differ: the script prints how many.
"""

import math

import numpy as np
from elf.segmentation.watershed import distance_transform_watershed, stacked_watershed
from scipy import ndimage
from skimage.segmentation import watershed

SIZES = (20, 36, 44)
MASKED = 0.5

CASES = {
    "usual": {},
    "blended": dict(sigma_seeds=1.5, sigma_weights=0, alpha=0.6, min_size=20),
    "pitch": dict(pixel_pitch=(2, 1, 1), alpha=0.9, sigma_weights=1, min_size=0),
    "all": dict(min_size=1),
    "masked": dict(min_size=30, alpha=0.8),
    "planes": dict(min_size=10, stacked=True),
}


def cells(random):
    """Cells nearer to one point than to others, with blurred boundaries between them, and a ball that they fill."""
    points = random.uniform((0, 0, 0), SIZES, (28, 3))
    grid = np.stack(np.meshgrid(*[np.arange(n) for n in SIZES], indexing="ij"), -1)
    away = np.sqrt((((grid[..., None, :] - points) * (1.6, 1, 1)) ** 2).sum(-1))
    first, second = np.sort(away, -1)[..., :2].transpose(3, 0, 1, 2)
    boundary = np.exp(-((second - first) ** 2) / 5) * random.uniform(0.75, 1, SIZES)
    boundary = np.clip(boundary + random.normal(0, 0.04, SIZES), 0, 1)
    centre = (np.array(SIZES) - 1) / 2
    inside = np.clip(2 - 1.6 * np.sqrt((((grid - centre) / centre) ** 2).sum(-1)), 0, 1)
    return (boundary * 255).astype("uint8"), (inside * 255).astype("uint8")


def smoothed(values, sigma):
    return ndimage.gaussian_filter(values, sigma, mode="mirror", radius=math.ceil(3 * sigma))


def objects(boundary, threshold=0.5, sigma_seeds=1.0, sigma_weights=2.0, min_size=100, alpha=1.0, pixel_pitch=None, mask=None):
    distances = ndimage.distance_transform_edt(boundary <= threshold, sampling=pixel_pitch).astype("float32")
    if mask is not None:
        distances[~mask] = 0
    distances = smoothed(distances, sigma_seeds)
    peaks = (distances == ndimage.maximum_filter(distances, 3)) & (distances > distances.min())
    seeds, _ = ndimage.label(peaks, np.ones((3,) * boundary.ndim))
    distances = 1.0 - (distances - distances.min()) / distances.max()
    relief = alpha * (smoothed(boundary, sigma_weights) if sigma_weights else boundary) + (1.0 - alpha) * distances
    found = watershed(relief, seeds)
    sizes = np.bincount(found.ravel())
    if (sizes[1:] < min_size).any():
        found[(sizes < min_size)[found]] = 0
        found = watershed(relief, found)
    if mask is not None:
        found[~mask] = 0
    return found


def stacked(boundary, **options):
    planes = [objects(plane, **options) for plane in boundary]
    count = 0
    for plane in planes:
        most = plane.max()
        plane[plane > 0] += count
        count += most
    return np.stack(planes)


def same_voxels(one, other):
    """Part of the voxels whose object overlaps most with the object that the other has there."""
    pairs, counts = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1, return_counts=True)
    best = {}
    for (a, b), count in zip(pairs.T, counts):
        best[a] = max(best.get(a, 0), count)
    return sum(best.values()) / one.size


def numbered(found):
    """Numbers from 1 in reading order of the first voxels."""
    ids, first = np.unique(found, return_index=True)
    order = [i for _, i in sorted(zip(first, ids)) if i > 0]
    numbers = np.zeros(found.max() + 1, "uint8")
    numbers[order] = np.arange(1, len(order) + 1)
    return numbers[found]


if __name__ == "__main__":
    boundary, inside = cells(np.random.default_rng(26))
    result = {"boundary": boundary, "inside": inside}
    given = boundary.astype("float32") / np.float32(255)
    mask = inside.astype("float32") / np.float32(255) > MASKED
    for name, options in CASES.items():
        options = dict(options)
        planes = options.pop("stacked", False)
        if name == "masked":
            options["mask"] = mask
        own = (stacked if planes else objects)(given, **options)
        usual = dict(threshold=0.5, sigma_seeds=1.0, sigma_weights=2.0, min_size=100, alpha=1.0) | options
        elf = stacked_watershed(given, n_threads=1, **usual)[0] if planes else distance_transform_watershed(given, **usual)[0]
        result[name] = numbered(own)
        print(
            name, "objects", result[name].max(), "elf", len(np.unique(elf[elf > 0])),
            "voxels with the same object %.4f" % same_voxels(own, elf.astype(int)),
        )
    logits = np.load("expected.npz")["logits"]
    powers = np.exp(logits - logits.max(0))
    probabilities = powers / powers.sum(0)
    result["network"] = numbered(
        objects(
            probabilities[2],
            threshold=0.6,
            sigma_seeds=0.6,
            sigma_weights=0,
            min_size=12,
            mask=probabilities[1] > 0.2,
        )
    )
    print("network objects", result["network"].max(), np.bincount(result["network"].ravel()))
    np.savez_compressed("watershed.npz", **result)
