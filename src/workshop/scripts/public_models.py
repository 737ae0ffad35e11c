"""Exports public models with random weights, as .pt2 and as TorchScript: python public_models.py FOLDER [NAME...]

Needs torch, torchvision and timm of one time from PyPI; downloads no weights. For each model NAME of MODELS, the folder gets NAME.pt2
(torch.export), NAME.pt (torch.jit.script, or torch.jit.trace where that fails), NAME.npz (inputs and eager outputs, two images where
the model takes any number) and NAME.json (facts, versions, and why an export failed). public_models_table.py runs them in gnserve.
"""

import builtins
import contextlib
import json
import os
import platform
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
from torch import nn
from torch.utils import _pytree as pytree
from torchvision.models import detection, optical_flow, segmentation, video
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops import boxes, poolers

NONE = {"weights": None, "weights_backbone": None}


def norm(channels):
    """Group Normalization of at most 32 groups, for channels of any number."""
    return nn.GroupNorm(next(g for g in (32, 16, 8, 4, 2, 1) if channels % g == 0), channels)


def with_group_norm(model):
    """The model with Group Normalization in place of every batch normalization."""
    for name, child in list(model.named_children()):
        if isinstance(child, nn.modules.batchnorm._BatchNorm | torchvision.ops.FrozenBatchNorm2d):
            setattr(model, name, norm(child.weight.shape[0]))
        else:
            with_group_norm(child)
    return model


class Heads(nn.Module):
    """The levels of a one-stage detector, without its suppression."""

    def __init__(self, detector):
        super().__init__()
        self.backbone, self.head = detector.backbone, detector.head

    def forward(self, image):
        features = list(self.backbone(image).values())
        return self.head(features)


def classifier(name, **options):
    return lambda: getattr(torchvision.models, name)(weights=None, **options)


def of_timm(name, **options):
    return lambda: timm.create_model(name, pretrained=False, **options)


def rcnn(kind, layers):
    """A detector with Group Normalization in backbone, pyramid and heads, for images of about 256 pixels."""
    def build():
        backbone = resnet_fpn_backbone(backbone_name=f"resnet{layers}", weights=None, norm_layer=norm, trainable_layers=5)
        box_head = detection.faster_rcnn.FastRCNNConvFCHead((256, 7, 7), [256, 256], [1024], norm_layer=norm)
        options = {"min_size": 224, "max_size": 320, "box_detections_per_img": 20, "box_head": box_head,
                   "box_predictor": detection.faster_rcnn.FastRCNNPredictor(1024, 5)}
        if kind is detection.MaskRCNN:
            options["mask_head"] = detection.mask_rcnn.MaskRCNNHeads(256, [256, 256], 1, norm_layer=norm)
            options["mask_predictor"] = detection.mask_rcnn.MaskRCNNPredictor(256, 256, 5)
        model = kind(backbone, **options)
        with torch.no_grad():  # So that scores differ.
            model.roi_heads.box_predictor.cls_score.weight.mul_(20)
        return model
    return build


def one_stage(name, **options):
    """torchvision's detector; FCOS and RetinaNet have Group Normalization in their heads."""
    return lambda: with_group_norm(getattr(detection, name)(**NONE, num_classes=5, **options))


def gn(build):
    return lambda: with_group_norm(build())


SMALL = {"min_size": 224, "max_size": 320, "detections_per_img": 20, "score_thresh": 0.0}
FLAT, CLIP, PAIR = ((3, 224, 224),), ((3, 8, 112, 112),), ((3, 128, 160), (3, 128, 160))
LIST = "list"  # A list of one image [C, H, W], as torchvision's detectors take it.

