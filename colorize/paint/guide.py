"""What the artist asks for: hints, a palette, a colour book; and how it changes a page's colours.

A hint fills its region; book and palette decide a region at a time. All else keeps the network's
colours but for what many hints together say of it. The network itself is not told of hints: that
changes the rest of the page by more than it gains (benchmarks/hints.py).

Letters in shapes: H and W of the picture that is divided into regions, n regions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.metrics.ciede2000 import ciede2000
from colorize.model.predict import Prediction
from colorize.paint import carry, palette
from colorize.paint.carry import Plane, Regions, Seed
from colorize.paint.colourbook import MATCH, Book
from colorize.paint.flats import Flats
from colorize.paint.hints import Colour, Hint
from colorize.paint.inked import Kind, descreened
from colorize.paint.memo import Memo

DOT = 1 / 200
"""Dark marks of inked pages up to this long, in short sides, are dots and part nothing."""
DARK = 50.0
"""L below which a mark of an inked page is ink."""
EVEN, MOTLEY = 4.0, 10.0
"""Root mean square distance from its mean, in Lab, below which what a layer is in a region is
shading, which stays under a colour that is told, and above which it is none."""
DEEPEST = 12.0
"""Most of that shading, in L."""
FAINTEST, STRONGEST = 0.2, 1.6
"""Bounds of the factor by which a colour's chroma follows the page's L."""
BLANK = 0.5
"""Share of paper at a hint from which it asks for paper to be coloured; and of an inked page the
share of gutters in a hinted region below which they are none: lines part gutters from panels."""
SAME = 3.0
"""CIEDE2000 below which hints of one region are one colour."""
FEW = {"grey": 2.5, "ink": 4.0}
"""Hints of regions wholly alike and near that count as much as what the network says of a region:
one hint changes nothing elsewhere, ten say what a page is like. See benchmarks/hints.py."""
STEEP = 4
"""Power of the number of hints by which they count: twice as few count a sixteenth."""
BESIDE = 0.25
"""Distance in short sides over which a hint counts by 1/e less against other hints."""
OWN = {"grey": 0.0, "ink": 0.5}
"""How far other regions go from the colour that the network gives them, changed as it is changed
where the hints are, to the colour of the hints. What it gives on inked pages is mostly a guess."""
OTHER = 200.0
"""Difference in L times difference in ab, as the network sees them, between places of one region
at which a hint at one counts 1/e at the other. Painted things may be of one region without a line
between them; where either is the same, it is one thing in light and shadow."""
BAND = 1 << 15
"""Pixels blended at a time: they fit a processor's cache."""
CELLS = 8192
"""Cells of a network's output, about, that features are taken of."""
BARE = (96.0, 4.0)
"""L above which and chroma below which a layer is bare paper, that no palette changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What is asked for of one page.

    Attributes:
        hints: of the page; later ones win where two are at one place.
        palette: colours that it may have; any if empty.
        book: whose colours regions get that are like its entries.
        memo: what was found for the page already.
    """

    hints: tuple[Hint, ...] = ()
    palette: tuple[Colour, ...] = ()
    book: Book | None = None
    memo: Memo = field(default_factory=Memo, compare=False)

    def asks(self, kind: Kind) -> bool:
        """Tell whether anything is asked for that a page of a kind can be given."""
        book = self.book is not None and self.book.speaks_of(kind)
        return bool(self.hints or self.palette) or book

    def grey(self, lightness: Plane, planes: Plane, prediction: Prediction) -> Plane:
        """Guide the colours of a grey page, whose L stays.

        Args:
            lightness: (H', W'), L of the page.
            planes: (h, w, 3), a and b so far and whiteness, of any size.
            prediction: of the network for it.

        Returns:
            (H, W, 3): a and b times how much they count, and how much, 0..1: see `blended`.
        """
        size = carry.size(*lightness.shape)
        lightness = resized(lightness, size)
        small = cv2.resize(planes, size[::-1], interpolation=cv2.INTER_LINEAR)
        *ab, white = (np.asarray(plane, np.float32) for plane in cv2.split(small))
        regions = self._divided(lightness, "grey")
        base = np.concatenate([regions.lightness[:, None], regions.mean(ab)], axis=1)
        tones = regions.at_seeds(lightness)
        told = self._told(regions, base, prediction, tones=tones)
        tone, *wanted = regions.spread(told.colour)
        (share,) = regions.spread(told.share[:, None])
        share *= regions.share
        share *= self._followed(regions, lightness, ab)
        share *= self._coloured(regions, white.clip(0, 1))
        factor = (lightness + 16) / (tone + 16)
        for plane in wanted:
            plane *= factor.clip(FAINTEST, STRONGEST)
            plane *= share
        return np.asarray(cv2.merge([*wanted, share]), np.float32)

    def inked(
        self, page: NDArray[np.uint8], flat: Flats, prediction: Prediction
    ) -> NDArray[np.uint8]:
        """Guide the layer under an inked page.

        Args:
            page: (H', W') uint8, levelled.
            flat: the layer so far (h, w), of any size.
            prediction: of the network for it.

        Returns:
            (h, w, 3) uint8 sRGB.
        """
        lightness, layer = self.memo.of("undotted", (), lambda: without_dots(page)), flat.rgb
        colours = _planes(resized(layer, lightness.shape))
        regions = self._divided(lightness, "ink")
        *means, squared = regions.mean([*colours, np.square(colours).sum(axis=0)]).T
        base = np.stack(means, axis=-1)
        told = self._told(regions, base, prediction)
        # By the mean square: what float32 rounds is far below `EVEN`.
        away = np.sqrt(np.maximum(squared - np.square(base).sum(axis=1), 0))
        agreeing = ((MOTLEY - away) / (MOTLEY - EVEN)).clip(0, 1)
        middle = base[:, 0].copy()
        middle[regions.seeded] = regions.at_seeds(colours[0])
        # Ink hides the layer, so lines need no share of their own.
        blank, balloon = (
            (resized(of.astype(np.float32), lightness.shape) / 255).astype(np.float32)
            for of in (flat.blank, flat.balloon)
        )
        share = self._coloured(regions, blank, balloon)
        share *= regions.spread(told.share[:, None])[0]
        # Paper says nothing of light.
        lit = np.where(blank > BLANK, np.take(middle, regions.number), colours[0])
        first, run = _runs(regions.number, lit, share > 0)
        number = np.take(regions.number, first)
        shading = (np.take(lit, first) - middle[number]) * agreeing[number]
        target = np.take(told.colour, number, axis=0)
        target[:, 0] += shading.clip(-DEEPEST, DEEPEST)
        target[:, 0].clip(0, lab.L_MAX, out=target[:, 0])
        wanted = np.take(lab.lab_to_rgb(target, keep_lightness=True), run, axis=0)
        return _mixed(layer, wanted.reshape(*share.shape, 3), share)

    def _divided(self, lightness: Plane, kind: Kind) -> Regions:
        seeds, apart = seeds_of(self.hints, lightness.shape)
        key = (kind, lightness.shape, *seeds, *apart)
        return self.memo.of(
            "regions", key, lambda: carry.divide(lightness, kind, seeds, apart=apart)
        )

    def _told(
        self, regions: Regions, base: Plane, prediction: Prediction, *, tones: Plane | None = None
    ) -> "Told":
        """Decide what each region is told to be.

        Args:
            regions: n.
            base: (n, 3) Lab of them.
            prediction: of the network.
            tones: L at each hint of a page that keeps its L; None: it takes that of the colours.
        """
        told = Told(base.copy(), np.zeros(len(regions), np.float32))
        kind: Kind = "ink" if tones is None else "grey"
        book = self.book if self.book and self.book.speaks_of(kind) else None
        features = None
        if (self.hints or book) and prediction.model.recipe.classifies:
            key = (kind, prediction.size)
            shares = self.memo.of("shares", key, lambda: shares_of(prediction))
            features = pooled(regions, shares, prediction)
        if book and features is not None:
            _tell_book(told, regions, book, features, kind)
        if self.hints:
            wanted = palette.as_lab([hint.color for hint in self.hints])
            if tones is not None:
                wanted = np.concatenate([tones[:, None], fitted(wanted, tones)], axis=1)
            if features is not None:
                change = wanted - base[regions.seeded]
                if tones is not None:
                    change[:, 0] = 0
                _tell_others(told, regions, base, change, features, kind)
            told.colour[regions.seeded] = wanted  # of several hints of one region the last one
            told.share[regions.seeded] = 1
        if self.palette:
            _tell_palette(told, regions, base, palette.as_lab(self.palette), tones is not None)
        return told

    def _coloured(self, regions: Regions, blank: Plane, balloon: Plane | None = None) -> Plane:
        """How much of each pixel may have a colour: paper takes only that of a hint: see `BLANK`.

        Args:
            regions: n.
            blank: (H, W) in 0..1, paper.
            balloon: (H, W) in 0..1, that part of it which is sure to be paper; all if not given.

        Returns:
            (H, W) float32 in 0..1.
        """
        asked = np.zeros((len(regions), 1), np.float32)
        asked[regions.seeded[regions.at_seeds(blank) > BLANK]] = 1
        coloured = np.maximum(regions.spread(asked)[0], 1 - blank)
        if balloon is not None:
            drawn = np.zeros((len(regions), 1), np.float32)
            drawn[regions.seeded[regions.mean([blank])[regions.seeded, 0] < BLANK]] = 1
            coloured = np.maximum(coloured, regions.spread(drawn)[0] * (1 - balloon))
        return coloured

    def _followed(self, regions: Regions, lightness: Plane, ab: Sequence[Plane]) -> Plane:
        """How much each pixel of a hinted region is what the hint stands on: see `OTHER`.

        Args:
            regions: n.
            lightness: (H, W).
            ab: a and b (H, W), as the network sees them.

        Returns:
            (H, W) float32 in 0..1; 1 in regions without hints.
        """
        planes = [lightness, *ab]
        told = np.stack([regions.at_seeds(plane) for plane in planes], axis=-1)
        number, left = regions.number.ravel(), np.arange(len(self.hints))
        bare = np.ones(len(regions), np.float32)
        bare[regions.seeded] = 0
        share = np.take(bare, number)
        while left.size:  # a hint of each region at a time
            chosen, first = np.unique(regions.seeded[left], return_index=True)
            at = np.zeros((len(regions), 4), np.float32)
            at[chosen, :3], at[chosen, 3] = told[left[first]], 1
            some = np.flatnonzero(np.take(at[:, 3], number))
            where = np.take(number, some)
            tone, a, b = (
                np.take(plane, some) - np.take(np.ascontiguousarray(column), where)
                for plane, column in zip(planes, at.T, strict=False)
            )
            followed = np.exp(np.abs(tone) * np.sqrt(a * a + b * b) / -OTHER)
            share[some] = np.maximum(followed, np.take(share, some))
            left = np.delete(left, first)
        return share.reshape(lightness.shape)


