"""Decodes outputs to colours: a mean of the distribution, enlarged to the picture's size."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from colorize.colour.lab import L_MAX

L_CENTRE, L_RANGE = 50.0, 50.0
"""L of an output of 0, and what an output of 1 adds."""

TEMPERATURE = 0.38
"""Zhang et al., section 2.3: between the mean (1), which is dull, and the mode (0), patchy."""


class Decoding(NamedTuple):
    """How colours are taken from a distribution over the bins.

    Attributes:
        temperature: T of the annealed mean, above 0.
        adjustment: the power to which the class weights of the training are divided out (logit
            adjustment, Menon et al., arXiv 2007.07314). The weights make rare colours as likely as
            frequent ones; 0 leaves them so, 1 gives back the frequencies of the training pictures,
            and more paints an unsure network still closer to what is frequent, which is grey.
    """

    temperature: float
    adjustment: float = 0.0


NEGLIGIBLE = -80.0
"""A bin's share of e to this or less is nothing in float32, and below -87 its exponential would be
denormal, which takes seventy times as long."""

BANDWIDTH = 6.0
"""Of a mean shift at T = 0, in units of ab: little more than what a true colour is spread by."""

COLOURED = 15.0
"""Chroma from which a bin counts as coloured for `even_hues`; a smaller one counts in part."""

HUE_PRECISION = 4.0
"""Of the von Mises kernel over which hues are alike: a standard deviation of 29 degrees."""

RAREST_HUE = 0.05
"""Density of a hue, of an even one, below which it is brought up no further."""

_NO_SHARE = 1e-12
"""Added to the bins' shares of a page, where none of a colour may be."""

REACH = 1.0
"""Standard deviation of a joint bilateral weight by distance, in blocks."""

TONE_REACH = 4.0
"""Standard deviation of a joint bilateral weight by difference in L."""

NO_MATCH = 1e-3
"""Added to the weight of every block: a pixel whose L none of them has goes by distance alone."""


def annealed_mean(
    logits: Tensor,
    centres: Tensor,
    temperature: float = TEMPERATURE,
    offset: Tensor | None = None,
) -> Tensor:
    """Take the mean colour of the distribution sharpened by a temperature (equation 5).

    Args:
        logits: (N, Q, h, w).
        centres: (Q, 2) ab of the bins.
        temperature: T above 0; f_T(z) = exp(log(z) / T) / sum exp(log(z) / T).
        offset: (Q,) or (N, Q) float32, added to the logits.

    Returns:
        (N, 2, h, w) float32 ab.
    """
    return _means(logits, centres, temperature, offset, precision=0.0)


def mode_mean(
    logits: Tensor,
    centres: Tensor,
    temperature: float = TEMPERATURE,
    offset: Tensor | None = None,
) -> Tensor:
    """Take the mean colour of the distribution near its annealed mean.

    The annealed mean lies between the modes, and within one a low temperature draws it to a bin's
    centre. So it only says which mode is meant: one step of mean shift (Comaniciu and Meer 2002),
    whose Gaussian kernel has the `precision` of the temperature, takes the mean of the distribution
    itself there. At T = 1 it is the mean of all.

    Args:
        logits: (N, Q, h, w).
        centres: (Q, 2) ab of the bins.
        temperature: T above 0.
        offset: (Q,) or (N, Q) float32, added to the logits.

    Returns:
        (N, 2, h, w) float32 ab.
    """
    return _means(logits, centres, temperature, offset, precision=precision(temperature))


def even_hues(
    logits: Tensor, centres: Tensor, strength: float, offset: Tensor | None = None
) -> Tensor:
    """Find what brings the hues that are rare on a page up, at the cost of its frequent ones.

    A network that cannot tell what colour a thing has gives most things the commonest hue, and the
    page one tint. So the logarithm of a hue's density on the page, times a strength, is taken from
    the logits of its bins: things that are likelier blue than other things are become blue. Things
    without colour stay, and so does the share of what is coloured.

    Args:
        logits: (N, Q, h, w).
        centres: (Q, 2) ab of the bins.
        strength: 0 changes nothing, 1 makes all hues about as likely on the whole page.
        offset: (Q,) float32, added to the logits before.

    Returns:
        (N, Q) float32, to add to the logits: the offset included.
    """
    bins = centres.float()
    coloured = (bins.norm(dim=1) / COLOURED).clamp(max=1)
    hues = torch.atan2(bins[:, 1], bins[:, 0])
    alike = torch.exp(HUE_PRECISION * (torch.cos(hues[:, None] - hues) - 1))
    given = torch.zeros_like(coloured) if offset is None else offset
    # Every second cell says as much of a page as all of them.
    cells = logits[:, :, ::2, ::2].float() + given[:, None, None]
    shares = (cells.softmax(1).mean((2, 3)) + _NO_SHARE) * coloured
    shares = shares / shares.sum(1, keepdim=True)
    # On average over the circle, the kernel is this.
    even = torch.special.i0e(bins.new_tensor(HUE_PRECISION))
    density = (shares @ alike / even).clamp_min(RAREST_HUE)
    change = -strength * density.log()
    kept = (shares * change.exp()).sum(1, keepdim=True)
    found: Tensor = given + (change - kept.log()) * coloured
    return found