# Name: what builds it, and the shapes of its inputs without the batch axis.
MODELS = {
    "tv_resnet18_gn": (classifier("resnet18", norm_layer=norm), FLAT),
    "tv_resnet50_gn": (classifier("resnet50", norm_layer=partial(nn.GroupNorm, 32)), FLAT),
    "tv_resnext50_gn": (classifier("resnext50_32x4d", norm_layer=norm), FLAT),
    "tv_mobilenet_v2_gn": (classifier("mobilenet_v2", norm_layer=norm), FLAT),
    "tv_mobilenet_v3_small_gn": (classifier("mobilenet_v3_small", norm_layer=norm), FLAT),
    "tv_efficientnet_b0_gn": (classifier("efficientnet_b0", norm_layer=norm), FLAT),
    "tv_efficientnet_v2_s_gn": (gn(classifier("efficientnet_v2_s")), FLAT),
    "tv_regnet_y_400mf_gn": (classifier("regnet_y_400mf", norm_layer=norm), FLAT),
    "tv_densenet121_gn": (gn(classifier("densenet121")), FLAT),
    "tv_shufflenet_v2_gn": (gn(classifier("shufflenet_v2_x1_0")), FLAT),
    "tv_mnasnet0_5_gn": (gn(classifier("mnasnet0_5")), FLAT),
    "tv_googlenet": (classifier("googlenet", init_weights=False), FLAT),
    "tv_convnext_tiny": (classifier("convnext_tiny"), FLAT),
    "tv_vit_b_32": (classifier("vit_b_32"), FLAT),
    "tv_swin_t": (classifier("swin_t"), FLAT),
    "tv_swin_v2_t": (classifier("swin_v2_t"), FLAT),
    "tv_maxvit_t_gn": (gn(classifier("maxvit_t")), FLAT),
    "tv_deeplabv3_resnet50_gn": (gn(partial(segmentation.deeplabv3_resnet50, **NONE, num_classes=5, aux_loss=True)), FLAT),
    "tv_fcn_resnet50_gn": (gn(partial(segmentation.fcn_resnet50, **NONE, num_classes=5)), FLAT),
    "tv_lraspp_gn": (gn(partial(segmentation.lraspp_mobilenet_v3_large, **NONE, num_classes=5)), FLAT),
    "tv_fcos_heads_gn": (lambda: Heads(one_stage("fcos_resnet50_fpn")()), FLAT),
    "tv_retinanet_heads_gn": (lambda: Heads(one_stage("retinanet_resnet50_fpn_v2")()), FLAT),
    "tv_ssdlite_heads_gn": (lambda: Heads(one_stage("ssdlite320_mobilenet_v3_large")()), ((3, 320, 320),)),
    "tv_fcos_gn": (one_stage("fcos_resnet50_fpn", **SMALL), LIST),
    "tv_retinanet_gn": (one_stage("retinanet_resnet50_fpn_v2", **SMALL), LIST),
    "tv_ssdlite_gn": (one_stage("ssdlite320_mobilenet_v3_large", detections_per_img=20, score_thresh=0.0), LIST),
    "tv_faster_rcnn_resnet18_gn": (rcnn(detection.FasterRCNN, 18), LIST),
    "tv_faster_rcnn_resnet50_gn": (rcnn(detection.FasterRCNN, 50), LIST),
    "tv_mask_rcnn_resnet18_gn": (rcnn(detection.MaskRCNN, 18), LIST),
    "tv_mask_rcnn_resnet50_gn": (rcnn(detection.MaskRCNN, 50), LIST),
    "tv_keypoint_rcnn_resnet18_gn": (rcnn(detection.KeypointRCNN, 18), LIST),
    "tv_r3d_18_gn": (gn(partial(video.r3d_18, weights=None)), CLIP),
    "tv_mc3_18_gn": (gn(partial(video.mc3_18, weights=None)), CLIP),
    "tv_r2plus1d_18_gn": (gn(partial(video.r2plus1d_18, weights=None)), CLIP),
    "tv_s3d_gn": (gn(partial(video.s3d, weights=None)), ((3, 16, 224, 224),)),
    "tv_mvit_v2_s": (partial(video.mvit_v2_s, weights=None), ((3, 16, 224, 224),)),
    "tv_swin3d_t": (partial(video.swin3d_t, weights=None), CLIP),
    "tv_raft_small": (partial(optical_flow.raft_small, weights=None), PAIR),
    "timm_resnet50_gn": (of_timm("resnet50_gn"), FLAT),
    "timm_resnet50_gn_features": (of_timm("resnet50_gn", features_only=True), FLAT),
    "timm_resnetv2_50d_gn": (of_timm("resnetv2_50d_gn"), FLAT),
    "timm_resnetv2_50x1_bit": (of_timm("resnetv2_50x1_bit"), FLAT),
    "timm_efficientnet_b0_gn": (of_timm("efficientnet_b0_gn"), FLAT),
    "timm_regnetz_b16_evos": (of_timm("regnetz_b16_evos"), FLAT),
    "timm_vit_r26_s_32": (of_timm("vit_small_r26_s32_224"), FLAT),
    "timm_poolformer_s12": (of_timm("poolformer_s12"), FLAT),
    "timm_poolformerv2_s12": (of_timm("poolformerv2_s12"), FLAT),
    "timm_edgenext_xx_small": (of_timm("edgenext_xx_small"), FLAT),
    "timm_mobilevitv2_050": (of_timm("mobilevitv2_050"), ((3, 256, 256),)),
    "timm_mobilevit_xs": (of_timm("mobilevit_xs"), ((3, 256, 256),)),
    "timm_swiftformer_xs": (of_timm("swiftformer_xs"), FLAT),
    "timm_convnext_atto": (of_timm("convnext_atto"), FLAT),
    "timm_convnextv2_atto": (of_timm("convnextv2_atto"), FLAT),
    "timm_vit_tiny_patch16": (of_timm("vit_tiny_patch16_224"), FLAT),
    "timm_deit3_small": (of_timm("deit3_small_patch16_224"), FLAT),
    "timm_swin_tiny": (of_timm("swin_tiny_patch4_window7_224"), FLAT),
    "timm_maxvit_rmlp_pico": (of_timm("maxvit_rmlp_pico_rw_256"), ((3, 256, 256),)),
    "timm_coatnet_nano": (of_timm("coatnet_nano_rw_224"), FLAT),
    "timm_efficientformerv2_s0": (of_timm("efficientformerv2_s0"), FLAT),
    "timm_eva02_tiny": (of_timm("eva02_tiny_patch14_224"), FLAT),
    "timm_caformer_s18": (of_timm("caformer_s18"), FLAT),
    "timm_pvt_v2_b0": (of_timm("pvt_v2_b0"), FLAT),
    "timm_xcit_nano": (of_timm("xcit_nano_12_p16_224"), FLAT),
    "timm_mixer_s32": (of_timm("mixer_s32_224"), FLAT),
    "timm_davit_tiny": (of_timm("davit_tiny"), FLAT),
    "timm_hrnet_w18_small": (of_timm("hrnet_w18_small"), FLAT),
}