@dataclass(frozen=True, slots=True)
class Told:
    """What regions are told to be.

    Attributes:
        colour: (n, 3) Lab; of a grey page it is that of the region at the L that it names.
        share: (n,) in 0..1, how much that counts.
    """

    colour: Plane
    share: Plane


def blended(planes: Plane, guided: Plane) -> None:
    """Change the planes of a grey page in place.

    Args:
        planes: (h, w, 3 or more); a, b and whiteness, how much of a pixel is paper, come first.
        guided: as `Guide.grey` gives them, of any size.
    """
    guided = resized(guided, planes.shape)
    rows = max(1, BAND // planes.shape[1])
    for top in range(0, len(planes), rows):
        band = planes[top : top + rows]
        a, b, share = cv2.split(guided[top : top + rows])
        rest = 1 - np.asarray(share, np.float32)
        for channel in range(3):
            band[..., channel] *= rest
        band[..., 0] += a
        band[..., 1] += b


def _runs(*planes: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find runs of pixels, row by row, in which all planes (H, W) stay the same.

    Conversions of colours are slow, and layers are flat.

    Returns:
        (k,) places of the first pixels of the runs, and (H * W,) the run of each pixel from 0.
    """
    begins = np.zeros(planes[0].size, bool)
    begins[:1] = True
    for plane in planes:
        flat = plane.ravel()
        begins[1:] |= flat[1:] != flat[:-1]
    return np.flatnonzero(begins), np.cumsum(begins) - 1


def _planes(rgb: NDArray[np.uint8]) -> Plane:
    """Lab (3, H, W) of a picture (H, W, 3) that is mostly flat."""
    first, run = _runs(cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA).view(np.int32)[..., 0])
    some = lab.rgb_to_planes(np.take(rgb.reshape(-1, 3), first, axis=0))
    return np.stack([np.take(plane, run) for plane in some]).reshape(3, *rgb.shape[:2])


def _mixed(layer: NDArray[np.uint8], colour: NDArray[np.uint8], share: Plane) -> NDArray[np.uint8]:
    """Mix a layer (h, w, 3) with colours (H, W, 3), as much as their share (H, W) says."""
    wanted = cv2.multiply(colour, cv2.merge([share] * 3), dtype=cv2.CV_32F)
    wanted = resized(wanted, layer.shape)
    rest = cv2.merge([1 - resized(share, layer.shape)] * 3)
    kept = cv2.multiply(layer, rest, dtype=cv2.CV_32F)
    return np.asarray(cv2.add(kept, wanted, dtype=cv2.CV_8U), np.uint8)


def _tell_others(
    told: Told, regions: Regions, base: Plane, change: Plane, features: Plane, kind: Kind
) -> None:
    """Change regions without a hint as the hints change those that they are like.

    How many hints there are of regions that are alike says how much they count, and how near they
    are says which of them counts most.

    Args:
        told: what is known of the regions (n,) so far.
        regions: n.
        base: (n, 3) Lab that they would have.
        change: (k, 3) by which the hints change the Lab of their regions.
        features: (n, q) of the regions.
        kind: of the page.
    """
    hinted = {int(region): place for place, region in enumerate(regions.seeded)}
    chosen = np.array(list(hinted), np.int32)
    near = carry.alike(regions, features, chosen)
    total = near.sum(axis=0) ** STEEP
    share = total / (total + FEW[kind] ** STEEP)
    weaker = share > told.share
    weight = near * np.exp(-carry.apart(regions, chosen) / BESIDE)
    weight /= np.maximum(weight.sum(axis=0), np.finfo(np.float32).tiny)
    some = change[list(hinted.values())]
    mean = base + weight.T @ some
    mean += OWN[kind] * (weight.T @ (base[chosen] + some) - mean)
    told.colour[weaker] = mean[weaker]
    told.share[weaker] = share[weaker]


def _tell_book(told: Told, regions: Regions, book: Book, features: Plane, kind: Kind) -> None:
    """Tell regions of a page that keeps its L the colours of entries that they are like."""
    entry, likeness = book.match(features, regions.lightness, kind)
    known = (likeness >= MATCH) & (regions.area >= carry.SEEN * regions.number.size)
    if not known.any():
        return
    colours = palette.as_lab([each.color for each in book.entries])[entry[known]]
    tones = book.tones()[entry[known]]  # of which the nearer one counts
    nearer = np.abs(tones - regions.lightness[known, None]).argmin(axis=1)
    tones = tones[np.arange(len(tones)), nearer]
    told.colour[known] = np.concatenate([tones[:, None], fitted(colours, tones)], axis=1)
    told.share[known] = 1


def _tell_palette(
    told: Told, regions: Regions, base: Plane, colours: Plane, keeps_lightness: bool
) -> None:
    """Tell every region the colour of a palette that is nearest to what it would be."""
    now = base + told.share[:, None] * (told.colour - base)
    if keeps_lightness:
        now[:, 0] = regions.lightness
    chosen, _ = palette.nearest(now, colours)
    target = colours[chosen]
    paper = np.zeros(len(regions), bool)
    if not keeps_lightness:
        target = palette.shades(target, np.minimum(target[:, 0], now[:, 0]))
        paper = (now[:, 0] > BARE[0]) & (np.hypot(now[:, 1], now[:, 2]) < BARE[1])
    told.colour[~paper] = target[~paper]
    told.share[~paper] = 1


def features_of(regions: Regions, prediction: Prediction) -> Plane | None:
    """What a network thinks of each region of the page that it saw.

    Returns:
        (n, q), mean distributions of colours; none of a network that regresses.
    """
    if not prediction.model.recipe.classifies:
        return None
    return pooled(regions, shares_of(prediction), prediction)


def shares_of(prediction: Prediction) -> Plane:
    """Distribution of colours (h, w, q) that a network predicts at about `CELLS` places."""
    step = _step(prediction)
    some = prediction.logits()[0][:, step // 2 :: step, step // 2 :: step]
    # With the bins of a place side by side in memory this takes a fraction of the time.
    shares: Plane = torch.softmax(some.permute(1, 2, 0).float().contiguous(), dim=-1).numpy()
    return shares


def pooled(regions: Regions, shares: Plane, prediction: Prediction) -> Plane:
    """Mean of the distributions of `shares_of` over each region (n, q)."""
    height, width = prediction.size
    stride = prediction.model.recipe.head_stride * _step(prediction)
    return regions.pooled(shares, (height / stride, width / stride))


def _step(prediction: Prediction) -> int:
    """Places of the network's output, of which every so many-th is looked at."""
    places = prediction.logits()[0, 0].numel()
    return max(1, round(math.sqrt(places / CELLS)))


def fitted(colours: Plane, lightness: Plane) -> Plane:
    """Find what is nearest to colours, by CIEDE2000, among the colours of sRGB of another L.

    Args:
        colours: (n, 3) Lab.
        lightness: (n,) L.

    Returns:
        (n, 2): a and b.
    """
    turn, keep = (x.ravel() for x in np.meshgrid(_TURNS, _KEPT))
    cosine, sine = np.cos(turn) * keep, np.sin(turn) * keep
    a, b = colours[:, 1, None], colours[:, 2, None]
    tried = np.empty((len(colours), len(turn), 3), np.float32)
    tried[..., 0] = lightness[:, None]
    tried[..., 1] = a * cosine - b * sine
    tried[..., 2] = a * sine + b * cosine
    real = lab.rgb_to_lab(lab.lab_to_rgb(tried, keep_lightness=True))
    wanted = np.repeat(colours[:, None], len(turn), axis=1)
    wanted[..., 0] = real[..., 0]
    planes = [np.ascontiguousarray(x.reshape(-1, 3).T) for x in (wanted, real)]
    best = ciede2000(planes[0], planes[1]).reshape(tried.shape[:2]).argmin(axis=1)
    found: Plane = real[np.arange(len(colours)), best, 1:]
    return found


_TURNS = np.deg2rad(np.arange(-24, 25, 6))
_KEPT = np.array([1, 0.85, 0.7, 0.5, 0.3])
"""Hues and shares of chroma that `fitted` tries, beside mixing with grey."""


def without_dots(page: NDArray[np.uint8]) -> Plane:
    """L of a levelled page (H', W') at the size of its regions, without dots of screentone.

    Screens whose dots are still apart at that size become even grey, so that a tone is one region.
    """
    small = descreened(resized(page, carry.size(*page.shape)))
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    return undotted(np.asarray(cv2.LUT(small, lab.rgb_to_lightness(greys)), np.float32))


def undotted(page: Plane) -> Plane:
    """Paint dots of screentone over with what is around them: L (H, W) to the same."""
    ink = (page < DARK).view(np.uint8)
    _, marks, boxes, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    longest = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    small = longest <= max(3.0, min(page.shape) * DOT)
    small[0] = False
    is_dot = np.take(small, np.asarray(marks, np.int32)).view(np.uint8)
    beside = np.asarray(cv2.dilate(is_dot, np.ones((3, 3), np.uint8)), np.uint8) & (1 - ink)
    around = cv2.morphologyEx(page, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return np.asarray(cv2.copyTo(around, is_dot | beside, page.copy()), np.float32)


def resized(planes: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    """Bring (H, W) or (H, W, C) to a size: area-averaged if it shrinks, bilinear if it grows."""
    height, width = size[:2]
    if planes.shape[:2] == (height, width):
        return planes
    shrinks = height * width < planes.shape[0] * planes.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(planes, (width, height), interpolation=method), planes.dtype)


def seeds_of(hints: Sequence[Hint], shape: tuple[int, ...]) -> tuple[list[Seed], list[int]]:
    """Give hints as seeds in a picture (H, W), and numbers that are the same for like colours."""
    height, width = shape
    seeds = [
        Seed(hint.y * height, hint.x * width, hint.radius * min(height, width)) for hint in hints
    ]
    return seeds, _kinds(hints)


def _kinds(hints: Sequence[Hint]) -> list[int]:
    """Number hints such that those of nearly one colour have one number."""
    colours = list(dict.fromkeys(hint.color for hint in hints))
    planes = palette.as_lab(colours).T
    count = len(colours)
    one = np.repeat(planes, count, axis=1)
    other = np.tile(planes, count)
    near = ciede2000(np.ascontiguousarray(one), np.ascontiguousarray(other)).reshape(count, count)
    firsts: list[int] = []
    kinds: dict[Colour, int] = {}
    for place, colour in enumerate(colours):
        known = near[place, firsts]
        if not firsts or known.min() >= SAME:
            firsts.append(place)
            known = near[place, firsts]
        kinds[colour] = int(known.argmin())
    return [kinds[hint.color] for hint in hints]
