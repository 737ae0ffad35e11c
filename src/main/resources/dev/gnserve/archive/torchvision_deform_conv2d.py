# torchvision.ops.deform_conv2d (Dai et al. 2017; with mask Zhu et al. 2019), image by image: input [N, C, H, W], weight
# [O, C / groups, kernel_h, kernel_w], offset [N, 2 * offset_groups * kernel_h * kernel_w, out_h, out_w] (y before x).
def torchvision_deform_conv2d(input: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor,
    bias: Tensor,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    offset_groups: int,
    use_mask: bool) -> Tensor:
  channels = torch.size(input, 1) // offset_groups
  height = torch.size(input, 2)
  width = torch.size(input, 3)
  kernel_h = torch.size(weight, 2)
  kernel_w = torch.size(weight, 3)
  out_h = torch.size(offset, 2)
  out_w = torch.size(offset, 3)
  place = ops.prim.device(input)
  taps = [offset_groups, kernel_h, kernel_w, out_h, out_w]
  kernels = torch.reshape(weight, [groups, torch.size(weight, 0) // groups, -1])
  grid_y = torch.reshape(torch.arange(out_h, device=place) * stride_h - pad_h, [1, 1, 1, -1, 1]) + torch.reshape(torch.arange(kernel_h, device=place) * dilation_h, [1, -1, 1, 1, 1])
  grid_x = torch.reshape(torch.arange(out_w, device=place) * stride_w - pad_w, [1, 1, 1, 1, -1]) + torch.reshape(torch.arange(kernel_w, device=place) * dilation_w, [1, 1, -1, 1, 1])
  group = torch.reshape(torch.arange(offset_groups, device=place) * (height * width), [-1, 1, 1, 1, 1, 1, 1])
  results = annotate(List[Tensor], [])
  for image in range(torch.size(input, 0)):
    moved = torch.reshape(torch.select(offset, 0, image), [offset_groups, kernel_h, kernel_w, 2, out_h, out_w])
    rows, weights_y, = __torch__.gnserve.missing.torchvision_corners(grid_y + torch.select(moved, 3, 0), height)
    columns, weights_x, = __torch__.gnserve.missing.torchvision_corners(grid_x + torch.select(moved, 3, 1), width)
    if use_mask:
      weights_y = weights_y * torch.unsqueeze(torch.reshape(torch.select(mask, 0, image), taps), 5)
    else:
      pass
    weights = torch.unsqueeze(weights_y, 6) * torch.unsqueeze(weights_x, 5)
    places = group + torch.unsqueeze(rows * width, 6) + torch.unsqueeze(columns, 5)
    parts = torch.reshape(torch.select(input, 0, image), [offset_groups, channels, height, width])
    pixels = torch.reshape(torch.permute(parts, [0, 2, 3, 1]), [-1, channels])
    starts = torch.arange(0, torch.numel(places), 4, device=place)
    _0 = torch.embedding_bag(pixels, torch.reshape(places, [-1]), starts, False, 0, False, torch.reshape(weights, [-1]))
    sampled = torch.reshape((_0)[0], [offset_groups, kernel_h * kernel_w, out_h * out_w, channels])
    patches = torch.reshape(torch.permute(sampled, [0, 3, 1, 2]), [groups, -1, out_h * out_w])
    _1 = torch.append(results, torch.reshape(torch.matmul(kernels, patches), [-1, out_h, out_w]))
  if torch.eq(torch.len(results), 0):
    return torch.new_zeros(input, [0, torch.size(weight, 0), out_h, out_w])
  return torch.stack(results) + torch.reshape(bias, [1, -1, 1, 1])