def build(name):
    """The model in evaluation, the same at each call. Parameters that begin as 0 or almost 0 would hide errors, and get other values."""
    torch.manual_seed(1)
    model = MODELS[name][0]().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() and parameter.abs().max() < 1e-3:
                parameter.uniform_(-0.1, 0.1) if parameter.abs().max() == 0 else parameter.uniform_(0.2, 0.6)
        for module in model.modules():
            weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
            if "Norm" in type(module).__name__ and isinstance(weight, torch.Tensor):
                weight.uniform_(0.7, 1.3)
                if isinstance(bias, torch.Tensor):
                    bias.uniform_(-0.2, 0.2)
                if isinstance(getattr(module, "running_var", None), torch.Tensor):
                    module.running_mean.uniform_(-0.2, 0.2)
                    module.running_var.uniform_(0.7, 1.3)
    return model


def tensors(name, batch):
    """The input tensors: smooth values of 0 to 1; a detector's one is [C, H, W]."""
    generator = torch.Generator().manual_seed(2)
    shapes = MODELS[name][1]
    if shapes == LIST:
        coarse = torch.rand(1, 3, 20, 28, generator=generator)
        return [nn.functional.interpolate(coarse, (200, 280), mode="bicubic")[0].clamp(0, 1)]
    return [torch.rand(batch, *shape, generator=generator) for shape in shapes]


def arguments(name, batch=1):
    """The arguments of forward."""
    given = tensors(name, batch)
    return (given,) if MODELS[name][1] == LIST else tuple(given)


def flat(value):
    """The tensors of an output in PyTorch's order."""
    return [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, torch.Tensor)]


def keys(value):
    """The last key of each tensor of an output within dictionaries, lists and tuples."""
    return [str(getattr(path[-1], "key", getattr(path[-1], "idx", ""))) if path else ""
            for path, leaf in pytree.tree_flatten_with_path(value)[0] if isinstance(leaf, torch.Tensor)]


