"""Times Winograd's F(4 x 4, 3 x 3) in PyTorch's operators, as the plan winograd computes it, against PyTorch's convolution.

    python src/workshop/scripts/winograd.py [THREADS]

Prints for each layer: milliseconds of both (median of 15 runs), and their errors against float64, relative root mean square.
Made with torch 2.7.1.
"""

import statistics
import sys
import time

import torch
from torch.nn.functional import conv2d

POINTS = torch.tensor(
    [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]],
    dtype=torch.float64)
BT = torch.tensor(
    [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]],
    dtype=torch.float32)
AT = torch.tensor([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], dtype=torch.float32)
LAYERS = [(32, 256), (64, 128), (64, 256), (128, 64), (128, 128), (256, 32), (256, 64), (512, 16), (512, 32)]


def transformed(weight):
    k, c = weight.shape[:2]
    taps = weight.double().permute(2, 3, 1, 0).reshape(9, c * k)
    return torch.mm(torch.kron(POINTS, POINTS), taps).float().view(36, c, k)


def winograd(image, weight, bias):
    n, c, h, w = image.shape
    k = weight.shape[2]
    rows, columns = (h + 3) // 4, (w + 3) // 4
    tiles = 256 if c * k > 16384 else 128
    blocks = min(rows, (rows * columns + tiles - 1) // tiles)
    step = (rows + blocks - 1) // blocks
    size = step * columns
    padded = image.new_zeros(4 * rows + 2, 4 * columns + 2, c)
    every = padded.unfold(0, 6, 4).unfold(1, 6, 4).permute(3, 4, 0, 1, 2)
    output = image.new_empty(n, rows, 4, columns, 4, k)
    d, v = image.new_empty(6, 6, size * c), image.new_empty(6, 6, size * c)
    m, z, y = image.new_empty(36, size, k), image.new_empty(6, 4, size * k), image.new_empty(4, 4, size * k)
    for i in range(n):
        padded[1:h + 1, 1:w + 1].copy_(image[i].permute(1, 2, 0))
        for j in range(blocks):
            first = min(j * step, rows - step)
            d.view(6, 6, step, columns, c).copy_(every[:, :, first:first + step])
            torch.bmm(BT.expand(6, 6, 6), d.transpose(0, 1), out=v)
            torch.bmm(BT.expand(6, 6, 6), v.transpose(0, 1), out=d)
            torch.bmm(d.view(36, size, c), weight, out=m)
            m[7].add_(bias)
            torch.bmm(AT.expand(6, 4, 6), m.view(6, 6, size * k).transpose(0, 1), out=z)
            torch.bmm(AT.expand(4, 4, 6), z.transpose(0, 1), out=y)
            output[i, first:first + step].copy_(y.view(4, 4, step, columns, k).permute(2, 0, 3, 1, 4))
    return output.view(n, 4 * rows, 4 * columns, k)[:, :h, :w].permute(0, 3, 1, 2)


def millis(run):
    times = []
    for _ in range(17):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times[2:])


def error(actual, expected):
    return float(((actual.double() - expected).square().mean() / expected.square().mean()).sqrt())


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    torch.manual_seed(1)
    print("torch", torch.__version__, "threads", torch.get_num_threads())
    print("| channels, side | convolution, ms | Winograd, ms | times as fast | error | error of Winograd |")
    with torch.inference_mode():
        for channels, side in LAYERS:
            image = torch.randn(1, channels, side, side).contiguous(memory_format=torch.channels_last)
            weight = torch.randn(channels, channels, 3, 3) / (9 * channels) ** 0.5
            bias = torch.randn(channels)
            exact = conv2d(image.double(), weight.double(), bias.double(), padding=1)
            taps = transformed(weight)
            direct = millis(lambda: conv2d(image, weight, bias, padding=1))
            ours = millis(lambda: winograd(image, taps, bias))
            print(f"| {channels}, {side} | {direct:.2f} | {ours:.2f} | {direct / ours:.2f}"
                  f" | {error(conv2d(image, weight, bias, padding=1), exact):.1e}"
                  f" | {error(winograd(image, taps, bias), exact):.1e} |", flush=True)
