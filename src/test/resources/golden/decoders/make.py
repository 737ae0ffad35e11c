"""Expected results of decoders, made with the public packages. Each .npz holds the raw outputs of one image and the
result that the package's own post-processing makes of them.

    python make.py FORMS    # a folder with form_*.npz: inputs and raw outputs of small archives in public forms

Made with PyTorch 2.15.0, torchvision 0.29.2, transformers 5.24.0 and NumPy 2.4.6; fcos-torchvision-uneven and
retinanet-detectron2 with PyTorch 2.7.1 and torchvision 0.22.1.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

FORMS = Path(sys.argv[1])
HERE = Path(__file__).parent
SEED = 20


def outputs(form):
    arrays = np.load(FORMS / f"form_{form}.npz")
    return {key[4:]: arrays[key] for key in arrays if key.startswith("out:")}


def save(name, **arrays):
    np.savez_compressed(HERE / f"{name}.npz", **arrays)
    print(name, {key: (value.dtype.name, value.shape) for key, value in arrays.items()})


def segmentation():
    # The reference implementation of SegFormer: logits to the size of the image, then the class with the highest one.
    from transformers.models.segformer.image_processing_segformer import SegformerImageProcessor

    generator = torch.Generator().manual_seed(SEED)
    coarse = torch.randn(1, 5, 16, 24, generator=generator) * 3
    classes = SegformerImageProcessor().post_process_semantic_segmentation(
        SimpleNamespace(logits=coarse), target_sizes=[(64, 96)])[0]
    save("softmax-strided", output=coarse[0].numpy(), expected=classes.numpy().astype(np.int64))

    # torchvision's segmentation: output["out"].argmax(0).
    for form, name in (("4channel_seg", "softmax-4channel"), ("fixed_nonsquare", "softmax-nonsquare")):
        logits = torch.from_numpy(outputs(form)["output"])[0]
        save(name, output=logits.numpy(), expected=logits.argmax(0).numpy().astype(np.int64))

    probabilities = torch.from_numpy(outputs("hfseg_prob")["output"])
    full = F.interpolate(probabilities, (64, 96), mode="bilinear", align_corners=False)
    save("probabilities-softmax", output=probabilities[0].numpy(), expected=full[0].argmax(0).numpy().astype(np.int64))

    # Classes that may overlap, as segmentation-models-pytorch's mode multilabel: sigmoid(logits) > 0.5.
    several = torch.randn(3, 32, 48, generator=generator)
    save("sigmoid", output=several.numpy(), expected=(several.sigmoid() > 0.5).numpy().astype(np.int64))
    save("probabilities-sigmoid", output=several.sigmoid().numpy(),
         expected=(several.sigmoid() > 0.5).numpy().astype(np.int64))

    # A finished map, as an archive that ends in argmax returns it.
    finished = classes.to(torch.int64)
    save("classes", output=finished.numpy(), expected=finished.numpy().astype(np.int64))


def keep(name, given, found):
    boxes = found["boxes"]  # gnserve leaves out boxes without an area, which torchvision keeps.
    full = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    found = {key: value[full] for key, value in found.items()}
    order = found["scores"].argsort(descending=True, stable=True)
    save(name, **{key: value.numpy() for key, value in given.items()},
         expected_boxes=found["boxes"][order].numpy(), expected_scores=found["scores"][order].numpy(),
         expected_labels=found["labels"][order].to(torch.int64).numpy())


def detr():
    from transformers.models.deformable_detr.image_processing_deformable_detr import DeformableDetrImageProcessor
    from transformers.models.detr.image_processing_detr import DetrImageProcessor

    def decode(processor, name, logits, boxes, **options):
        result = processor.post_process_object_detection(
            SimpleNamespace(logits=logits, pred_boxes=boxes), threshold=0.3, target_sizes=[(64, 96)], **options)[0]
        keep(name, {"logits": logits[0], "pred_boxes": boxes[0]}, result)

    dictionary = {key: torch.from_numpy(value) for key, value in outputs("detr_dict").items()}
    tuple_ = {key: torch.from_numpy(value) for key, value in outputs("detr_boxes_first").items()}
    every = {"top_k": 60}
    decode(DeformableDetrImageProcessor(), "detr-sigmoid", dictionary["logits"], dictionary["pred_boxes"], **every)
    decode(DeformableDetrImageProcessor(), "detr-boxes-first", tuple_["[1]"], tuple_["[0]"], **every)
    decode(DetrImageProcessor(), "detr-softmax", dictionary["logits"], dictionary["pred_boxes"])
    # Many boxes of the same object: DETR drops none.
    generator = torch.Generator().manual_seed(SEED)
    logits = torch.randn(1, 100, 6, generator=generator) * 2
    boxes = torch.rand(1, 100, 4, generator=generator) * torch.tensor([0.2, 0.2, 0.3, 0.3]) + torch.tensor([0.4, 0.4, 0.01, 0.01])
    decode(DetrImageProcessor(), "detr-crowded", logits, boxes)


def torchvision_boxes():
    """The same objects in every form of boxes; expected: torchvision's own conversion and suppression."""
    from torchvision.ops import batched_nms, box_convert

    generator = torch.Generator().manual_seed(SEED)
    corner = torch.rand(60, 2, generator=generator) * torch.tensor([40.0, 30.0])
    xyxy = torch.cat([corner, corner + 3 + torch.rand(60, 2, generator=generator) * 25], 1)
    scores = torch.rand(60, generator=generator)
    labels = torch.randint(1, 4, (60,), generator=generator)
    size = torch.tensor([96.0, 64.0, 96.0, 64.0])
    for form in ("xyxy", "cxcywh", "xywh"):
        for unit, scale in (("pixels", 1), ("fractions", size)):
            given = box_convert(xyxy, "xyxy", form) / scale
            corners = box_convert(given * scale, form, "xyxy")
            kept = batched_nms(corners, scores, labels, 0.5)
            kept = kept[scores[kept] >= 0.3]
            keep(f"boxes-{form}-{unit}", {"boxes": given, "scores": scores, "labels": labels},
                 {"boxes": corners[kept], "scores": scores[kept], "labels": labels[kept] - 1})


