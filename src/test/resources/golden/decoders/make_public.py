"""Forward passes of public networks with random weights, and what their own packages make of the outputs: python make_public.py

Deformable, Conditional and DAB-DETR and OneFormer are those of transformers; EfficientDet is that of effdet. The last layers are
fitted or scaled, so that queries and locations differ. Outputs are rounded to 1/64 (boxes: 1/1024); both sides get the rounded values.

Made with transformers 4.56.2, effdet 0.4.1, timm 1.0.31, SciPy 1.17.1, torchvision 0.22.1, PyTorch 2.7.1 and NumPy 2.4.6.
"""

from types import SimpleNamespace

import numpy as np
import torch
from make_forward import HEIGHT, WIDTH, fit, keep_boxes, picture, rounded, save

QUERIES, LABELS = 24, 3
TRANSFORMER = {"decoder_layers": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 64, "encoder_layers": 1,
               "encoder_attention_heads": 4, "encoder_ffn_dim": 64, "num_queries": QUERIES, "num_labels": LABELS}
NO_TIMM = {"use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None}


def resnet(*stages):
    from transformers import ResNetConfig
    return ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], layer_type="basic",
                        out_features=list(stages))


def spread(network, inputs, head, columns, values):
    """Fits a linear layer to wanted values for the states of its last call."""
    seen = []
    hook = head.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    network(*inputs)
    hook.remove()
    states = seen[-1].reshape(-1, seen[-1].shape[-1])[-QUERIES:]
    fit(head, states, values(len(states), columns))


def detrs():
    """A logit for each label and none for no object, as all descendants with focal loss have."""
    import transformers as package

    def conditional():
        return package.ConditionalDetrForObjectDetection(package.ConditionalDetrConfig(
            d_model=64, backbone_config=resnet("stage4"), **TRANSFORMER, **NO_TIMM)), "class_labels_classifier", "bbox_predictor"

    def deformable():
        network = package.DeformableDetrForObjectDetection(package.DeformableDetrConfig(
            d_model=64, backbone_config=resnet("stage2", "stage3", "stage4"), **TRANSFORMER, **NO_TIMM))
        network.last_class, network.last_boxes = network.class_embed[-1], network.bbox_embed[-1]
        return network, "last_class", "last_boxes"

    def dab():
        network = package.DabDetrForObjectDetection(package.DabDetrConfig(
            hidden_size=64, backbone_config=resnet("stage4"), **TRANSFORMER, **NO_TIMM))
        torch.nn.init.normal_(network.model.query_refpoint_embeddings.weight, -0.5)  # The boxes: their last layer is zero.
        return network, "class_embed", None

    processors = {"conditional-detr": package.ConditionalDetrImageProcessor, "deformable-detr": package.DeformableDetrImageProcessor,
                  "dab-detr": package.ConditionalDetrImageProcessor}
    for name, make in {"conditional-detr": conditional, "deformable-detr": deformable, "dab-detr": dab}.items():
        torch.manual_seed(11)
        network, classes, boxes = make()
        network.eval()
        image = picture()[:, :, :HEIGHT, :WIDTH]
        with torch.no_grad():
            spread(network, [image], getattr(network, classes), LABELS, lambda rows, columns: 2 * torch.randn(rows, columns) - 1)
            if boxes:
                spread(network, [image], getattr(network, boxes).layers[-1], 4, lambda rows, columns: 1.5 * torch.randn(rows, columns) - 1)
            found = network(image)
        logits, places = rounded(found.logits), rounded(found.pred_boxes, 1024)
        print(name, logits.std((0, 1)), logits.mean(), places.std((0, 1)))
        keep_boxes(f"{name}-forward", logits, places, processors[name]().post_process_object_detection(
            SimpleNamespace(logits=logits, pred_boxes=places), threshold=0.3, target_sizes=[(HEIGHT, WIDTH)])[0])


