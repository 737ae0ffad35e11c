# torchvision.ops.ps_roi_align (Light-Head R-CNN, Li et al. 2017): as roi_align, but each bin has channels of its own. A box
# without samples is nan, as there.
def torchvision_ps_roi_align(input: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int) -> Tuple[Tensor, Tensor]:
  height = torch.size(input, 2)
  width = torch.size(input, 3)
  bins = pooled_height * pooled_width
  channels = torch.size(input, 1) // bins
  parts = torch.reshape(input, [-1, channels, bins, height, width])
  pixels = torch.reshape(torch.permute(parts, [0, 2, 3, 4, 1]), [-1, channels])
  images = torch.to(torch.select(rois, 1, 0), 4) * (bins * height * width)
  boxes = torch.slice(rois, 1, 1, 5) * spatial_scale - 0.5
  result = __torch__.gnserve.missing.torchvision_align(pixels, images, boxes, height * width, height, width, pooled_height, pooled_width, sampling_ratio, -inf, nan)
  mapping = torch.arange(channels * bins, dtype=3, device=ops.prim.device(input))
  mapping = torch.reshape(mapping, [1, channels, pooled_height, pooled_width])
  return (result, torch.contiguous(torch.expand(mapping, [torch.size(rois, 0), -1, -1, -1])))
