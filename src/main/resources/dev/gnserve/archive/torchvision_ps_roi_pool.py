# torchvision.ops.ps_roi_pool (Dai et al. 2016, R-FCN): means of bins, from sums over all pixels above and to the left, in float64.
def torchvision_ps_roi_pool(input: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int) -> Tuple[Tensor, Tensor]:
  height = torch.size(input, 2)
  width = torch.size(input, 3)
  bins = pooled_height * pooled_width
  channels = torch.size(input, 1) // bins
  sums = torch.new_zeros(input, [torch.size(input, 0), bins, height + 1, width + 1, channels], dtype=7)
  inner = torch.slice(torch.slice(sums, 2, 1), 3, 1)
  _0 = torch.copy_(inner, torch.permute(torch.reshape(input, [-1, channels, bins, height, width]), [0, 2, 3, 4, 1]))
  _1 = torch.cumsum_(inner, 3)
  for row in range(1, height):
    _2 = torch.add_(torch.select(inner, 2, row), torch.select(inner, 2, row - 1))
  table = torch.reshape(sums, [-1, channels])
  left, right, = __torch__.gnserve.missing.torchvision_bounds(rois, 1, spatial_scale, pooled_width, 0, width - 1)
  top, bottom, = __torch__.gnserve.missing.torchvision_bounds(rois, 2, spatial_scale, pooled_height, 0, height - 1)
  bin = torch.reshape(torch.arange(bins, device=ops.prim.device(rois)), [1, pooled_height, pooled_width])
  images = torch.reshape(torch.to(torch.select(rois, 1, 0), 4), [-1, 1, 1])
  first = (images * bins + bin) * ((height + 1) * (width + 1))
  upper = first + torch.unsqueeze(top, 2) * (width + 1)
  lower = first + torch.unsqueeze(bottom, 2) * (width + 1)
  to_left = torch.unsqueeze(left, 1)
  to_right = torch.unsqueeze(right, 1)
  total = torch.index_select(table, 0, torch.reshape(lower + to_right, [-1])) - torch.index_select(table, 0, torch.reshape(lower + to_left, [-1]))
  total = total - torch.index_select(table, 0, torch.reshape(upper + to_right, [-1])) + torch.index_select(table, 0, torch.reshape(upper + to_left, [-1]))
  area = torch.clamp(torch.unsqueeze(bottom - top, 2), 0) * torch.clamp(torch.unsqueeze(right - left, 1), 0)
  mean = torch.reshape(total, [-1, pooled_height, pooled_width, channels]) / torch.unsqueeze(torch.clamp(area, 1), 3)
  mean = torch.masked_fill(mean, torch.unsqueeze(torch.eq(area, 0), 3), 0)
  result = torch.contiguous(torch.permute(torch.to(mean, ops.prim.dtype(input)), [0, 3, 1, 2]))
  mapping = torch.arange(channels * bins, dtype=3, device=ops.prim.device(input))
  mapping = torch.reshape(mapping, [1, channels, pooled_height, pooled_width])
  return (result, torch.contiguous(torch.expand(mapping, [torch.size(rois, 0), -1, -1, -1])))
