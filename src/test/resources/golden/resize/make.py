import numpy as np, torch, torch.nn.functional as F
sizes = [(37, 53, 16, 16), (20, 31, 47, 64), (64, 48, 64, 31), (9, 7, 1, 1), (5, 5, 23, 5), (64, 3, 7, 30), (50, 40, 49, 41), (1, 6, 4, 3)]
source = torch.randint(0, 256, (64, 60), generator=torch.Generator().manual_seed(7)).float()
source.numpy().astype("u1").tofile("source-64x60.u8")
with open("expected.f32", "wb") as out:
    for height, width, new_height, new_width in sizes:
        crop = source[None, None, :height, :width]
        scaled = F.interpolate(crop, (new_height, new_width), mode="bilinear", antialias=True, align_corners=False)
        out.write(scaled.numpy().astype("<f4").tobytes())
