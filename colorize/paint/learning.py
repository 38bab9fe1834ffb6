"""Fills a colour book: from hints, and from pages that are coloured already."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.errors import ArchiveError, ImageError, InputError
from colorize.imaging.decode import decode, read
from colorize.model.weights import Model
from colorize.paint import carry
from colorize.paint.archive import Archive
from colorize.paint.colourbook import MATCHED, Entry
from colorize.paint.guide import features_of, resized, seeds_of
from colorize.paint.hints import Hint
from colorize.paint.jobs import Job
from colorize.paint.opening import MAX_BYTES, MAX_PIXELS, check_sides, enough_memory
from colorize.paint.painter import Painter

LARGEST = 48
"""Regions of a reference that are learned, the largest ones."""
SMALLEST = 1e-3
"""Share of a reference of the smallest region that is learned."""
EVEN = 6.0
"""Median distance in ab from its median up to which a region has one colour."""

RGB = NDArray[np.uint8]


def fingerprint(model: Model) -> str:
    """SHA-256 of a network: of its recipe, names and numbers, wherever it is."""
    found = hashlib.sha256(model.recipe.name.encode())
    for name, tensor in sorted(model.network.state_dict().items()):
        found.update(name.encode())
        found.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).tobytes())
    return found.hexdigest()


def of_hints(painter: Painter, rgb: RGB, hints: Sequence[Hint], *, name: str) -> list[Entry]:
    """Learn what the regions of hints look like.

    Args:
        painter: whose network looks.
        rgb: (H, W, 3), the page.
        hints: of it.
        name: of the page.

    Returns:
        An entry a region: of several hints of one region, the last one.

    Raises:
        InputError: the network gives no distribution of colours.
        ImageError: the memory does not suffice.
    """
    kind = painter.domain_of(rgb)
    with enough_memory(rgb):
        lightness, prediction = painter.look(rgb, kind)
    lightness = resized(lightness, carry.size(*lightness.shape))
    seeds, apart = seeds_of(hints, lightness.shape)
    regions = carry.divide(lightness, kind, seeds, apart=apart)
    features = features_of(regions, prediction)
    if features is None:
        raise InputError("this model gives no distribution of colours, which colour books hold")
    page = hashlib.sha256(rgb.tobytes()).hexdigest()[:16]
    found = {}
    for region, hint in zip(regions.seeded.tolist(), hints, strict=True):
        if features[region].sum() > 0:
            key = f"hint {page} {hint.x:.6g} {hint.y:.6g}"
            tone = float(regions.lightness[region])
            found[region] = Entry(features[region], hint.color, tone, kind, name, key)
    return list(found.values())


def of_reference(painter: Painter, rgb: RGB, *, name: str) -> list[Entry]:
    """Learn the regions of a coloured page or a character sheet (H, W, 3).

    Raises:
        InputError: the network gives no distribution of colours.
        ImageError: the memory does not suffice.
    """
    page = hashlib.sha256(rgb.tobytes()).hexdigest()[:16]
    small = resized(rgb, carry.size(*rgb.shape[:2]))
    colours = lab.rgb_to_lab(small)
    found = []
    for kind in (kind for kind in painter.kinds if kind in MATCHED):
        with enough_memory(rgb):
            _, prediction = painter.look(rgb, kind)
        regions = carry.divide(np.ascontiguousarray(colours[..., 0]), kind)
        features = features_of(regions, prediction)
        if features is None:
            raise InputError("this model gives no distribution of colours, which colour books hold")
        share = regions.area / regions.number.size
        large = np.flatnonzero((share >= SMALLEST) & (features.sum(axis=1) > 0))
        for region in large[np.argsort(-share[large], kind="stable")][:LARGEST].tolist():
            held = colours[(regions.number == region) & regions.inside]
            middle = np.median(held, axis=0)
            if np.median(np.hypot(*(held - middle)[:, 1:].T)) > EVEN:
                continue
            red, green, blue = lab.lab_to_rgb(middle, keep_lightness=True).tolist()
            key = f"reference {page} {kind} {region}"
            tone = float(regions.lightness[region])
            found.append(Entry(features[region], (red, green, blue), tone, kind, name, key))
    return found


def of_file(painter: Painter, path: Path) -> list[Entry]:
    """Learn the regions of a coloured picture file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return of_reference(painter, _decoded(read(path, max_bytes=MAX_BYTES)), name=path.name)
    except (ImageError, OSError) as error:
        raise InputError(f"{path}: {error}") from None


def of_jobs(painter: Painter, jobs: Sequence[Job]) -> Iterator[Entry]:
    """Learn from all hints of a run; a page that cannot be read is reported when it is painted."""
    for job in jobs:
        for page, hints in sorted(job.hints.items()):
            name = f"{job.name}/{page}" if page else job.name
            try:
                yield from of_hints(painter, _decoded(_content(job, page)), hints, name=name)
            except (ImageError, ArchiveError, OSError):
                continue


def _content(job: Job, page: str) -> bytes:
    if not page:
        return read(job.source, max_bytes=MAX_BYTES)
    with Archive(job.source) as book:
        member = next(member for member in book.members if member.name == page)
        return book.read(member)


def _decoded(content: bytes) -> RGB:
    return check_sides(decode(content, max_pixels=MAX_PIXELS))
