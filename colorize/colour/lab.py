"""sRGB to CIE Lab and back, for D65 and the 2 degree observer; the one converter of this project.

Formulas: IEC 61966-2-1 for sRGB, CIE 15 for Lab. The constants are those that scikit-image uses,
so that its ``rgb2lab`` is an independent reference. Half the work, the sRGB curve of 8-bit values,
is a table of 256 entries.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

L_MAX = 100.0

_LAB_OF_F = np.array([[116], [500], [200]], np.float32)

RGB_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
WHITE_D65 = np.array([0.95047, 1.0, 1.08883])

RGB_TO_UNIT_XYZ = (RGB_TO_XYZ / WHITE_D65[:, None]).astype(np.float32)
"""(3, 3): linear light to X, Y and Z as shares of those of white."""

# CIE 15: f(t) is a cube root above EPSILON and a straight line below it.
EPSILON = 0.008856
SLOPE = 7.787
OFFSET = 16.0 / 116.0


def rgb_to_lab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert 8-bit sRGB to Lab.

    Args:
        rgb: (..., 3) uint8.

    Returns:
        (..., 3) float32: L in 0..100, a in -86.2..98.3, b in -107.9..94.5.

    >>> rgb_to_lab(np.array([255, 0, 0], np.uint8)).round(1).tolist()
    [53.2..., 80.0..., 67.1...]
    """
    lab: NDArray[np.float32] = np.asarray(cv2.merge(list(rgb_to_planes(rgb)[:, None])), np.float32)
    return lab.reshape(rgb.shape)


def rgb_to_planes(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert as `rgb_to_lab` does: (..., 3) uint8 of n pixels to planes (3, n) of L, a and b."""
    x, y, z = map(_f, RGB_TO_UNIT_XYZ @ _linear(rgb))  # one by one, they stay in a cache
    planes = np.empty((3, y.size), np.float32)
    np.subtract(y, OFFSET, out=planes[0])
    np.subtract(x, y, out=planes[1])
    np.subtract(y, z, out=planes[2])
    planes *= _LAB_OF_F
    return planes


def rgb_to_lightness(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert 8-bit sRGB to the L of Lab alone: (..., 3) uint8 -> (...) float32 in 0..100.

    >>> rgb_to_lightness(np.array([255, 0, 0], np.uint8)).round(1).item()
    53.2...
    """
    # The whole product: some processors sum that of one row in another order.
    y = (RGB_TO_UNIT_XYZ @ _linear(rgb))[1]
    lightness: NDArray[np.float32] = 116 * (_f(y) - OFFSET)
    return lightness.reshape(rgb.shape[:-1])


def lab_to_rgb(lab: NDArray[np.floating], *, keep_lightness: bool = False) -> NDArray[np.uint8]:
    """Convert Lab to 8-bit sRGB.

    Args:
        lab: (..., 3) floating; L in 0..100.
        keep_lightness: a colour outside the gamut is mixed with the grey of its own luminance until
            it is inside, so that L stays; otherwise it is clipped channel by channel.

    Returns:
        (..., 3) uint8, rounded to nearest.
    """
    f = np.empty(lab.shape, np.float32)
    f[..., 1] = (lab[..., 0] + 16) / 116
    f[..., 0] = f[..., 1] + lab[..., 1] / 500
    f[..., 2] = f[..., 1] - lab[..., 2] / 200
    xyz = np.where(f > np.float32(np.cbrt(EPSILON)), f * f * f, (f - np.float32(OFFSET)) / SLOPE)
    linear = xyz @ (np.linalg.inv(RGB_TO_XYZ) * WHITE_D65).T.astype(np.float32)
    if keep_lightness:
        _mix_into_gamut(linear, xyz[..., 1])
    linear.clip(0, 1, out=linear)
    curved = np.where(
        linear > 0.0031308,
        np.float32(1.055) * linear ** np.float32(1 / 2.4) - np.float32(0.055),
        np.float32(12.92) * linear,
    )
    curved *= 255
    rounded: NDArray[np.uint8] = np.rint(curved, out=curved).astype(np.uint8)
    return rounded


@cache
def linear_table() -> NDArray[np.float32]:
    """Linear light of each 8-bit sRGB value: (256,) float32 in 0..1."""
    value = np.arange(256) / 255
    table: NDArray[np.float32] = np.where(
        value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92
    ).astype(np.float32)
    return table


def _mix_into_gamut(linear: NDArray[np.float32], luminance: NDArray[np.float32]) -> None:
    """Mix linear light (..., 3) in place with the grey of luminance (...), as little as needed.

    Light adds up, so the mixture's luminance is that of both, whatever the shares. A channel at a
    time, for numpy is slow where the last axis has three places and is broadcast.
    """
    tiny = np.finfo(np.float32).tiny
    share = np.ones_like(luminance)
    channels = [linear[..., number] for number in range(3)]  # views, even of a single colour
    for channel in channels:
        channel -= luminance
        room = np.where(channel > 0, 1 - luminance, luminance)  # until it is full, or empty
        np.minimum(share, room / np.maximum(np.abs(channel), tiny), out=share)
    for channel in channels:
        channel *= share
        channel += luminance


def _linear(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Linear light of 8-bit sRGB (..., 3) of n pixels, in planes: (3, n)."""
    if rgb.dtype != np.uint8:
        raise TypeError(f"rgb must be uint8, not {rgb.dtype}")
    planes = cv2.transpose(rgb.reshape(-1, 3))
    return np.asarray(cv2.LUT(planes, linear_table()), np.float32)


def _f(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """CIE's f of X, Y or Z as a share of white's."""
    f: NDArray[np.float32] = np.cbrt(light)
    np.copyto(f, light * SLOPE + OFFSET, where=light <= EPSILON)
    return f
