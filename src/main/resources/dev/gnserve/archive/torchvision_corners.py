# The two pixels beside each place along one axis, and their weights, as a last axis of 2. Pixels outside have the weight 0.
def torchvision_corners(at: Tensor,
    size: int) -> Tuple[Tensor, Tensor]:
  at = torch.clamp(torch.nan_to_num(at), -1, size)
  low = torch.floor(at)
  part = at - low
  corners = torch.stack([low, low + 1], 5)
  inside = torch.logical_and(torch.ge(corners, 0), torch.lt(corners, size))
  return (torch.to(torch.clamp(corners, 0, size - 1), 4), torch.stack([1 - part, part], 5) * inside)
