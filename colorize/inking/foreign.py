"""A second way to make pages, for judging alone: training must never use it.

It shares nothing with the first but the form of its result: edges by Canny and an adaptive
threshold; regions by k-means, toned by hue and size; ordered and blue-noise dither and engraving
along the contours; thought bubbles and boxes with scrawled or running text; uneven light.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from colorize.inking.overlay import Overlay
from colorize.inking.page import Inked, compose, unit_of

SAMPLES = 1500
"""Pixels that k-means looks at."""
BAYER_STEPS = 3
WORDS = "wait there is no time we must go now did you hear that look behind you what could it be"
FONTS = (cv2.FONT_HERSHEY_COMPLEX_SMALL, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_PLAIN)


def ink(rgb: NDArray[np.uint8], key: Sequence[int]) -> Inked:
    """Make a page of a picture; the same key gives the same bytes.

    Args:
        rgb: (H, W, 3) uint8 sRGB, at least a pixel.
        key: whole numbers of at least 0, such as seed and number of the picture.
    """
    rng = np.random.default_rng(list(key))
    height, width = rgb.shape[:2]
    unit = unit_of(rgb)
    smooth = np.asarray(cv2.medianBlur(rgb, 5), np.uint8)
    lines = _lines(smooth, rng, unit)
    tone = _tones(smooth, rng)
    black = tone >= 1
    bare = np.where(black, np.uint8(0), 255 - lines)
    printed = np.minimum(bare, _dithered(np.where(black, 0, tone), rng, unit))
    overlay = Overlay.empty(height, width)
    for _ in range(int(rng.choice(3, p=[0.5, 0.3, 0.2]))):
        _bubble(overlay, rng, unit)
    made = compose(rgb, printed, bare, overlay)
    return replace(made, page=_photographed(made.page, rng))


def _lines(rgb: NDArray[np.uint8], rng: np.random.Generator, unit: float) -> NDArray[np.uint8]:
    """Draw edges of luma and of colour, and what is darker than its surroundings: 255 is ink."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    high = rng.uniform(100, 180)
    ink = np.zeros(rgb.shape[:2], np.uint8)
    for channel, limit in zip(cv2.split(lab), (high, 0.6 * high, 0.6 * high), strict=True):
        ink |= np.asarray(cv2.Canny(channel, 0.4 * limit, limit), np.uint8)
    if unit > 1.5:
        ink = np.asarray(cv2.dilate(ink, np.ones((2, 2), np.uint8)), np.uint8)
    grey = cv2.bilateralFilter(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 7, 30, 3 * unit)
    window = 2 * round(2.5 * unit) + 5
    dark = cv2.adaptiveThreshold(
        grey,
        255,
        cv2.ADAPTIVE_THRESH_GAUSSIAN_C,
        cv2.THRESH_BINARY_INV,
        window,
        rng.uniform(9, 16),
    )
    drawn = cv2.GaussianBlur(np.maximum(ink, dark), (0, 0), 0.45 * np.sqrt(unit))
    return np.asarray(cv2.convertScaleAbs(drawn, alpha=1.1), np.uint8)


