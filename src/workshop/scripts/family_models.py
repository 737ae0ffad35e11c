"""Exports small public networks of many families with random weights for new_table.py: python family_models.py FOLDER

The networks are those of the packages, with small configurations; nothing is downloaded. Beside each archive, a .json says the labels that
a user would give, and as "right" the decoders that are right without further options. Where it is empty, the values show no form: new has to
end with 1. Made with segmentation_models_pytorch 0.6.0, timm 1.0.31, transformers 4.56.2, MONAI 1.6.1, ultralytics 8.4.190, effdet 0.4.1,
torchvision 0.22.1 and PyTorch 2.7.1.
"""

import json
import sys
import traceback
import warnings
from pathlib import Path

import torch
from torch import nn

LABELS = ["a", "b", "c"]
warnings.filterwarnings("ignore")


class Named(nn.Module):
    """Keeps the outputs with these names of a network that returns an object."""

    def __init__(self, network, names):
        super().__init__()
        self.network, self.names = network, names

    def forward(self, image):
        found = self.network(image)
        return found[self.names[0]] if len(self.names) == 1 else {name: found[name] for name in self.names}


def smp(name, classes=4, **options):
    import segmentation_models_pytorch as package
    return getattr(package, name)("resnet18", encoder_weights=None, classes=classes, **options)


def timm(name, **options):
    import timm as package
    return package.create_model(name, pretrained=False, **options)


def hugging(name, config, names, **options):
    import transformers as package
    return Named(getattr(package, name)(getattr(package, config)(num_labels=3, **options)), names)


def swin():
    import transformers
    return transformers.SwinConfig(embed_dim=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 4], window_size=4, image_size=128,
                                   out_features=["stage1", "stage2", "stage3", "stage4"])


def convnext():
    import transformers
    return transformers.ConvNextConfig(hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 1, 1],
                                       out_features=["stage1", "stage2", "stage3", "stage4"])


def resnet(rt=False):
    import transformers
    kind = transformers.RTDetrResNetConfig if rt else transformers.ResNetConfig
    return kind(embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], layer_type="basic",
                out_features=["stage2", "stage3", "stage4"] if rt else ["stage4"])


TRANSFORMER = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
               "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "num_queries": 20, "use_timm_backbone": False,
               "use_pretrained_backbone": False, "backbone": None}
VIT = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 32}


def query_masks(kind):
    import transformers
    if kind == "mask2former":
        config = transformers.Mask2FormerConfig(
            backbone_config=swin(), feature_size=32, mask_feature_size=32, hidden_dim=32, encoder_feedforward_dim=32, encoder_layers=1,
            decoder_layers=2, num_attention_heads=4, dim_feedforward=32, num_queries=20, num_labels=3)
        return Named(transformers.Mask2FormerForUniversalSegmentation(config), ["class_queries_logits", "masks_queries_logits"])
    config = transformers.MaskFormerConfig(
        fpn_feature_size=32, mask_feature_size=32, num_labels=3, backbone_config=swin(),
        decoder_config=transformers.DetrConfig(**TRANSFORMER))
    return Named(transformers.MaskFormerForInstanceSegmentation(config), ["class_queries_logits", "masks_queries_logits"])


class Tasked(nn.Module):
    """OneFormer for one task, whose token is part of the archive."""

    def __init__(self, network, task):
        super().__init__()
        self.network = network
        self.register_buffer("task", task)

    def forward(self, image):
        found = self.network(image, self.task.expand(image.shape[0], -1))
        return {name: found[name] for name in ("class_queries_logits", "masks_queries_logits")}


def oneformer():
    import transformers
    config = transformers.OneFormerConfig(
        backbone_config=swin(), is_training=False, num_queries=20, num_labels=3, text_encoder_width=32, conv_dim=32, mask_dim=32,
        hidden_dim=32, encoder_feedforward_dim=32, encoder_layers=1, decoder_layers=3, num_attention_heads=4, dim_feedforward=32,
        query_dec_layers=1)
    return Tasked(transformers.OneFormerForUniversalSegmentation(config), torch.randint(0, 49408, (1, 77)))


