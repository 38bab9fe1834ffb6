"""From lightness to colours at the same size: network, decoding and enlargement in a row."""

import numpy as np
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.model.decode import enlarge
from colorize.model.precision import mixed_precision
from colorize.model.weights import Model


@torch.inference_mode()
def predict(
    model: Model, lightness: NDArray[np.float32], *, temperature: float
) -> NDArray[np.float32]:
    """Predict the ab of pictures.

    Args:
        model: its network is set to evaluation mode.
        lightness: (N, H, W), L in 0..100, of any H and W.
        temperature: T of the annealed mean.

    Returns:
        (N, H, W, 2) float32 ab.
    """
    height, width = lightness.shape[1:]
    multiple = model.recipe.side_multiple
    margins = ((0, 0), (0, _margin(height, multiple)), (0, _margin(width, multiple)))
    padded = np.pad(lightness, margins, mode="edge")
    grey = torch.from_numpy(padded)[:, None].contiguous(memory_format=torch.channels_last)
    model.network.eval()
    with mixed_precision():
        output = model.network(grey)
    ab = model.recipe.decode(output, model.centres, temperature)  # (N, 2, h, w)
    full = enlarge(ab, padded.shape[1:])[:, :, :height, :width]
    return np.ascontiguousarray(full.permute(0, 2, 3, 1).numpy())


def predict_shown(
    model: Model, lightness: NDArray[np.float32], *, temperature: float
) -> NDArray[np.float32]:
    """Predict the ab that an 8-bit picture of that very L can show.

    White has no colour, and no L has all of them: a colour out of gamut is mixed with the grey of
    its own luminance until it is inside, as the painter does. Arguments and result are those of
    `predict`.
    """
    ab = predict(model, lightness, temperature=temperature)
    pixels = np.concatenate([lightness[..., None], ab], axis=-1)
    shown = lab.rgb_to_lab(lab.lab_to_rgb(pixels, keep_lightness=True))
    return np.ascontiguousarray(shown[..., 1:])


def _margin(length: int, multiple: int) -> int:
    """Pixels to add to a side, so that the network's smallest map is at least two pixels wide.

    A bfloat16 convolution to a map of a single tall column sometimes gives NaN: oneDNN of PyTorch
    2.13 on AVX-512 and AMX, in one of ten runs.
    """
    return max(-length % multiple, 2 * multiple - length)