def discs(height, width):
    """Logits of a disc for each query."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    middle = torch.rand(QUERIES, 2, 1, 1) * torch.tensor([height, width])[None, :, None, None]
    distance = ((y - middle[:, 0]) ** 2 + (x - middle[:, 1]) ** 2).sqrt()
    return 6 * (1 - distance / (3 + 3 * torch.rand(QUERIES, 1, 1)))


def oneformer():
    """OneFormer (Jain et al. 2023) with a task token. The masks are the network's features of pixels times embeddings that are fitted to
    discs: random ones hardly differ. Instances are those of its authors' instance_inference, step by step: transformers
    4.56.2 hands logits to a function for probabilities there, and gives each pixel to one object."""
    import transformers as package
    from transformers.models.oneformer.image_processing_oneformer import OneFormerImageProcessor

    torch.manual_seed(13)
    swin = package.SwinConfig(embed_dim=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 4], window_size=4, image_size=128,
                              out_features=["stage1", "stage2", "stage3", "stage4"])
    network = package.OneFormerForUniversalSegmentation(package.OneFormerConfig(
        backbone_config=swin, is_training=False, num_queries=QUERIES, num_labels=LABELS, text_encoder_width=32, conv_dim=32, mask_dim=32,
        hidden_dim=64, encoder_feedforward_dim=64, encoder_layers=1, decoder_layers=3, num_attention_heads=4, dim_feedforward=64,
        query_dec_layers=1, init_xavier_std=3.0)).eval()
    image, task = picture()[:, :, :HEIGHT, :WIDTH], torch.randint(0, 49408, (1, 77))
    heads = network.model.transformer_module.decoder
    features = []
    network.model.pixel_level_module.register_forward_hook(lambda _, __, found: features.append(found.decoder_last_feature[0]))
    with torch.no_grad():
        spread(network, [image, task], heads.class_embed, LABELS + 1, lambda rows, columns: 4 * torch.eye(columns)[torch.randint(0, columns, (rows,))]
               + 0.3 * torch.randn(rows, columns))
        found = network(image, task)
    values = features[-1].flatten(1).double()
    fitted = discs(*features[-1].shape[1:]).flatten(1).double() @ torch.linalg.pinv(values, rtol=1e-9) @ values
    masks = fitted.float().reshape(1, QUERIES, *features[-1].shape[1:])
    logits, masks = rounded(found.class_queries_logits), rounded(masks, 16)
    print("OneFormer", logits.std((0, 1)), masks.shape)
    given = SimpleNamespace(class_queries_logits=logits, masks_queries_logits=masks)
    arrays = {"class_queries_logits": logits[0].numpy(), "masks_queries_logits": masks[0].numpy(), "size": np.array((HEIGHT, WIDTH))}
    processor = OneFormerImageProcessor.__new__(OneFormerImageProcessor)  # Its constructor downloads names of classes.
    semantic = processor.post_process_semantic_segmentation(given, target_sizes=[(HEIGHT, WIDTH)])[0]
    save("oneformer-forward-semantic", **arrays, expected=semantic.numpy().astype(np.uint8))
    panoptic = processor.post_process_panoptic_segmentation(
        given, threshold=0.3, overlap_mask_area_threshold=0.3, label_ids_to_fuse=set(), target_sizes=[(HEIGHT, WIDTH)])[0]
    info = panoptic["segments_info"]
    objects = {}
    for one in info:  # Label 1 is stuff.
        mask = (panoptic["segmentation"] == one["id"]).numpy()
        key = "stuff" if one["label_id"] == 1 else one["id"]
        before, score, _ = objects.get(key, (mask, one["score"], 1))
        objects[key] = (before | mask, max(score, one["score"]), one["label_id"])
    keep_objects("oneformer-forward-panoptic", arrays, objects.values())

    large = torch.nn.functional.interpolate(masks, (HEIGHT, WIDTH), mode="bilinear", align_corners=False)[0]
    scores, places = logits[0].softmax(-1)[:, :-1].flatten().topk(QUERIES)
    chosen = large[places // LABELS]
    inside = (chosen > 0).float()
    scores = scores * (chosen.sigmoid() * inside).sum((1, 2)) / (inside.sum((1, 2)) + 1e-6)
    keep_objects("oneformer-forward-instance", arrays, [
        (mask.numpy() > 0, score.item(), label.item())
        for mask, score, label in zip(inside, scores, places % LABELS) if score >= 0.3 and mask.sum() > 0])


def keep_objects(name, arrays, objects):
    masks, scores, labels = zip(*objects)
    print(name, len(scores), "objects", [int(mask.sum()) for mask in masks])
    save(name, **arrays, expected_masks=np.stack(masks).astype(np.uint8), expected_scores=np.array(scores, np.float32),
         expected_labels=np.array(labels))


def efficientdet():
    """EfficientDet (Tan et al. 2020): the levels of its head, decoded and suppressed by effdet."""
    from effdet import EfficientDet, get_efficientdet_config
    from effdet.anchors import Anchors, generate_detections
    from effdet.bench import _post_process

    torch.manual_seed(17)
    height, width = 128, 256
    config = get_efficientdet_config("efficientdet_d0")
    config.update(backbone_name="mobilenetv3_small_050", backbone_args={}, image_size=[height, width], num_classes=2,
                  fpn_channels=16, fpn_cell_repeats=1, box_class_repeats=1)
    network = EfficientDet(config, pretrained_backbone=False).eval()
    with torch.no_grad():
        classes, boxes = network(picture()[:, :, :height, :width])

    def scaled(maps, deviation, middle):
        values = torch.cat([map_.flatten() for map_ in maps])
        return [(map_ - values.mean()) / values.std() * deviation + middle for map_ in maps]

    classes = scaled(classes, 1.5, -3)  # Not rounded: of boxes with equal scores, the order is not defined.
    boxes = [rounded(map_) for map_ in scaled(boxes, 0.5, 0)]
    print("EfficientDet", [tuple(map_.shape) for map_ in classes])
    anchors = Anchors.from_config(config).boxes
    chosen, places, indices, labels = _post_process(classes, boxes, config.num_levels, 2)
    found = generate_detections(chosen[0], places[0], anchors, indices[0], labels[0], torch.ones(1), torch.tensor([width, height]),
                                max_det_per_image=100_000)
    found = found[found[:, 4] >= 0.3]
    full = (found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])  # gnserve leaves out boxes without an area.
    found = found[full]
    print(len(found), "boxes,", (~full).sum().item(), "without an area")
    save("efficientdet-forward", size=np.array((height, width)),
         **{f"cls{i}": map_[0].numpy() for i, map_ in enumerate(classes)},
         **{f"box{i}": map_[0].numpy() for i, map_ in enumerate(boxes)},
         expected_boxes=found[:, :4].numpy(), expected_scores=found[:, 4].numpy(), expected_labels=found[:, 5].numpy().astype(np.int64) - 1)


def keypoints():
    """torchvision's Keypoint R-CNN, and its own way back from the size of the network's input to that of the image."""
    from torchvision.models.detection import keypointrcnn_resnet50_fpn
    from torchvision.models.detection.transform import resize_boxes, resize_keypoints

    torch.manual_seed(19)
    network = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=4, num_keypoints=4, min_size=HEIGHT, max_size=WIDTH,
                                        box_detections_per_img=12, box_score_thresh=0.05).eval()
    with torch.no_grad():
        found = network([picture()[0, :, :HEIGHT, :WIDTH]])[0]
    original = (HEIGHT * 3 // 2, WIDTH * 3 // 2)
    found = {key: value if key == "labels" else rounded(value, 256) for key, value in found.items()}
    print("keypoints", {key: tuple(value.shape) for key, value in found.items()}, found["scores"])
    save("keypoints-forward", **{key: value.numpy() for key, value in found.items()},
         expected_boxes=resize_boxes(found["boxes"], (HEIGHT, WIDTH), original).numpy(),
         expected_keypoints=resize_keypoints(found["keypoints"], (HEIGHT, WIDTH), original).numpy())


if __name__ == "__main__":
    detrs()
    keypoints()
    oneformer()
    efficientdet()