def efficientdet():
    from effdet import EfficientDet, get_efficientdet_config
    config = get_efficientdet_config("efficientdet_d0")
    config.update(backbone_name="mobilenetv3_small_050", backbone_args={}, image_size=[256, 256], num_classes=3, fpn_channels=16,
                  fpn_cell_repeats=1, box_class_repeats=1)
    return EfficientDet(config, pretrained_backbone=False)


def depth_anything():
    import transformers
    backbone = transformers.Dinov2Config(**{**VIT, "num_hidden_layers": 4}, image_size=70, patch_size=14, reshape_hidden_states=False,
                                         out_features=["stage1", "stage2", "stage3", "stage4"])
    config = transformers.DepthAnythingConfig(backbone_config=backbone, reassemble_hidden_size=32, neck_hidden_sizes=[8, 8, 16, 16],
                                              fusion_hidden_size=16, head_in_index=-1, head_hidden_size=8)
    return Named(transformers.DepthAnythingForDepthEstimation(config), ["predicted_depth"])


def monai(name, *arguments, **options):
    import monai.networks.nets as nets
    return getattr(nets, name)(*arguments, **options)


def yolo(config, end_to_end=False):
    from ultralytics.nn.tasks import DetectionModel
    network = DetectionModel(config, nc=3, verbose=False)
    network.model[-1].export = True
    network.model[-1].end2end = end_to_end
    network.model[-1].format = "torchscript"
    return network


def torchvision_scripted(name):
    import torchvision
    network = getattr(torchvision.models.detection, name)(weights=None, weights_backbone=None, num_classes=4)
    return torch.jit.script(network.eval())


