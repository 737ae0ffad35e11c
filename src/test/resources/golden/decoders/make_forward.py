"""Outputs of real forward passes of networks with what the public packages make of them: python make_forward.py

DETR and RT-DETR are those of transformers with random weights, drawn with large deviations so that queries differ; the last layers of
DETR are fitted, so that scores are not all alike. HoVer-Net is a small network in its form, trained on one picture for some steps.
Outputs are rounded to 1/64 (boxes: 1/1024), so that the files are small; both sides get the rounded values.

Made with MONAI 1.6.1, transformers 4.56.2, timm 1.0.31, scikit-image 0.26.0, SciPy 1.17.1, PyTorch 2.7.1 and NumPy 2.4.6.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from make_instances import hovernet_maps
from PIL import Image
from scipy import ndimage

HERE = Path(__file__).parent
PICTURE = HERE / "../../../../main/resources/samples/nuclei/fluorescence-256.png"
HEIGHT, WIDTH = 64, 96


def save(name, **arrays):
    np.savez_compressed(HERE / f"{name}.npz", **arrays)
    print(name, {key: (value.dtype.name, value.shape) for key, value in arrays.items()})


def picture():
    values = np.asarray(Image.open(PICTURE).convert("L"))[:256, :256]
    return torch.from_numpy(values.astype(np.float32) / 255)[None, None].expand(1, 3, -1, -1).contiguous()


def rounded(values, steps=64):
    return (values.detach() * steps).round() / steps


class Branches(torch.nn.Module):
    """A small HoVer-Net: one encoder, and a decoder for nuclei, distances and types each."""

    def __init__(self, types, channels=12):
        super().__init__()

        def block(before, after, stride=1):
            return torch.nn.Sequential(torch.nn.Conv2d(before, after, 3, stride, 1), torch.nn.GroupNorm(4, after), torch.nn.ReLU())

        self.fine = torch.nn.Sequential(block(3, channels), block(channels, channels))
        self.coarse = torch.nn.Sequential(block(channels, 2 * channels, 2), block(2 * channels, 2 * channels),
                                          block(2 * channels, 2 * channels))
        self.decoders = torch.nn.ModuleDict({
            name: torch.nn.Sequential(block(3 * channels, channels), torch.nn.Conv2d(channels, maps, 1))
            for name, maps in (("nucleus_prediction", 2), ("horizontal_vertical", 2), ("type_prediction", types))})

    def forward(self, image):
        fine = self.fine(image)
        both = torch.cat([fine, torch.nn.functional.interpolate(self.coarse(fine), scale_factor=2.0)], 1)
        return {name: decoder(both) for name, decoder in self.decoders.items()}


def hovernet():
    """A network in the form of HoVer-Net (Graham et al. 2019), trained for some steps on one picture."""
    from monai.apps.pathology.transforms.post.array import (
        HoVerNetInstanceMapPostProcessing, HoVerNetNuclearTypePostProcessing)

    torch.manual_seed(1)
    network = Branches(5)
    image = picture() * 3
    gray = image[0, 0].numpy()
    labels = ndimage.label(ndimage.gaussian_filter(gray, 1) > 0.5 * (gray.min() + np.percentile(gray, 99)))[0].astype(np.int32)
    nuclei, distances, _ = (torch.from_numpy(maps).float()[None] for maps in hovernet_maps(labels, 5, np.random.default_rng(2)))
    types = torch.from_numpy(np.where(labels > 0, 1 + labels % 4, 0)).long()[None]
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    for _ in range(120):
        found = network(image)
        loss = ((found["nucleus_prediction"] - nuclei) ** 2).mean() + 20 * ((found["horizontal_vertical"] - distances) ** 2).mean() \
            + torch.nn.functional.cross_entropy(found["type_prediction"], types)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("loss", loss.item())
    _, y, x = max((len(np.unique(labels[y:y + HEIGHT, x:x + WIDTH])), y, x)
                  for y in range(0, 256 - HEIGHT + 1, 16) for x in range(0, 256 - WIDTH + 1, 16))
    with torch.no_grad():
        maps = {key: rounded(value[0]) for key, value in network(image[:, :, y:y + HEIGHT, x:x + WIDTH]).items()}
    info, instances = HoVerNetInstanceMapPostProcessing()(maps["nucleus_prediction"], maps["horizontal_vertical"])
    info, _ = HoVerNetNuclearTypePostProcessing()(maps["type_prediction"], info, instances)
    instances = np.asarray(instances)[0].astype(np.int64)
    types = np.full(instances.max() + 1, -1, np.int64)  # MONAI describes no nucleus of fewer than 3 points.
    for number, about in info.items():
        types[int(number)] = about["type"]
    print(instances.max(), "nuclei of types", types)
    save("hovernet-forward", **{key: value.numpy() for key, value in maps.items()}, expected=instances, expected_types=types)


def keep_boxes(name, logits, boxes, found):
    order = found["scores"].argsort(descending=True, stable=True)
    found["boxes"][:, 0::2] = found["boxes"][:, 0::2].clamp(0, WIDTH)  # As gnserve does.
    found["boxes"][:, 1::2] = found["boxes"][:, 1::2].clamp(0, HEIGHT)
    save(name, logits=logits[0].numpy(), pred_boxes=boxes[0].numpy(), expected_boxes=found["boxes"][order].numpy(),
         expected_scores=found["scores"][order].numpy(), expected_labels=found["labels"][order].numpy().astype(np.int64))


def detr():
    """DETR with boxes and masks (Carion et al. 2020)."""
    from transformers import DetrConfig, DetrForSegmentation, DetrImageProcessor, ResNetConfig

    torch.manual_seed(3)
    backbone = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], layer_type="basic",
                            out_features=["stage1", "stage2", "stage3", "stage4"])
    network = DetrForSegmentation(DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=backbone, d_model=128,
        encoder_layers=1, decoder_layers=2, encoder_attention_heads=8, decoder_attention_heads=8, encoder_ffn_dim=64,
        decoder_ffn_dim=64, num_queries=24, num_labels=3, init_std=0.3, init_xavier_std=3.0)).eval()
    image = picture()[:, :, :HEIGHT, :WIDTH]
    with torch.no_grad():
        states = network(image).last_hidden_state[0]
        wanted = 4 * torch.eye(4)[torch.randint(0, 4, (24,))] + 0.3 * torch.randn(24, 4)
        fit(network.detr.class_labels_classifier, states, wanted)
        layers = network.detr.bbox_predictor.layers
        fit(layers[2], layers[1](layers[0](states).relu()).relu(),
            torch.cat([torch.rand(24, 2), 0.1 + 0.5 * torch.rand(24, 2)], 1).logit(1e-3))
        for layer in (network.bbox_attention.q_linear, network.bbox_attention.k_linear):
            layer.weight.mul_(4)  # So that queries look at different places.
        masks, last = network(image).pred_masks, network.mask_head.out_lay
        last.weight.mul_(8 / masks.std())
        last.bias.copy_((last.bias - masks.mean()) * 8 / masks.std())
        found = network(image)
    logits, masks, boxes = rounded(found.logits), rounded(found.pred_masks), rounded(found.pred_boxes, 1024)
    print("DETR", logits.std((0, 1)), boxes.std((0, 1)), masks.std((0, 1)).mean(), masks.mean())
    given = SimpleNamespace(logits=logits, pred_boxes=boxes, pred_masks=masks)
    processor = DetrImageProcessor()
    keep_boxes("detr-forward", logits, boxes,
               processor.post_process_object_detection(given, threshold=0.3, target_sizes=[(HEIGHT, WIDTH)])[0])
    panoptic = processor.post_process_panoptic_segmentation(
        given, threshold=0.3, overlap_mask_area_threshold=0.05, label_ids_to_fuse=set(), target_sizes=[(HEIGHT, WIDTH)])[0]
    info = panoptic["segments_info"]
    print(info)
    save("detr-forward-panoptic", class_queries_logits=logits[0].numpy(), masks_queries_logits=masks[0].numpy(),
         pred_boxes=boxes[0].numpy(), size=np.array((HEIGHT, WIDTH)),
         expected_masks=np.stack([(panoptic["segmentation"] == one["id"]).numpy() for one in info]).astype(np.uint8),
         expected_scores=np.array([one["score"] for one in info], np.float32),
         expected_labels=np.array([one["label_id"] for one in info]))


def rtdetr():
    """RT-DETR (Zhao et al. 2024): a logit for each label, without one for no object."""
    from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrImageProcessor, RTDetrResNetConfig

    torch.manual_seed(5)
    backbone = RTDetrResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], layer_type="basic",
                                  out_features=["stage2", "stage3", "stage4"])
    network = RTDetrForObjectDetection(RTDetrConfig(
        backbone_config=backbone, encoder_hidden_dim=32, encoder_in_channels=[16, 24, 32], d_model=32, encoder_ffn_dim=32,
        decoder_ffn_dim=32, encoder_attention_heads=4, decoder_attention_heads=4, decoder_layers=2, num_queries=24,
        decoder_in_channels=[32, 32, 32], num_labels=3, anchor_image_size=None)).eval()
    with torch.no_grad():
        found = network(picture()[:, :, :HEIGHT, :WIDTH])
    logits, boxes = rounded(found.logits), rounded(found.pred_boxes, 1024)
    print("RT-DETR", logits.std((0, 1)), logits.mean(), boxes.std((0, 1)))
    given = SimpleNamespace(logits=logits, pred_boxes=boxes)
    keep_boxes("rtdetr-forward", logits, boxes, RTDetrImageProcessor().post_process_object_detection(
        given, threshold=0.3, target_sizes=[(HEIGHT, WIDTH)])[0])


def fit(layer, states, wanted):
    """Gives a linear layer the weights that come nearest to the wanted outputs."""
    weights = torch.linalg.lstsq(torch.cat([states, torch.ones(len(states), 1)], 1).double(), wanted.double(), driver="gelsd").solution.float()
    layer.weight.copy_(weights[:-1].T)
    layer.bias.copy_(weights[-1])


if __name__ == "__main__":
    hovernet()
    detr()
    rtdetr()