def precision(temperature: float) -> float:
    """Give the precision, 1 / variance, of the kernel of a mean shift at a temperature."""
    return max(0.0, 1 - temperature) / BANDWIDTH**2


def _means(
    logits: Tensor, centres: Tensor, temperature: float, offset: Tensor | None, *, precision: float
) -> Tensor:
    """Take annealed means, and shift them if there is a precision.

    It works picture by picture, so that what is worked on stays in the processor's cache.
    """
    count, bins, height, width = logits.shape
    places = centres.float()
    columns = torch.cat([places, places.new_ones(bins, 1)], dim=1)
    # What a colour [a, b, 1] adds to the bins near it: minus half a squared distance, less the
    # colour's own square, which is the same for all bins.
    near = torch.cat([places.t(), -places.square().sum(1)[None] / 2]) * precision
    ab = torch.empty(count, height * width, 2, device=logits.device)
    if offset is not None:
        offset = offset.expand(count, bins)
    for n, picture in enumerate(logits.permute(0, 2, 3, 1)):
        x = picture.reshape(-1, bins).float()  # contiguous for channels-last
        if offset is not None:
            x = x + offset[n]
        x = x - x.amax(1, keepdim=True)
        mean = _mean(x / temperature, columns)
        if precision:
            x = torch.addmm(x, mean, near)
            mean = _mean(x - x.amax(1, keepdim=True), columns)
        ab[n] = mean[:, :2]
    return ab.view(count, height, width, 2).permute(0, 3, 1, 2)


def _mean(scores: Tensor, columns: Tensor) -> Tensor:
    """Mean colours [a, b, 1] (n, 3) by scores (n, Q) up to 0, which are overwritten.

    One product gives the sum of the centres and what to divide it by.
    """
    sums = scores.clamp_min_(NEGLIGIBLE).exp_() @ columns
    return sums / sums[:, 2:]


def lightness(output: Tensor) -> Tensor:
    """Give L of the output of a network that stands for it: (N, 1, h, w) to the same, in 0..100."""
    return (L_CENTRE + L_RANGE * output.float()).clamp(0, L_MAX)


def enlarge(colours: Tensor, size: Sequence[int]) -> Tensor:
    """Enlarge colours by bicubic interpolation, which keeps flat areas and edges best.

    Args:
        colours: (N, C, h, w).
        size: (H, W).

    Returns:
        (N, C, H, W).
    """
    return functional.interpolate(colours, tuple(size), mode="bicubic", align_corners=False)


def enlarge_along(colours: Tensor, lightness: Tensor) -> Tensor:
    """Enlarge colours along the edges of L: joint bilateral upsampling (Kopf et al. 2007).

    A pixel takes the weighted mean of the 3 x 3 blocks around it: by how near they are, and by how
    near its L is to theirs. So colours end where the picture's edges are, and not, as a blur of
    the block's size, beside them.

    Args:
        colours: (N, C, h, w), such as ab, or L and ab of a layer.
        lightness: (N, 1, H, W), L in 0..100 of the page; H / h = W / w, a whole number.

    Returns:
        (N, C, H, W) float32.
    """
    n, channels, h, w = colours.shape
    stride = lightness.shape[2] // h
    borders = (1, 1, 1, 1)
    blocks = functional.pad(colours.float(), borders, mode="replicate")
    # Apart from the colours, so that the weights have no gradient and may be worked on in place.
    guide = functional.pad(functional.avg_pool2d(lightness, stride), borders, mode="replicate")
    pixels = lightness.view(n, h, stride, w, stride)
    offsets = (torch.arange(stride, device=colours.device) + 0.5) / stride - 0.5
    sums = pixels.new_zeros(channels + 1, *pixels.shape)  # and the weights themselves
    for down, across in product((-1, 0, 1), repeat=2):
        rows, columns = slice(1 + down, 1 + down + h), slice(1 + across, 1 + across + w)
        tone, *planes = (x[:, rows, None, columns, None] for x in (guide[:, 0], *blocks.unbind(1)))
        squared = (offsets - down)[:, None, None] ** 2 + (offsets - across) ** 2
        closeness = torch.exp(squared / (-2 * REACH**2))  # (stride, 1, stride)
        weights = (pixels - tone).square_().div_(-2 * TONE_REACH**2).exp_().add_(NO_MATCH)
        weights *= closeness
        for number, plane in enumerate(planes):
            sums[number].addcmul_(weights, plane)
        sums[-1] += weights
    means = sums[:-1] / sums[-1]
    return means.view(channels, n, *lightness.shape[2:]).transpose(0, 1)
