# Boxes that stay after greedy suppression, best first: int64 [K]. dets float [N, 4] (left, top, right, bottom), scores [N].
# Works through 64 boxes at a time. Within them, the rule "a box stays if no better box that stays overlaps it" is applied to
# all at once until nothing changes, which gives the result of the greedy order. Memory: 64 x N. The threshold is a
# double in torchvision, so it is rounded down to the type of the boxes.
def torchvision_nms(dets: Tensor,
    scores: Tensor,
    iou_threshold: float) -> Tensor:
  limit = torch.new_full(dets, annotate(List[int], []), iou_threshold)
  if torch.gt(float(limit), iou_threshold):
    limit = torch.nextafter(limit, torch.full_like(limit, -inf))
  left = torch.argsort(scores, stable=True, dim=0, descending=True)
  kept = annotate(List[Tensor], [])
  while torch.gt(torch.numel(left), 0):
    block = torch.slice(left, 0, 0, 64)
    left = torch.slice(left, 0, 64)
    boxes = torch.index_select(dets, 0, block)
    suppresses = torch.triu(torch.gt(__torch__.gnserve.missing.torchvision_overlaps(boxes, boxes), limit), 1)
    keeps = torch.logical_not(torch.any(suppresses, 0))
    settled = False
    while torch.__not__(settled):
      before = keeps
      keeps = torch.logical_not(torch.any(torch.logical_and(suppresses, torch.unsqueeze(before, 1)), 0))
      settled = torch.equal(keeps, before)
    best = torch.masked_select(block, keeps)
    _0 = torch.append(kept, best)
    if torch.gt(torch.numel(left), 0):
      overlaps = __torch__.gnserve.missing.torchvision_overlaps(torch.index_select(dets, 0, best), torch.index_select(dets, 0, left))
      left = torch.masked_select(left, torch.logical_not(torch.any(torch.gt(overlaps, limit), 0)))
    else:
      pass
  if torch.eq(torch.len(kept), 0):
    return torch.argsort(scores)
  return torch.cat(kept)