def _tones(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Give each of some clusters of colours a tone by its hue and size: (H, W) in 0..1, 1 black."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float32) - [0, 128, 128]
    lab *= [0.2, 1, 1]
    lab = lab.astype(np.float32)
    sample = lab[rng.integers(0, len(lab), SAMPLES)]
    count = int(rng.integers(5, 10))
    # The clusters begin as slices along a random direction, so that OpenCV draws nothing itself.
    order = (sample @ rng.standard_normal(3)).argsort(kind="stable").argsort(kind="stable")
    start = (order * count // SAMPLES).astype(np.int32)[:, None]
    stop = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 10, 0.5)
    _, _, centres = cv2.kmeans(sample, count, start, stop, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    distance = np.stack([((lab - centre) ** 2).sum(-1) for centre in centres])
    nearest = distance.argmin(0)
    share = np.bincount(nearest, minlength=len(centres)) / len(lab)
    hue = (np.degrees(np.arctan2(centres[:, 2], centres[:, 1])) + 360) % 360
    chroma, lightness = np.hypot(centres[:, 1], centres[:, 2]), centres[:, 0] / 0.2 / 2.55
    # A wheel of tones, turned by chance; small areas are deeper.
    tone = 0.12 + 0.35 * ((hue + rng.uniform(0, 360)) % 360 / 360) + 0.1 * (share < 0.05)
    tone[(chroma < 9) & (lightness > 65)] = 0
    tone[(hue > 18) & (hue < 80) & (lightness > 58) & (chroma < 48)] = 0
    tone[rng.random(len(tone)) < 0.35 + 0.4 * share] = 0
    tone[lightness < rng.uniform(12, 30)] = 1
    labels = nearest.reshape(rgb.shape[:2]).astype(np.uint8)
    printed: NDArray[np.float32] = tone.astype(np.float32)[cv2.medianBlur(labels, 5)]
    return printed


def _dithered(
    tone: NDArray[np.float32], rng: np.random.Generator, unit: float
) -> NDArray[np.uint8]:
    """Print tones (H, W) by one of three dithers of twice the size: 255 is paper."""
    height, width = tone.shape
    size = (2 * height, 2 * width)
    way = rng.integers(3)
    cell = max(1, round(unit * rng.uniform(1, 1.8)))
    if way < 2:
        bayer = np.kron(_bayer(BAYER_STEPS), np.ones((cell, cell)))
        tile = bayer if way == 0 else _blue_noise(rng, unit)
        repeats = [-(-side // len(tile)) for side in size]
        threshold = np.tile(tile, repeats)[: size[0], : size[1]]
    else:  # engraving: strokes that swell, and bend like waves
        y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
        turn, bend = rng.uniform(0, np.pi), rng.uniform(3, 8) * unit
        along, across = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
        across += bend * np.sin(along / (8 * bend))
        threshold = np.abs((across / (3.2 * cell)) % 2 - 1)
    large = cv2.resize(tone, size[::-1], interpolation=cv2.INTER_NEAREST)
    paper = (large <= threshold).astype(np.uint8) * np.uint8(255)
    return np.asarray(cv2.resize(paper, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _bayer(steps: int) -> NDArray[np.float64]:
    """Bayer's matrix of side 2^steps, values in 0..1."""
    matrix = np.zeros((1, 1))
    for _ in range(steps):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return np.asarray((matrix + 0.5) / matrix.size)


def _blue_noise(rng: np.random.Generator, unit: float) -> NDArray[np.float64]:
    """A periodic threshold (256, 256) in 0..1 without low frequencies."""
    noise = rng.standard_normal((256, 256)).astype(np.float32)
    noise = gaussian_filter(noise, 0.7 * unit, mode="wrap")
    noise -= gaussian_filter(noise, 1.5 * unit, mode="wrap")
    threshold = np.empty(noise.size)
    threshold[np.argsort(noise, axis=None)] = (np.arange(noise.size) + 0.5) / noise.size
    return threshold.reshape(noise.shape)


def _bubble(overlay: Overlay, rng: np.random.Generator, unit: float) -> None:
    """Draw a thought bubble or a box with text."""
    height, width = overlay.paper.shape
    side = min(height, width)
    if side < 40 * unit:
        return
    half = np.array([rng.uniform(0.14, 0.26), rng.uniform(0.08, 0.16)]) * side
    size = np.ceil(2.6 * half).astype(int) * 2
    paper, ink = np.zeros((2, size[1], size[0]), np.uint8)
    middle = size / 2
    if rng.random() < 0.5:
        lobes = np.linspace(0, 2 * np.pi, int(rng.integers(8, 13)), endpoint=False)
        for turn in lobes:
            at = middle + half * 1.5 * np.array([np.cos(turn), np.sin(turn)])
            radius = int(half.min() * rng.uniform(0.55, 0.75))
            cv2.circle(paper, tuple(int(v) for v in at), radius, 255, -1)
        axes = tuple(int(v) for v in half * 1.6)
        cv2.ellipse(paper, tuple(int(v) for v in middle), axes, 0, 0, 360, 255, -1)
    else:
        low, high = middle - half * 2, middle + half * 2
        cv2.rectangle(paper, low.astype(int).tolist(), high.astype(int).tolist(), 255, -1)
    line = 2 * round(unit * rng.uniform(0.6, 1.4)) + 1
    ink[:] = paper - cv2.erode(paper, np.ones((line + 2, line + 2), np.uint8))
    _scrawl(ink, middle, half, rng, unit)
    halves = [
        np.asarray(cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        for p in (paper, ink)
    ]
    top = int(rng.uniform(-0.1, 0.8) * height)
    left = int(rng.uniform(-0.1, 0.8) * width)
    overlay.paste(halves[0], halves[1], top, left)


def _scrawl(
    ink: NDArray[np.uint8],
    middle: NDArray[np.float64],
    half: NDArray[np.float64],
    rng: np.random.Generator,
    unit: float,
) -> None:
    """Write rows of words, or of waves that look like words from afar."""
    pitch = unit * rng.uniform(14, 22)
    words = WORDS.split()
    scrawled = rng.random() < 0.3
    font = FONTS[int(rng.integers(len(FONTS)))]
    scale = pitch / 26 if font != cv2.FONT_HERSHEY_PLAIN else pitch / 16
    rows = max(1, int(2 * half[1] * 1.3 / pitch))
    for row in range(rows):
        y = middle[1] + (row - (rows - 1) / 2) * pitch
        left, right = middle[0] - 1.25 * half[0], middle[0] + 1.25 * half[0]
        if scrawled:
            x = np.arange(left, right, 2)
            wave = y + pitch * 0.3 * np.sin(x * 0.9 / unit + rng.normal(0, 0.8, len(x)))
            cv2.polylines(ink, [np.stack([x, wave], -1).astype(np.int32)], False, 255, 1)
            continue
        text = ""
        for word in rng.permutation(words):
            longer = f"{text} {word}".strip()
            if cv2.getTextSize(longer, font, scale, 1)[0][0] > right - left:
                break
            text = longer
        cv2.putText(ink, text, (int(left), int(y + pitch * 0.3)), font, scale, 255, 2)


def _photographed(page: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light a page unevenly, and encode it."""
    height, width = page.shape
    falloff = rng.uniform(-0.05, 0.05, 2)
    light = (
        1
        - np.abs(falloff).sum()
        + np.add.outer(
            falloff[0] * np.linspace(-1, 1, height), falloff[1] * np.linspace(-1, 1, width)
        )
    )
    lit = np.rint(rng.uniform(0, 20) + (page * light) * 0.92).astype(np.uint8)
    _, data = cv2.imencode(".jpg", lit, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 97))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