DETR = ["logits", "pred_boxes"]
# name: network, side, labels, decoders that are right without options
MODELS = {
    "smp-unet": (lambda: smp("Unet"), 96, LABELS, ["softmax"]),
    "smp-unet-sigmoid": (lambda: smp("Unet", 3, activation="sigmoid"), 96, LABELS, []),
    "smp-fpn-one": (lambda: smp("FPN", 1), 96, ["a"], []),
    "smp-deeplabv3plus": (lambda: smp("DeepLabV3Plus"), 96, LABELS, ["softmax"]),
    "smp-pspnet": (lambda: smp("PSPNet"), 96, LABELS, ["softmax"]),
    "smp-manet-softmax": (lambda: smp("MAnet", activation="softmax2d"), 96, LABELS, ["probabilities"]),
    "smp-unet-with-label": (lambda: smp("Unet", 4, aux_params={"classes": 3}), 96, LABELS, []),
    "timm-resnetv2-gn": (lambda: timm("resnetv2_50", num_classes=3), 96, LABELS, []),
    "timm-convnext-features": (lambda: timm("convnext_atto", num_classes=0), 96, LABELS, []),
    "timm-levels": (lambda: timm("resnet18", features_only=True), 96, LABELS, []),
    "segformer": (lambda: hugging("SegformerForSemanticSegmentation", "SegformerConfig", ["logits"], hidden_sizes=[8, 16, 16, 32],
                                  depths=[1, 1, 1, 1], num_attention_heads=[1, 2, 2, 4], decoder_hidden_size=16), 96, LABELS, ["softmax"]),
    "upernet": (lambda: hugging("UperNetForSemanticSegmentation", "UperNetConfig", ["logits"], backbone_config=convnext(),
                                hidden_size=16, use_auxiliary_head=False), 96, LABELS, ["softmax"]),
    "dpt-depth": (lambda: hugging("DPTForDepthEstimation", "DPTConfig", ["predicted_depth"], **VIT, image_size=96, is_hybrid=False,
                                  neck_hidden_sizes=[8, 8, 16, 16], fusion_hidden_size=16, backbone_out_indices=[0, 1, 2, 3]),
                  96, ["depth"], []),
    "depth-anything": (depth_anything, 70, ["depth"], []),
    "glpn-depth": (lambda: hugging("GLPNForDepthEstimation", "GLPNConfig", ["predicted_depth"], hidden_sizes=[8, 16, 16, 32],
                                   depths=[1, 1, 1, 1], num_attention_heads=[1, 2, 2, 4], decoder_hidden_size=16), 96, ["depth"], []),
    "mask2former": (lambda: query_masks("mask2former"), 128, LABELS, []),
    "maskformer": (lambda: query_masks("maskformer"), 128, LABELS, []),
    "detr": (lambda: hugging("DetrForObjectDetection", "DetrConfig", DETR, backbone_config=resnet(), **TRANSFORMER), 96, LABELS, ["detr"]),
    "conditional-detr": (lambda: hugging("ConditionalDetrForObjectDetection", "ConditionalDetrConfig", DETR, backbone_config=resnet(),
                                         **TRANSFORMER), 96, LABELS, ["detr"]),
    "deformable-detr": (lambda: hugging("DeformableDetrForObjectDetection", "DeformableDetrConfig", DETR, backbone_config=resnet(True),
                                        **TRANSFORMER), 96, LABELS, ["detr"]),
    "dab-detr": (lambda: hugging("DabDetrForObjectDetection", "DabDetrConfig", DETR, backbone_config=resnet(), hidden_size=32,
                                 **{key: value for key, value in TRANSFORMER.items() if key != "d_model"}), 96, LABELS, ["detr"]),
    "oneformer": (oneformer, 128, LABELS, []),
    "efficientdet": (efficientdet, 256, LABELS, []),
    "rt-detr": (lambda: hugging("RTDetrForObjectDetection", "RTDetrConfig", DETR, backbone_config=resnet(True), encoder_hidden_dim=32,
                                encoder_in_channels=[16, 24, 32], d_model=32, encoder_ffn_dim=32, decoder_ffn_dim=32,
                                encoder_attention_heads=4, decoder_attention_heads=4, decoder_layers=2, num_queries=20,
                                decoder_in_channels=[32, 32, 32], anchor_image_size=None), 128, LABELS, ["detr"]),
    "yolos": (lambda: hugging("YolosForObjectDetection", "YolosConfig", DETR, **VIT, image_size=[96, 96], num_detection_tokens=20),
              96, LABELS, ["detr"]),
    "monai-unet": (lambda: monai("UNet", 2, 3, 4, (8, 16, 32), (2, 2), norm=("GROUP", {"num_groups": 4})), 96, LABELS, ["softmax"]),
    "monai-segresnet": (lambda: monai("SegResNet", 2, 8, 3, 4), 96, LABELS, ["softmax"]),
    "monai-swinunetr": (lambda: monai("SwinUNETR", in_channels=3, out_channels=4, feature_size=12, spatial_dims=2), 96, LABELS, ["softmax"]),
    "monai-densenet": (lambda: monai("DenseNet121", 2, 3, 3), 96, LABELS, []),
    "yolov8n": (lambda: yolo("yolov8n.yaml"), 320, LABELS, ["yolo"]),
    "yolov10n": (lambda: yolo("yolov10n.yaml", True), 320, LABELS, ["yolo"]),
    "yolo26n": (lambda: yolo("yolo26n.yaml", True), 320, LABELS, ["yolo"]),
    "ssdlite": (lambda: torchvision_scripted("ssdlite320_mobilenet_v3_large"), 0, LABELS, ["boxes"]),
}


def main(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (make, side, labels, right) in MODELS.items():
        if names and name not in names:
            continue
        torch.manual_seed(7)
        try:
            network = make().eval()
            with torch.no_grad():
                archive = network if side == 0 else torch.jit.trace(
                    network, torch.randn(1, 3, side, side), check_trace=False, strict=False)
            archive.save(str(folder / f"{name}.pt"))
            (folder / f"{name}.json").write_text(json.dumps({"labels": labels, "right": right}))
            print(name, "exported", flush=True)
        except Exception as e:  # noqa: BLE001, the others are tried all the same
            print(name, "failed:", str(e).splitlines()[-1:] or type(e).__name__, flush=True)
            if names:
                traceback.print_exc()


main(Path(sys.argv[1]), sys.argv[2:])
