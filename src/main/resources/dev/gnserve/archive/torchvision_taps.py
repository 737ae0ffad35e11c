# Pixels and weights along one axis, for K boxes: start and step float [K], both results [K, bins, 2 * samples]. Bin i of a
# box begins at start + i * step and is sampled at evenly spaced points, each between two pixels. Points beyond -1 or
# size have the weight 0.
def torchvision_taps(start: Tensor,
    step: Tensor,
    bins: int,
    samples: int,
    size: int) -> Tuple[Tensor, Tensor]:
  bin = torch.arange(bins, dtype=ops.prim.dtype(start), device=ops.prim.device(start))
  sample = torch.arange(samples, dtype=ops.prim.dtype(start), device=ops.prim.device(start)) + 0.5
  corner = torch.unsqueeze(start, 1) + bin * torch.unsqueeze(step, 1)
  at = torch.unsqueeze(corner, 2) + sample * torch.reshape(step, [-1, 1, 1]) / samples
  inside = torch.logical_and(torch.ge(at, -1), torch.le(at, size))
  at = torch.clamp(torch.nan_to_num(at), 0, size - 1)
  low = torch.floor(at)
  part = at - low
  index = torch.to(low, 4)
  indices = torch.cat([index, torch.clamp(index + 1, None, size - 1)], 2)
  weights = torch.cat([1 - part, part], 2) * torch.cat([inside, inside], 2)
  return (indices, weights)
