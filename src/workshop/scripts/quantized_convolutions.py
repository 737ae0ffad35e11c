"""Times convolutions in integers of 8 bits, as the plan int8 computes them, against those in bfloat16, on random sizes.

    python src/workshop/scripts/quantized_convolutions.py SEED SECONDS [--all] [--small]

oneDNN keeps the integers of a weight in a layout that depends on the size of the image, and changes them in each call if they have another one.
The script packs them as the plan does, for a result of 16 x 16 pixels, and runs them on images of other sizes with 64 pixels or more (256, where
the stride is not 1). It prints
each convolution that is slower than in bfloat16, then the number of all and of the slower ones. With --all it tries every number of outputs and weights;
without, those that the plan takes. With --small it tries smaller results, which the plan computes in bfloat16 with weights in oneDNN's layout,
against PyTorch's convolution. Made with torch 2.7.1.
"""

import random
import statistics
import sys
import time

import torch

ops = torch.ops.onednn


def milliseconds(run):
    run()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def is_taken(outputs, channels, kernel):
    blocks = outputs <= 32 or (outputs % 64 == 0 and outputs % 3 != 0)
    return blocks and (kernel == 3 or outputs * channels * kernel**2 < 2**19)


def compared(outputs, channels, kernel, stride, dilation, height, width):
    geometry = [stride, stride], [kernel // 2 * dilation] * 2, [dilation, dilation]
    weight = torch.randn(outputs, channels, kernel, kernel)
    scale = weight.abs().amax([1, 2, 3]) / 127
    integers = (weight / scale.view(-1, 1, 1, 1)).round().to(torch.int8)
    zeros = torch.zeros(outputs, dtype=torch.int64)
    packed = ops.qconv_prepack(integers, scale, 1.0, 0, *geometry, 1, [1, channels, 16 * stride, 16 * stride])
    image = torch.randint(0, 255, (1, channels, height * stride, width * stride), dtype=torch.uint8)
    image = image.contiguous(memory_format=torch.channels_last)
    narrow = image.bfloat16()
    narrow_weight = weight.bfloat16().contiguous(memory_format=torch.channels_last)
    stride_, padding, dilation_ = geometry

    def run():
        return ops.qconv2d_pointwise(
            image, 1.0, 0, packed, scale, zeros, None, stride_, padding, dilation_, 1, 1.0, 0, torch.bfloat16, "none", [], "")

    expected = torch.conv2d(image.double(), integers.double(), None, *geometry) * scale.double().view(-1, 1, 1)
    error = ((run().double() - expected).norm() / expected.norm()).item()
    assert error < 2**-8, error
    return milliseconds(run), milliseconds(lambda: torch.conv2d(narrow, narrow_weight, None, *geometry))


def small(outputs, channels, kernel, stride, dilation, height, width):
    geometry = [stride, stride], [kernel // 2 * dilation] * 2, [dilation, dilation]
    stride_, padding, dilation_ = geometry
    weight = torch.randn(outputs, channels, kernel, kernel).bfloat16().contiguous(memory_format=torch.channels_last)
    image = torch.randn(1, channels, height * stride, width * stride).bfloat16().contiguous(memory_format=torch.channels_last)
    shape = [1, channels, 8 * stride, 8 * stride] if kernel == 3 else None
    packed = torch.ops.mkldnn._reorder_convolution_weight(weight, padding, stride_, dilation_, 1, shape)

    def run():
        return torch.ops.mkldnn._convolution_pointwise(image, packed, None, padding, stride_, dilation_, 1, "none", [], "")

    expected = torch.conv2d(image, weight, None, *geometry)
    assert (run() - expected).norm() <= 0.01 * expected.norm() + 1e-6
    return milliseconds(run), milliseconds(lambda: torch.conv2d(image, weight, None, *geometry))


def main():
    torch.set_num_threads(1)
    random.seed(int(sys.argv[1]))
    until = time.time() + float(sys.argv[2])
    tried = slower = 0
    times = [0.0, 0.0]
    only_small = "--small" in sys.argv
    while time.time() < until:
        kernel = random.choice([1, 1, 2, 3, 3])
        stride = random.choice([1, 1, 1, 2])
        dilation = random.choice([1, 1, 1, 2, 6]) if kernel == 3 else 1
        channels = random.choice([16, 24, 32, 33, 40, 48, 64, 72, 96, 100, 112, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 2048])
        outputs = random.choice([16, 17, 21, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 320, 384, 448, 512, 640, 720, 768, 1024, 1280, 2048])
        least = 64 if stride == 1 else 256
        pixels = int(least ** random.uniform(0, 1) if only_small else least * 2 ** random.uniform(0, 6))
        height = max(1, int((pixels * 2 ** random.uniform(-2, 2)) ** 0.5))
        width = max(1, pixels // height) if only_small else -(-pixels // height)
        large = channels * outputs * kernel**2 > 6e6 or channels * height * width * stride**2 > 4e6
        large = large or min(height, width) * stride < kernel - 1
        if outputs * kernel**2 < 256 or large or not (is_taken(outputs, channels, kernel) or "--all" in sys.argv):
            continue
        tried += 1
        integer, narrow = (small if only_small else compared)(outputs, channels, kernel, stride, dilation, height, width)
        times = [times[0] + integer, times[1] + narrow]
        if integer > 1.2 * narrow and integer > 0.1:  # Shorter ones vary too much.
            slower += 1
            print(f"{outputs} x {channels} x {kernel} x {kernel}, stride {stride}, dilation {dilation}, {height} x {width}:"
                  f" {integer:.2f} ms, bfloat16 {narrow:.2f} ms", flush=True)
    print(f"{tried} tried, {slower} slower, {times[0] / times[1]:.2f} of the time in all")


if __name__ == "__main__":
    main()