class Sizes:
    """Stands for the images in torchvision's anchor generators: only the size counts."""

    def __init__(self, width, height):
        self.tensors = torch.zeros(1, 3, height, width)
        self.image_sizes = [(height, width)]


def rows(map_, columns):
    """A picture [1, A x columns, h, w] as rows [1, h x w x A, columns], as torchvision's heads do."""
    _, channels, height, width = map_.shape
    anchors = channels // columns
    return map_.view(1, anchors, columns, height, width).permute(0, 3, 4, 1, 2).reshape(1, -1, columns)


def pictures(generator, channels, sizes, scale=1.0):
    return [torch.randn(1, channels, height, width, generator=generator) * scale for height, width in sizes]


def levels(prefix, maps):
    return {f"{prefix}{i}": map_[0] for i, map_ in enumerate(maps)}


def fcos():
    """torchvision's FCOS; the paper's differs from it in the locations: (x + 0.5) x stride."""
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.fcos import FCOS

    def decode(name, logits, boxes, centres, width, height, centre, by_stride, topk, joined=False):
        sizes = [tuple(map_.shape[-2:]) for map_ in logits]
        strides = [height // h for h, _ in sizes]
        generator = AnchorGenerator(tuple((s,) for s in strides), ((1.0,),) * len(strides))
        anchors = generator(Sizes(width, height), logits)[0].split([h * w for h, w in sizes])
        if centre:
            anchors = [anchor + stride / 2 for anchor, stride in zip(anchors, strides)]
        model = SimpleNamespace(score_thresh=0.3, topk_candidates=topk, nms_thresh=0.5, detections_per_img=100000,
                                box_coder=__import__("torchvision").models.detection._utils.BoxLinearCoder(by_stride))
        labels = logits[0].shape[1]
        heads = {"cls_logits": [rows(map_, labels) for map_ in logits],
                 "bbox_regression": [rows(map_, 4) for map_ in boxes],
                 "bbox_ctrness": [rows(map_, 1) for map_ in centres]}
        found = FCOS.postprocess_detections(model, heads, [list(anchors)], [(height, width)])[0]
        given = {**levels("cls", logits), **levels("box", boxes), **levels("ctr", centres)}
        if joined:
            given = {key: torch.cat(heads[key], 1)[0] for key in heads}
        keep(name, given, found)

    raw = outputs("fcos_raw_script")
    form = [[torch.from_numpy(raw[f"[{map_}][{level}]"]) for level in range(3)] for map_ in range(3)]
    decode("fcos-form", *form, 96, 64, centre=True, by_stride=True, topk=1000)
    generator = torch.Generator().manual_seed(SEED)
    sizes = [(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)]  # The last is rounded up: 96 / 64.
    maps = (pictures(generator, 4, sizes, 2), [map_.relu() for map_ in pictures(generator, 4, sizes, 2)],
            pictures(generator, 1, sizes))
    decode("fcos-torchvision", *[map_[:4] for map_ in maps], 96, 64, centre=False, by_stride=True, topk=100)
    decode("fcos-pixels", maps[0][:4], [8 * map_ for map_ in maps[1][:4]], maps[2][:4], 96, 64, centre=True,
           by_stride=False, topk=100)
    decode("fcos-rows", *[map_[:3] for map_ in maps], 96, 64, centre=False, by_stride=True, topk=1000, joined=True)


def fcos_uneven():
    """torchvision's FCOS on 112 x 80 pixels: the distance of two locations is the side divided by that of the level, and distances are
    multiples of the anchors' sizes, which are the strides of the network."""
    from torchvision.models.detection._utils import BoxLinearCoder
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.fcos import FCOS

    width, height = 112, 80
    strides = [4, 8, 16, 32, 64]
    sizes = [(-(-height // stride), -(-width // stride)) for stride in strides]
    random = torch.Generator().manual_seed(SEED)
    logits, boxes, centres = pictures(random, 4, sizes, 2), [map_.relu() for map_ in pictures(random, 4, sizes, 2)], pictures(random, 1, sizes)
    generator = AnchorGenerator(tuple((stride,) for stride in strides), ((1.0,),) * len(strides))
    anchors = generator(Sizes(width, height), logits)[0].split([h * w for h, w in sizes])
    model = SimpleNamespace(score_thresh=0.3, topk_candidates=100, nms_thresh=0.5, detections_per_img=100000,
                            box_coder=BoxLinearCoder(True))
    heads = {"cls_logits": [rows(map_, 4) for map_ in logits], "bbox_regression": [rows(map_, 4) for map_ in boxes],
             "bbox_ctrness": [rows(map_, 1) for map_ in centres]}
    found = FCOS.postprocess_detections(model, heads, [list(anchors)], [(height, width)])[0]
    size = torch.tensor([height, width], dtype=torch.float64)
    keep("fcos-torchvision-uneven", {**levels("cls", logits), **levels("box", boxes), **levels("ctr", centres), "size": size}, found)


def retinanet():
    """torchvision's RetinaNet; detectron2 differs in the anchors, which it makes for each size and ratio without rounding:
    width sqrt(size^2 / ratio), height ratio x width (DefaultAnchorGenerator, detectron2 0.6)."""
    from torchvision.models.detection._utils import BoxCoder
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.retinanet import RetinaNet

    def decode(name, logits, boxes, cells, topk, joined=False):
        width, height = 96, 64
        sizes = [tuple(map_.shape[-2:]) for map_ in logits]
        generator = AnchorGenerator(((1,),) * len(sizes), ((1.0,),) * len(sizes))
        generator.cell_anchors = cells
        count = cells[0].shape[0]
        anchors = generator(Sizes(width, height), logits)[0].split([h * w * count for h, w in sizes])
        model = SimpleNamespace(score_thresh=0.3, topk_candidates=topk, nms_thresh=0.5, detections_per_img=100000,
                                box_coder=BoxCoder(weights=(1.0, 1.0, 1.0, 1.0)))
        labels = logits[0].shape[1] // count
        heads = {"cls_logits": [rows(map_, labels) for map_ in logits],
                 "bbox_regression": [rows(map_, 4) for map_ in boxes]}
        found = RetinaNet.postprocess_detections(model, heads, [list(anchors)], [(height, width)])[0]
        given = {**levels("cls", logits), **levels("box", boxes)}
        if joined:
            given = {key: torch.cat(heads[key], 1)[0] for key in heads}
        keep(name, given, found)

    def suppressed_first(name, logits, boxes, cells, topk):
        """RetinaNet.inference_single_image of detectron2 0.6: the suppression comes first; detector_postprocess cuts the boxes."""
        from torchvision.ops import batched_nms, clip_boxes_to_image

        width, height = 96, 64
        generator = AnchorGenerator(((1,),) * len(cells), ((1.0,),) * len(cells))
        generator.cell_anchors = cells
        counts = [map_.shape[-1] * map_.shape[-2] * cells[0].shape[0] for map_ in logits]
        labels = logits[0].shape[1] // cells[0].shape[0]
        found = {"boxes": [], "scores": [], "labels": []}
        for map_, deltas, anchors in zip(logits, boxes, generator(Sizes(width, height), logits)[0].split(counts)):
            scores = rows(map_, labels)[0].sigmoid()
            places = torch.nonzero(scores > 0.3)
            best, order = scores[scores > 0.3].topk(min(topk, len(places)))
            places = places[order]
            found["boxes"].append(BoxCoder((1.0, 1.0, 1.0, 1.0)).decode_single(rows(deltas, 4)[0][places[:, 0]], anchors[places[:, 0]]))
            found["scores"].append(best)
            found["labels"].append(places[:, 1])
        found = {key: torch.cat(value) for key, value in found.items()}
        kept = batched_nms(found["boxes"], found["scores"], found["labels"], 0.5)
        found = {key: value[kept] for key, value in found.items()}
        found["boxes"] = clip_boxes_to_image(found["boxes"], (height, width))
        keep(name, {**levels("cls", logits), **levels("box", boxes)}, found)

    generator = torch.Generator().manual_seed(SEED)
    sizes = [(8, 12), (4, 6), (2, 3)]
    logits, boxes = pictures(generator, 18, sizes), pictures(generator, 36, sizes, 0.7)
    boxes[0][:, 2::4] += 4 * torch.rand(1, 9, 8, 12, generator=generator)  # Some beyond the limit of the coder.
    usual = AnchorGenerator(tuple((x, int(x * 2 ** (1 / 3)), int(x * 2 ** (2 / 3))) for x in (32, 64, 128)),
                            ((0.5, 1.0, 2.0),) * 3)
    decode("retinanet-torchvision", logits, boxes, usual.cell_anchors, topk=100)
    decode("retinanet-rows", logits, boxes, usual.cell_anchors, topk=300, joined=True)
    cells = []
    for base in (16, 32, 64):
        cell = []
        for size in (base * 2 ** (i / 3) for i in range(3)):
            for ratio in (0.5, 1.0, 2.0):
                w = (size ** 2 / ratio) ** 0.5
                h = ratio * w
                cell.append([-w / 2, -h / 2, w / 2, h / 2])
        cells.append(torch.tensor(cell))
    suppressed_first("retinanet-detectron2", logits, boxes, cells, topk=100)


def detectron2():
    """detectron2's tuple is the result. Masks within boxes are pasted as its paste_masks_in_image (0.6) defines it: grid_sample
    at the centres of the pixels, bilinear, zero beyond, align_corners False; a pixel is in the object from 0.5 on."""
    raw = outputs("d2_tuple")
    boxes, classes, scores = (torch.from_numpy(raw[f"[{i}]"]) for i in range(3))
    kept = scores >= 0.3
    keep("detectron2-form", {"boxes": boxes, "classes": classes, "scores": scores, "size": torch.from_numpy(raw["[3]"])},
         {"boxes": boxes[kept], "scores": scores[kept], "labels": classes[kept]})

    generator = torch.Generator().manual_seed(SEED)
    count, width, height = 6, 96, 64
    corner = torch.rand(count, 2, generator=generator) * torch.tensor([50.0, 30.0])
    boxes = torch.cat([corner, corner + 8 + torch.rand(count, 2, generator=generator) * 25], 1)
    coarse = torch.rand(count, 1, 7, 7, generator=generator)
    masks = F.interpolate(coarse, (28, 28), mode="bilinear", align_corners=False)
    y = (torch.arange(height) + 0.5)[None, :, None].expand(count, height, width)
    x = (torch.arange(width) + 0.5)[None, None, :].expand(count, height, width)
    left, top, right, bottom = (edge[:, None, None] for edge in boxes.T)
    grid = torch.stack([(x - left) / (right - left) * 2 - 1, (y - top) / (bottom - top) * 2 - 1], 3)
    pasted = F.grid_sample(masks, grid, align_corners=False)[:, 0] >= 0.5
    scores = torch.linspace(0.9, 0.6, count)
    keep("detectron2-masks", {"boxes": boxes, "classes": torch.arange(count) % 3, "scores": scores, "masks": masks,
                              "size": torch.tensor([height, width]), "expected_masks": pasted.to(torch.uint8)},
         {"boxes": boxes, "scores": scores, "labels": torch.arange(count) % 3})


def mask_boxes():
    """torchvision's detections before the masks are pasted, and the masks that its paste_masks_in_image makes of them; some boxes reach
    beyond the picture."""
    from torchvision.models.detection.roi_heads import paste_masks_in_image

    generator = torch.Generator().manual_seed(SEED)
    count, width, height = 12, 96, 64
    corner = torch.rand(count, 2, generator=generator) * torch.tensor([90.0, 60.0]) - 8
    boxes = torch.cat([corner, corner + 2 + torch.rand(count, 2, generator=generator) * 40], 1)
    labels = torch.arange(count) % 3 + 1
    scores = torch.linspace(0.9, 0.6, count)
    for side in (28, 7):
        coarse = torch.rand(count, 1, 7, 7, generator=generator)
        masks = F.interpolate(coarse, (side, side), mode="bilinear", align_corners=False)
        masks[0], masks[1] = 1, 0
        pasted = paste_masks_in_image(masks, boxes, (height, width))[:, 0] > 0.5
        keep(f"masks-in-boxes-{side}", {"boxes": boxes, "labels": labels, "scores": scores, "masks": masks,
                                        "expected_masks": pasted.to(torch.uint8)},
             {"boxes": boxes, "scores": scores, "labels": labels - 1})


def queries():
    """MaskFormer and Mask2Former by the post-processors of transformers. That of Mask2Former scales masks to 384 x 384 pixels first,
    its usual input."""
    from transformers.models.mask2former.image_processing_mask2former import Mask2FormerImageProcessor
    from transformers.models.maskformer.image_processing_maskformer import MaskFormerImageProcessor

    def save_all(name, processor, classes, masks, size):
        given = SimpleNamespace(class_queries_logits=classes, masks_queries_logits=masks)
        arrays = {"class_queries_logits": classes[0].numpy(), "masks_queries_logits": masks[0].numpy(), "size": np.array(size)}
        semantic = processor.post_process_semantic_segmentation(given, target_sizes=[size])[0]
        save(f"{name}-semantic", **arrays, expected=semantic.numpy().astype(np.uint8))
        found = processor.post_process_instance_segmentation(given, threshold=0.3, target_sizes=[size], return_binary_maps=True)[0]
        info = found["segments_info"]
        save(f"{name}-instance", **arrays, expected_masks=found["segmentation"].numpy().astype(np.uint8),
             expected_scores=np.array([one["score"] for one in info], np.float32),
             expected_labels=np.array([one["label_id"] for one in info]))
        # Fused here: when transformers 5.24.0 fuses segments, the next one can get the number of another.
        found = processor.post_process_panoptic_segmentation(
            given, threshold=0.3, overlap_mask_area_threshold=0.6, label_ids_to_fuse=set(), target_sizes=[size])[0]
        objects = {}
        for one in found["segments_info"]:
            mask = (found["segmentation"] == one["id"]).numpy()
            key = "stuff" if one["label_id"] == 1 else one["id"]
            before, score, _ = objects.get(key, (mask, one["score"], 1))
            objects[key] = (before | mask, max(score, one["score"]), one["label_id"])
        save(f"{name}-panoptic", **arrays,
             expected_masks=np.stack([mask for mask, _, _ in objects.values()]).astype(np.uint8),
             expected_scores=np.array([score for _, score, _ in objects.values()], np.float32),
             expected_labels=np.array([label for _, _, label in objects.values()]))

    form = outputs("m2f_dict")
    save_all("maskformer-form", MaskFormerImageProcessor(), torch.from_numpy(form["class_queries_logits"]),
             torch.from_numpy(form["masks_queries_logits"]), (64, 96))
    generator = torch.Generator().manual_seed(SEED)
    classes = torch.randn(1, 12, 4, generator=generator) * 3


    def blobs(height, width):
        """Round masks in different places, of which some overlap."""
        y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
        centre = torch.rand(12, 2, 1, 1, generator=generator) * torch.tensor([height, width])[None, :, None, None]
        distance = ((y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2).sqrt()
        return (6 * (1 - distance / (2 + 2 * torch.rand(12, 1, 1, generator=generator))))[None]

    save_all("maskformer", MaskFormerImageProcessor(), classes, blobs(16, 24), (64, 96))
    save_all("mask2former", Mask2FormerImageProcessor(), classes, blobs(16, 16), (384, 384))


def solov2():
    """SOLOv2 (Wang et al. 2020): dynamic convolution, and matrix NMS with a Gaussian decay (eq. 5 and sigma of the paper), with
    the limits of the authors' code: scores above 0.1, 500 masks, 0.05 after the decay."""

    def decode(name, cates, kernels, features, strides, size, peaks):
        found = []
        for cate, kernel, stride in zip(cates, kernels, strides):
            if peaks:
                highest = F.max_pool2d(cate, 2, stride=1, padding=1)[:, :, :-1, :-1]
                cate = torch.where(highest == cate, cate, torch.zeros(()))
            rows_, labels = torch.nonzero(cate[0].flatten(1).T > 0.1, as_tuple=True)
            weights = kernel[0].flatten(1).T[rows_]
            masks = F.conv2d(features, weights[:, :, None, None])[0].sigmoid()
            inside = (masks > 0.5).float()
            area = inside.sum((1, 2))
            score = cate[0].flatten(1).T[rows_, labels] * (masks * inside).sum((1, 2)) / area
            kept = area > stride
            found.append((masks[kept], inside[kept], score[kept], labels[kept]))
        masks, inside, scores, labels = (torch.cat(part) for part in zip(*found))
        order = scores.argsort(descending=True)[:500]
        masks, inside, scores, labels = masks[order], inside[order].flatten(1), scores[order], labels[order]
        common = inside @ inside.T
        area = inside.sum(1)
        iou = (common / (area[:, None] + area[None] - common) * (labels[:, None] == labels[None])).triu(1)
        most = iou.max(0).values  # Of each mask with a better one.
        scores = scores * (torch.exp(-2 * iou ** 2) / torch.exp(-2 * most[:, None] ** 2)).min(0).values
        kept = scores >= 0.3
        full = F.interpolate(masks[kept][None], size, mode="bilinear", align_corners=False)[0] > 0.5
        save(name, **{f"cate{i}": one[0].numpy() for i, one in enumerate(cates)},
             **{f"kernel{i}": one[0].numpy() for i, one in enumerate(kernels)}, features=features[0].numpy(),
             size=np.array(size), expected_masks=full.numpy().astype(np.uint8), expected_scores=scores[kept].numpy(),
             expected_labels=labels[kept].numpy())

    form = outputs("solov2")
    cate, kernel, features = (torch.from_numpy(form[key]) for key in ("[0][0]", "[1][0]", "[2]"))
    decode("solov2-form", [cate], [kernel], features, [8], (64, 96), peaks=True)
    generator = torch.Generator().manual_seed(SEED)
    cates = [(torch.randn(1, 3, side, side, generator=generator) * 2 - 2).sigmoid() for side in (6, 4)]
    kernels = [torch.randn(1, 8, side, side, generator=generator) for side in (6, 4)]
    features = F.interpolate(torch.randn(1, 8, 4, 6, generator=generator) * 3, (16, 24), mode="bilinear")
    decode("solov2", cates, kernels, features, [8, 8], (64, 96), peaks=True)
    decode("solov2-all", cates, kernels, features, [8, 8], (64, 96), peaks=False)


if __name__ == "__main__":
    solov2()
    queries()
    detectron2()
    mask_boxes()
    fcos()
    fcos_uneven()
    retinanet()
    segmentation()
    detr()
    torchvision_boxes()
