# RoIAlign (He et al. 2017, Mask R-CNN). pixels [rows, C], images int64 [K]: the row where the image of each box begins;
# boxes [K, 4] in pixels of the features. Bilinear weights are products of those of the two axes, so each bin is a
# weighted sum of rows: one embedding_bag. Boxes with equal numbers of samples go together, at most 1,048,576 rows and
# 4,194,304 results at a time. bin_rows: rows between the planes of two bins, 0 if all bins share one.
def torchvision_align(pixels: Tensor,
    images: Tensor,
    boxes: Tensor,
    bin_rows: int,
    height: int,
    width: int,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    smallest: float,
    empty: float) -> Tensor:
  channels = torch.size(pixels, 1)
  bins = pooled_height * pooled_width
  bin = torch.reshape(torch.arange(bins, device=ops.prim.device(boxes)), [1, pooled_height, pooled_width, 1, 1])
  sizes = torch.clamp(torch.slice(boxes, 1, 2, 4) - torch.slice(boxes, 1, 0, 2), smallest)
  steps = sizes / torch.tensor([pooled_width, pooled_height], dtype=ops.prim.dtype(sizes), device=ops.prim.device(sizes))
  if torch.gt(sampling_ratio, 0):
    grids = torch.full_like(steps, sampling_ratio)
  else:
    grids = torch.ceil(torch.nan_to_num(steps))
  result = torch.new_zeros(pixels, [torch.size(boxes, 0), channels, pooled_height, pooled_width])
  left = torch.arange(torch.size(boxes, 0), device=ops.prim.device(boxes))
  while torch.gt(torch.numel(left), 0):
    grid = torch.select(grids, 0, int(torch.select(left, 0, 0)))
    samples_x = int(torch.select(grid, 0, 0))
    samples_y = int(torch.select(grid, 0, 1))
    taps = 4 * max(samples_x, 0) * max(samples_y, 0)
    most = max(min(1048576 // max(bins * taps, 1), 4194304 // max(bins * channels, 1)), 1)
    same = torch.all(torch.eq(torch.index_select(grids, 0, left), grid), 1)
    now = torch.logical_and(same, torch.le(torch.cumsum(same, 0), most))
    chosen = torch.masked_select(left, now)
    left = torch.masked_select(left, torch.logical_not(now))
    if torch.gt(taps, 0):
      x, y, _0, _1, = torch.unbind(torch.index_select(boxes, 0, chosen), 1)
      step_x, step_y, = torch.unbind(torch.index_select(steps, 0, chosen), 1)
      columns, weights_x, = __torch__.gnserve.missing.torchvision_taps(x, step_x, pooled_width, samples_x, width)
      rows, weights_y, = __torch__.gnserve.missing.torchvision_taps(y, step_y, pooled_height, samples_y, height)
      by_row = [-1, pooled_height, 1, 2 * samples_y, 1]
      by_column = [-1, 1, pooled_width, 1, 2 * samples_x]
      image = torch.reshape(torch.index_select(images, 0, chosen), [-1, 1, 1, 1, 1])
      places = image + bin * bin_rows + torch.reshape(rows * width, by_row) + torch.reshape(columns, by_column)
      weights = torch.reshape(weights_y / (samples_x * samples_y), by_row) * torch.reshape(weights_x, by_column)
      starts = torch.arange(0, torch.numel(places), taps, device=ops.prim.device(places))
      _2 = torch.embedding_bag(pixels, torch.reshape(places, [-1]), starts, False, 0, False, torch.reshape(weights, [-1]))
      pooled = torch.reshape((_2)[0], [-1, pooled_height, pooled_width, channels])
      _3 = torch.index_copy_(result, 0, chosen, torch.permute(pooled, [0, 3, 1, 2]))
    else:
      if torch.eq(samples_x * samples_y, 0):
        _4 = torch.index_fill_(result, 0, chosen, empty)
      else:
        pass
  return result
