# First and last + 1 pixel of each bin along one axis, for rois [K, 5]: both int64 [K, bins]. Halves are rounded away from 0.
def torchvision_bounds(rois: Tensor,
    axis: int,
    spatial_scale: float,
    bins: int,
    longer: int,
    limit: int) -> Tuple[Tensor, Tensor]:
  edges = torch.index_select(rois, 1, torch.tensor([axis, axis + 2], device=ops.prim.device(rois))) * spatial_scale
  whole = torch.trunc(edges)
  edges = whole + torch.sign(edges) * torch.ge(torch.abs(edges - whole), 0.5)
  first = torch.slice(edges, 1, 0, 1)
  step = torch.clamp(torch.slice(edges, 1, 1, 2) - first + longer, 1) / bins
  bin = torch.arange(bins, dtype=ops.prim.dtype(rois), device=ops.prim.device(rois))
  start = torch.clamp(torch.floor(bin * step) + first, 0, limit)
  end = torch.clamp(torch.ceil((bin + 1) * step) + first, 0, limit)
  return (torch.to(start, 4), torch.to(end, 4))
