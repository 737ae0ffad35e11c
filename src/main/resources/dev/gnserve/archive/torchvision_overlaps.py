# Intersection over union of each box of a with each box of b: [A, 4], [B, 4] to [A, B].
def torchvision_overlaps(a: Tensor,
    b: Tensor) -> Tensor:
  left, top, right, bottom, = torch.unbind(torch.unsqueeze(a, 1), 2)
  left_b, top_b, right_b, bottom_b, = torch.unbind(torch.unsqueeze(b, 0), 2)
  width = torch.clamp(torch.minimum(right, right_b) - torch.maximum(left, left_b), 0)
  height = torch.clamp(torch.minimum(bottom, bottom_b) - torch.maximum(top, top_b), 0)
  overlap = width * height
  return overlap / ((right - left) * (bottom - top) + (right_b - left_b) * (bottom_b - top_b) - overlap)
