"""Writes the .npz files of this folder from its plain.npy: python make_arrays.py. numpy 2.4.6."""

import numpy as np

stack = np.load("plain.npy")
np.savez("one.npz", stack)
np.savez_compressed("several.npz", raw=stack, label=(stack > stack.mean()).astype(np.uint8), raw_f=np.asfortranarray(stack))
