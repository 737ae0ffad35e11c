"""Forward and backward of the norms of the workshop's networks, by PyTorch in float64, from float32 inputs.

    python make_norms.py     (torch 2.15.0; writes norms.json)

The loss is the sum of the output times the slopes, so that the gradient of the output is the slopes.
"""

import json

import torch
from torch import nn

GROUPS = {"bn": None, "ln": 1, "in": 6, "gn3": 3, "gn/3": 2}


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


def single(shape, scale=1.0, shift=0.0):
    return (torch.randn(shape, generator=generator) * scale + shift).float().double()


generator = torch.Generator().manual_seed(5)
x = single((4, 6, 2, 3), 2.0, 3.0)
slopes = single(x.shape)
weight = single((6,), 0.5, 1.0)
bias = single((6,))

cases = []
for name, groups in GROUPS.items():
    norm = nn.BatchNorm2d(6) if groups is None else nn.GroupNorm(groups, 6)
    norm = norm.double().train()
    with torch.no_grad():
        norm.weight.copy_(weight)
        norm.bias.copy_(bias)
    value = x.clone().requires_grad_(True)
    output = norm(value)
    (output * slopes).sum().backward()
    case = {
        "norm": name,
        "output": numbers(output),
        "gradient": numbers(value.grad),
        "weightGradient": numbers(norm.weight.grad),
        "biasGradient": numbers(norm.bias.grad),
    }
    if groups is None:
        norm(x[:2] * 0.5)  # A second step, of another batch.
        case["runningMean"] = numbers(norm.running_mean)
        case["runningVariance"] = numbers(norm.running_var)
        case["inference"] = numbers(norm.eval()(x))
    cases.append(case)

with open("norms.json", "w") as file:
    json.dump(
        {
            "torch": torch.__version__.split("+")[0],
            "shape": list(x.shape),
            "input": numbers(x),
            "slopes": numbers(slopes),
            "weight": numbers(weight),
            "bias": numbers(bias),
            "cases": cases,
        },
        file,
        separators=(",", ":"),
    )
    file.write("\n")
