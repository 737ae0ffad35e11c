# torchvision.ops.roi_align: input [N, C, H, W], rois [K, 5] (image, left, top, right, bottom) to [K, C, pooled_height, pooled_width].
def torchvision_roi_align(input: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool) -> Tensor:
  channels = torch.size(input, 1)
  height = torch.size(input, 2)
  width = torch.size(input, 3)
  pixels = torch.reshape(torch.permute(input, [0, 2, 3, 1]), [-1, channels])
  images = torch.to(torch.select(rois, 1, 0), 4) * (height * width)
  boxes = torch.slice(rois, 1, 1, 5) * spatial_scale - (0.5 if aligned else 0.)
  smallest = -inf if aligned else 1.
  return __torch__.gnserve.missing.torchvision_align(pixels, images, boxes, 0, height, width, pooled_height, pooled_width, sampling_ratio, smallest, 0.)
