"""Expected results of the decoders of instances, made with the public packages. The maps are those that a good network would give:
computed from the instance labels of real pictures, scaled down to blur them, with noise.

    python make_instances.py NUCLEI [FOLDER]    # the folder of nuclei: images, masks (16-bit labels), split.json

With a FOLDER, it also writes whole pictures of the test part there, for measuring the agreement.

Made with MONAI 1.6.1, stardist 0.9.2, cellpose 4.2.1.1, scikit-image 0.26.0, SciPy 1.17.1, PyTorch 2.15.0 and NumPy 2.4.6.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

NUCLEI = Path(sys.argv[1]) if len(sys.argv) > 1 else None
HERE = Path(__file__).parent
SEED = 20


def save(path, **arrays):
    np.savez_compressed(path, **arrays)
    print(path.name, {key: (value.dtype.name, value.shape) for key, value in arrays.items()})


def masks(part="test"):
    names = json.loads((NUCLEI / "split.json").read_text())[part]
    for name in names:
        file = NUCLEI / "masks" / (Path(name).stem + ".png")
        if file.exists():
            labels = np.array(Image.open(file)).astype(np.int32)
            yield file.stem, labels[:labels.shape[0] // 4 * 4, :labels.shape[1] // 4 * 4]


def crowded(count, height, width):
    """The crops with the most nuclei."""
    found = []
    for name, labels in masks():
        for y in range(0, labels.shape[0] - height + 1, height):
            for x in range(0, labels.shape[1] - width + 1, width):
                crop = labels[y:y + height, x:x + width]
                found.append((len(np.unique(crop)), name, y, x, crop))
    found.sort(key=lambda crop: (-crop[0], crop[1:4]))
    seen, chosen = set(), []
    for crop in found:
        if crop[1] not in seen:
            seen.add(crop[1])
            chosen.append(crop[4])
    return chosen[:count]


def rounded(values, steps=16):
    """Few different values, so that the files are small; the tests need no more."""
    return (np.round(values * steps) / steps).astype(np.float32)


def hovernet_maps(labels, types, generator):
    """Logits, distances and logits of types as HoVer-Net is trained to give them (Graham et al. 2019)."""
    h, w = labels.shape
    distances = np.zeros((2, h, w), np.float32)
    type_map = np.zeros((h, w), np.int64)
    for label, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        inside = labels[box] == label
        rows, columns = np.nonzero(inside)
        for axis, positions in ((1, rows), (0, columns)):
            centred = positions - positions.mean()
            for sign in (-1, 1):
                side = centred * sign > 0
                if side.any():
                    centred[side] /= np.abs(centred[side]).max()
            distances[axis][box][inside] = centred
        type_map[box][inside] = 1 + label % (types - 1)
    distances = ndimage.gaussian_filter(distances, (0, 0.7, 0.7)) + generator.normal(0, 0.03, distances.shape)
    nucleus = ndimage.gaussian_filter((labels > 0).astype(np.float32), 0.7) * 8 - 4 + generator.normal(0, 0.5, (h, w))
    # Some pixels of each nucleus have another type.
    spoiled = np.where(generator.random((h, w)) < 0.2, generator.integers(0, types, (h, w)), type_map)
    type_logits = np.stack([(spoiled == t) * 3.0 for t in range(types)]) + generator.normal(0, 0.3, (types, h, w))
    return np.stack([-nucleus / 2, nucleus / 2]), distances, type_logits


def hovernet(labels, types, generator, sobel=5):
    import torch
    from monai.apps.pathology.transforms.post.array import (
        HoVerNetInstanceMapPostProcessing, HoVerNetNuclearTypePostProcessing)

    nucleus, distances, type_logits = (rounded(m) for m in hovernet_maps(labels, types, generator))
    info, instances = HoVerNetInstanceMapPostProcessing(sobel_kernel_size=sobel)(
        torch.from_numpy(nucleus), torch.from_numpy(distances))
    info, _ = HoVerNetNuclearTypePostProcessing()(torch.from_numpy(type_logits), info, instances)
    instances = np.asarray(instances)[0].astype(np.int64)
    found = np.full(instances.max() + 1, -1, np.int64)  # MONAI describes no nucleus of fewer than 3 points.
    for number, about in info.items():
        found[int(number)] = about["type"]
    return {"nucleus_prediction": nucleus, "horizontal_vertical": distances, "type_prediction": type_logits,
            "expected": instances, "expected_types": found}


def stardist(labels, generator, grid=1, fraction=0.5, overlap=0.4):
    """As StarDist is trained: the distance to the boundary, to 1 in each object, and distances along 32 rays (Schmidt et al. 2018)."""
    from stardist.geometry import polygons_to_label, star_dist
    from stardist.nms import non_maximum_suppression

    probability = np.zeros(labels.shape, np.float32)
    for label, box in enumerate(ndimage.find_objects(labels), 1):
        if box is not None:
            distance = ndimage.distance_transform_edt(np.pad(labels[box] == label, 1))[1:-1, 1:-1]
            probability[box] = np.maximum(probability[box], distance / distance.max())
    probability = probability[::grid, ::grid] * 0.85  # Below 1: the package leaves the order of equal ones open.
    probability = np.clip(probability + generator.normal(0, 0.02, probability.shape), 0, 1).astype(np.float32)
    distances = star_dist(labels.astype(np.uint16), 32, grid=(grid, grid))
    distances = np.maximum(1e-3, rounded(distances * generator.normal(1, 0.05, distances.shape), 8))
    points, scores, chosen = non_maximum_suppression(
        distances, probability, grid=(grid, grid), nms_thresh=overlap, prob_thresh=fraction)
    found = polygons_to_label(chosen, points, prob=scores, shape=labels.shape)
    return {"probability": probability[None], "distances": distances.transpose(2, 0, 1), "expected": found.astype(np.int64)}


def cellpose(labels, generator):
    """Flows and logits as Cellpose is trained to give them (Stringer et al. 2021): five times the flows of the labels."""
    from cellpose import dynamics

    labels = labels[:256, :256]  # The package takes long for large nuclei.
    flows, _ = dynamics.masks_to_flows_gpu(np.unique(labels, return_inverse=True)[1].reshape(labels.shape))
    flows = ndimage.gaussian_filter(flows, (0, 0.7, 0.7)) * 5 + generator.normal(0, 0.3, flows.shape)
    cells = ndimage.gaussian_filter((labels > 0).astype(np.float32), 0.7) * 8 - 4 + generator.normal(0, 0.5, labels.shape)
    output = rounded(np.concatenate([flows, cells[None]]))
    found = dynamics.resize_and_compute_masks(output[:2], output[2])
    return {"output": output, "expected": found.astype(np.int64)}


FAMILIES = {
    "cellpose": cellpose,
    "hovernet": lambda labels, generator: hovernet(labels, 5, generator),
    "stardist": stardist,
    "stardist_grid2": lambda labels, generator: stardist(labels, generator, grid=2),
}


if __name__ == "__main__":
    for family, make in FAMILIES.items():
        generator = np.random.default_rng(SEED)
        for number, labels in enumerate(crowded(2, 64, 96)):
            save(HERE / f"{family}-{number}.npz", **make(labels, generator))
    if len(sys.argv) > 2:
        folder = Path(sys.argv[2])
        folder.mkdir(parents=True, exist_ok=True)
        for family, make in FAMILIES.items():
            generator = np.random.default_rng(SEED)
            for name, labels in masks():
                save(folder / f"{family}-{name}.npz", **make(labels, generator))
