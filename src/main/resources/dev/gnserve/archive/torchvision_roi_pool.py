# torchvision.ops.roi_pool (Girshick 2015, Fast R-CNN): the maximum of each bin and its place h * W + w, -1 for an empty bin. At
# most 1,048,576 pixels and 4,194,304 results at a time.
def torchvision_roi_pool(input: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int) -> Tuple[Tensor, Tensor]:
  count = torch.size(rois, 0)
  channels = torch.size(input, 1)
  height = torch.size(input, 2)
  width = torch.size(input, 3)
  bins = pooled_height * pooled_width
  shape = [count, channels, pooled_height, pooled_width]
  result = torch.new_zeros(input, shape)
  argmax = torch.new_full(input, shape, -1, dtype=3)
  if torch.eq(count, 0):
    return (result, argmax)
  pixels = torch.reshape(torch.permute(input, [0, 2, 3, 1]), [-1, channels])
  left, right, = __torch__.gnserve.missing.torchvision_bounds(rois, 1, spatial_scale, pooled_width, 1, width)
  top, bottom, = __torch__.gnserve.missing.torchvision_bounds(rois, 2, spatial_scale, pooled_height, 1, height)
  column = torch.arange(max(int(torch.max(right - left)), 1), device=ops.prim.device(rois))
  row = torch.arange(max(int(torch.max(bottom - top)), 1), device=ops.prim.device(rois))
  most = max(min(1048576 // max(bins * torch.numel(column) * torch.numel(row), 1), 4194304 // max(bins * channels, 1)), 1)
  for chunk in range((count + most - 1) // most):
    begin = chunk * most
    end = begin + most
    columns = torch.unsqueeze(torch.slice(left, 0, begin, end), 2) + column
    rows = torch.unsqueeze(torch.slice(top, 0, begin, end), 2) + row
    in_columns = torch.lt(columns, torch.unsqueeze(torch.slice(right, 0, begin, end), 2))
    in_rows = torch.lt(rows, torch.unsqueeze(torch.slice(bottom, 0, begin, end), 2))
    by_row = [-1, pooled_height, 1, torch.numel(row), 1]
    by_column = [-1, 1, pooled_width, 1, torch.numel(column)]
    images = torch.to(torch.slice(torch.select(rois, 1, 0), 0, begin, end), 4) * (height * width)
    inside = torch.logical_and(torch.reshape(in_rows, by_row), torch.reshape(in_columns, by_column))
    places = torch.reshape(rows * width, by_row) + torch.reshape(columns, by_column) + torch.reshape(images, [-1, 1, 1, 1, 1])
    sizes = torch.reshape(torch.sum(inside, [3, 4]), [-1])
    starts = torch.cumsum(sizes, 0) - sizes
    _0 = torch.embedding_bag(pixels, torch.masked_select(places, inside), starts, False, 2, False, None)
    by_bin = [-1, pooled_height, pooled_width, channels]
    empty = torch.reshape(torch.eq(sizes, 0), [-1, 1, pooled_height, pooled_width])
    values = torch.permute(torch.reshape((_0)[0], by_bin), [0, 3, 1, 2])
    found = torch.permute(torch.reshape((_0)[3], by_bin), [0, 3, 1, 2]) - torch.reshape(images, [-1, 1, 1, 1])
    _1 = torch.copy_(torch.slice(result, 0, begin, end), torch.masked_fill(values, empty, 0))
    _2 = torch.copy_(torch.slice(argmax, 0, begin, end), torch.masked_fill(found, empty, -1))
  return (result, argmax)
