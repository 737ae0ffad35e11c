def torchvision_nms(dets: Tensor,
    scores: Tensor,
    iou_threshold: float) -> Tensor:
  order = torch.argsort(scores, stable=True, dim=0, descending=True)
  boxes = torch.index_select(dets, 0, order)
  left = torch.select(boxes, 1, 0)
  top = torch.select(boxes, 1, 1)
  right = torch.select(boxes, 1, 2)
  bottom = torch.select(boxes, 1, 3)
  areas = torch.mul(torch.sub(right, left), torch.sub(bottom, top))
  gone = torch.zeros_like(order, dtype=11)
  kept = annotate(List[int], [])
  for i in range(torch.size(order, 0)):
    if torch.__not__(bool(torch.select(gone, 0, i))):
      _0 = torch.append(kept, i)
      width = torch.clamp(torch.sub(torch.minimum(right, torch.select(right, 0, i)), torch.maximum(left, torch.select(left, 0, i))), 0)
      height = torch.clamp(torch.sub(torch.minimum(bottom, torch.select(bottom, 0, i)), torch.maximum(top, torch.select(top, 0, i))), 0)
      overlap = torch.mul(width, height)
      union = torch.sub(torch.add(torch.select(areas, 0, i), areas), overlap)
      gone = torch.logical_or(gone, torch.gt(torch.div(overlap, union), iou_threshold))
    else:
      pass
  places = torch.tensor(kept, dtype=4, device=ops.prim.device(order))
  return torch.index_select(order, 0, places)