@contextlib.contextmanager
def exportable():
    """Replaces what keeps torch.export from torchvision's detectors, because it depends on the number of boxes that are found.

    The suppression always moves classes apart. Masks stay [D, 1, 28, 28], within their boxes. The length of a tensor is its first size.
    """
    def length(value):
        return value.shape[0] if isinstance(value, torch.Tensor) else builtins.len(value)

    def apart(found, scores, classes, most):
        return torch.ops.torchvision.nms(found + classes.to(found)[:, None] * 1000, scores, most)

    heads, transform = detection.roi_heads, detection.transform
    new = ((boxes, "batched_nms", apart), (poolers, "len", length), (heads, "len", length),
           (transform, "paste_masks_in_image", lambda masks, *_: masks))
    old = [(module, what, getattr(module, what, builtins.len)) for module, what, _ in new]
    for module, what, function in new:
        setattr(module, what, function)
    try:
        yield
    finally:
        for module, what, function in old:
            setattr(module, what, function)


def program(model, name, file):
    """Exports with a free batch axis, or else with fixed sizes. Returns the batch that the program takes: 0 for any."""
    batch = 0
    if MODELS[name][1] == LIST:
        with exportable():
            torch.export.save(torch.export.export(model, arguments(name)), file)
        return 1
    example = arguments(name, 2)
    try:
        free = tuple({0: torch.export.Dim("batch", min=1, max=8)} for _ in example)
        exported = torch.export.export(model, example, dynamic_shapes=free)
    except Exception:
        exported, batch = torch.export.export(model, arguments(name)), 1
    torch.export.save(exported, file)
    return batch


def script(model, name, file):
    """Scripts, or else traces. Returns which."""
    try:
        torch.jit.save(torch.jit.script(model), str(file))
        return "script"
    except Exception as problem:
        if MODELS[name][1] == LIST:
            raise
        why = first_line(problem)
    torch.jit.save(torch.jit.trace(model, arguments(name, 2), strict=False, check_trace=False), str(file))
    return "trace: " + why


def first_line(problem):
    lines = [line for line in str(problem).splitlines() if line.strip()]
    return type(problem).__name__ + ": " + (lines[0] if lines else "")[:300]


def make(name, folder):
    began = time.time()
    facts = {"versions": {"python": platform.python_version(), "torch": torch.__version__,
                          "torchvision": torchvision.__version__, "timm": timm.__version__},
             "shapes": [list(given.shape) for given in tensors(name, 1)], "list": MODELS[name][1] == LIST, "exports": {}}
    model = build(name)
    facts["parameters"] = sum(parameter.numel() for parameter in model.parameters())
    facts["groupNorms"] = sum(isinstance(module, nn.GroupNorm) for module in model.modules())
    arrays = {}
    with torch.no_grad():
        for batch in (1,) if facts["list"] else (1, 2):
            arrays |= {f"batch{batch}.input{i}": given.numpy() for i, given in enumerate(tensors(name, batch))}
            results = model(*arguments(name, batch))
            facts["keys"], results = keys(results), flat(results)
            arrays |= {f"batch{batch}.output{i}": result.numpy() for i, result in enumerate(results)}
        if facts["list"]:
            with exportable():
                results = flat(model(*arguments(name)))
            arrays |= {f"pt2.output{i}": result.numpy() for i, result in enumerate(results)}
        for ending, export in (("pt2", program), ("pt", script)):
            file = folder / f"{name}.{ending}"
            try:
                facts["exports"][ending] = {"how": export(model, name, file), "bytes": file.stat().st_size}
            except Exception as problem:
                file.unlink(missing_ok=True)
                facts["exports"][ending] = {"failed": first_line(problem)}
    np.savez(folder / f"{name}.npz", **arrays)
    (folder / f"{name}.json").write_text(json.dumps(facts, indent=1))
    print(name, f"{time.time() - began:.0f} s", json.dumps(facts["exports"]), flush=True)


def main(folder, names):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    folder = Path(folder)
    os.makedirs(folder, exist_ok=True)
    for name in names or MODELS:
        try:
            make(name, folder)
        except Exception as problem:
            print(name, "NOT BUILT", first_line(problem), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
