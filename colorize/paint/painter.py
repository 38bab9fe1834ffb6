"""Paints pages with a trained model: a page in, colour out, at the page's own size.

The network sees a page at the scale that it was trained for. Its colours are brought to a working
size, where paper is kept white and regions settle, and then to that of the page, where they join
the page's own lightness: lines and lettering stay as sharp as they were. Under an inked page lies a
layer of colours that is multiplied with it.

Letters in shapes: H and W of the page, h and w of the working size.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.errors import ImageError, InputError, one_line
from colorize.imaging import formats
from colorize.imaging.chroma import Recolour
from colorize.imaging.decode import decode, probe
from colorize.imaging.encode import encode, jpeg_quality
from colorize.imaging.openraster import Layer
from colorize.ingest.gutters import Box
from colorize.model import layers
from colorize.model.decode import Decoding
from colorize.model.domains import GREY, INK, Inky
from colorize.model.precision import best_device
from colorize.model.predict import Prediction
from colorize.model.weights import Model
from colorize.paint import flats, guide, inked, opening, paper, regions, seeing
from colorize.paint.colourbook import Book
from colorize.paint.guide import Guide
from colorize.paint.hints import Colour, Hint
from colorize.paint.memo import Memo
from colorize.paint.opening import MAX_BYTES, MAX_PIXELS, check_sides, enough_memory
from colorize.paint.scale import SEEN_PIXELS, panels_of, side_of
from colorize.weights import registry

SNAP = True
"""Whether regions settle on one colour: better by every score, see benchmarks/snap.py."""

INKED = Decoding(0.2, -0.4)
"""Of inked pages, at most. White paper may be of many colours: the mean of them is brown or grey,
so the most likely ones are taken, and rare ones count as still more likely than in training."""

LIVELY = 0.5
"""Adjustment of grey pages, at most: what scores best is duller than what one likes to look at."""

HUES = 0.3
"""How far the rare hues of an inked page are brought up. White paper says little of hues: without
it, most of a page has that of skin."""

BRIGHTNESS = 1.25
"""Gamma of layers. A network that has learned from dark art gives paper its middle tones, so skin
is tan; what an artist leaves white is mostly light."""

LONGEST = 16
"""How many times its short side a page's long side may be as the network sees it; a longer strip
is seen smaller, so that a page one pixel wide does not fill the memory."""

WORKING_PIXELS = 2_100_000
"""Pixels at most of a page while its regions are looked for; lines of larger pages stay closed."""

WHOLE = {"grey": 0.0, "ink": 0.25}
"""How much the look at the whole page counts in a panel: white paper says little of itself."""

LINE = 1 / 60
"""Lines that a layer of colours leaves out are at most this wide, in short sides of the page."""

BLACK, DARK = 10.0, 22.0
"""L up to which nothing has a colour, as ink has none, and from which all colour is there."""

BAND_PIXELS = 1 << 16
"""Pixels joined at a time: they fit a processor's cache, and a large page needs little memory."""

RGB = NDArray[np.uint8]


class Painter:
    """Paints pages with one model; several threads may paint at the same time.

    Args:
        model: trained or in training; its network is used as it is at each call.
        temperature: T of the annealed mean; if not given, the model's own, and `INKED` at most for
            inked pages.
        adjustment: how far the class weights of the training are undone, see `Decoding`: below 0
            is bold, 0 vivid, 1 as frequent as in the training pictures; if not given, the model's
            own, and `LIVELY` or `INKED` at most.
        hues: of inked pages, how far rare hues are brought up, from 0, not at all, to 1: all are
            about as frequent. See `decode.even_hues`.
        brightness: of inked pages, gamma of the layer: 1 is what the model says, more is lighter.
        saturation: multiplies ab; 0 is grey, 1 what the model says.
        side: of a page as the network sees it, its short one, in pixels; if not given, it looks at
            each panel by itself, too, at the size that it was trained for.
        snap: settle each region between lines on one colour.
        recolour: what is painted of a page that has colours already: ``grey``, the parts of it that
            are grey; ``none``, nothing; ``all``, everything.
        domain: what pages are: ``grey``, whose lightness stays; ``ink``, which take a layer of
            colours; ``auto``: each is looked at. A model that learned one kind alone takes all
            pages for that kind.
        tone: how much of the screentone of inked pages stays, 0 to 1; 0 is even grey instead.
        palette: sRGB colours that regions settle on; any colour if empty.

    Attributes:
        book: a colour book, which regions that are like its entries take their colours from.
        kinds: of pages that the model has learned, ``grey`` and ``ink``.

    Raises:
        InputError: the model has not learned that domain.

    >>> from colorize.colour.gamut import bin_centres
    >>> model = Model.build(
    ...     "eccv16", width=0.125, centres=bin_centres(), side=64, params={}, seed=0
    ... )
    >>> page = np.full((170, 120), 255, np.uint8)
    >>> page[40:130, 30:90] = 128
    >>> painted = Painter(model, saturation=1.2).paint(page)
    >>> painted.shape, painted.dtype
    ((170, 120, 3), dtype('uint8'))
    >>> painted[5, 5].tolist()
    [255, 255, 255]
    """

    def __init__(
        self,
        model: Model,
        *,
        temperature: float | None = None,
        adjustment: float | None = None,
        hues: float = HUES,
        brightness: float = BRIGHTNESS,
        saturation: float = 1.0,
        side: int | None = None,
        snap: bool = SNAP,
        recolour: Recolour = "grey",
        domain: inked.Choice = "auto",
        tone: float = 1.0,
        palette: Sequence[Colour] = (),
    ) -> None:
        self.model = model
        self.temperature = temperature
        self.adjustment = adjustment
        self.hues = hues
        self.brightness = brightness
        self.saturation = saturation
        self.side = side
        self.snap = snap
        self.recolour = recolour
        self.domain = domain
        self.tone = tone
        self.palette = tuple(palette)
        self.book: Book | None = None
        kinds: list[inked.Kind] = [
            "ink" if isinstance(kind, Inky) else "grey" for kind in model.domains
        ]
        self.kinds: tuple[inked.Kind, ...] = tuple(dict.fromkeys(kinds))
        if domain not in ("auto", *self.kinds):
            raise InputError(f"the model has not learned to paint pages of the domain {domain}")

    @classmethod
    def load(
        cls,
        path: Path | str | None = None,
        *,
        device: torch.device | str | None = None,
        temperature: float | None = None,
        adjustment: float | None = None,
        hues: float = HUES,
        brightness: float = BRIGHTNESS,
        saturation: float = 1.0,
        side: int | None = None,
        snap: bool = SNAP,
        recolour: Recolour = "grey",
        domain: inked.Choice = "auto",
        tone: float = 1.0,
        palette: Sequence[Colour] = (),
    ) -> Self:
        """Load a model and make a painter of it.

        Args:
            path: of the file, or the name of shipped weights: see `registry.locate`. The default
                weights if not given.
            device: ``cpu``, ``cuda`` or ``cuda:1``; a GPU where there is one if not given.
            temperature: see the class, as for all that follow.
            adjustment: of the logits.
            hues: of inked pages.
            brightness: of inked pages.
            saturation: of the colours.
            side: at which the network sees a page.
            snap: whether regions settle.
            recolour: what is painted of a page with colours.
            domain: what pages are.
            tone: how much screentone stays.
            palette: colours that regions settle on.

        Raises:
            ModelError: there are no such weights, or the file is missing, damaged or no model of
                this project.
            InputError: there is no such device, or the model has not learned that domain.
        """
        chosen = _device(device)
        return cls(
            Model.load(registry.locate(path)).to(chosen),
            temperature=temperature,
            adjustment=adjustment,
            hues=hues,
            brightness=brightness,
            saturation=saturation,
            side=side,
            snap=snap,
            recolour=recolour,
            domain=domain,
            tone=tone,
            palette=palette,
        )

    def decoding_of(self, kind: inked.Kind) -> Decoding:
        """How pages of a kind are painted."""
        limit = INKED if kind == "ink" else Decoding(1.0, LIVELY)
        own = Decoding(*map(min, self.model.decoding, limit))
        return Decoding(
            own.temperature if self.temperature is None else self.temperature,
            own.adjustment if self.adjustment is None else self.adjustment,
        )

    def domain_of(self, rgb: RGB, *, memo: Memo | None = None) -> inked.Kind:
        """Tell as what a page (H, W, 3) is painted: see the class; for the memo see `paint`."""
        if self.domain != "auto":
            return self.domain
        if len(self.kinds) == 1:
            return self.kinds[0]
        return opening.kind_of(rgb, Memo() if memo is None else memo)

    def look(
        self, rgb: RGB, kind: inked.Kind, *, memo: Memo | None = None
    ) -> tuple[NDArray[np.float32], Prediction]:
        """Let the network look at a page (H, W, 3) as a page of some kind, without hints.

        Args:
            rgb: the page.
            kind: of page.
            memo: see `paint`.

        Returns:
            (h, w), L of the page as it is divided into regions, and what the network says.
        """
        memo = Memo() if memo is None else memo
        if kind == "grey":
            lightness = memo.of("lightness", (), lambda: _lightness(rgb))
            return lightness, self._predicted(lightness, {}, memo)
        levelled = opening.levelled(rgb, memo)
        undotted = memo.of("undotted", (), lambda: guide.without_dots(levelled))
        return undotted, self._predicted_layer(levelled, {}, memo)

    def decoded(self, prediction: Prediction, kind: inked.Kind) -> NDArray[np.float32]:
        """Decode what the network says of a page as pages of its kind are painted.

        Args:
            prediction: see `look`.
            kind: of page.

        Returns:
            (h, w, 2) ab of a grey page, (h, w, 3) L and ab of the layer of an inked one.

        Raises:
            ImageError: ``no_colours``.
        """
        hues = self.hues if kind == "ink" else 0.0
        colours: NDArray[np.float32] = prediction.colours(*self.decoding_of(kind), hues=hues)[0]
        if not np.isfinite(colours).all():
            raise ImageError("no_colours", "the network gave no number for some of its pixels")
        return colours[..., -2:] if kind == "grey" else colours

    def lit(self, layer: RGB) -> RGB:
        """Make the colours of a layer (h, w, 3) as bright as asked for: white and black stay."""
        if self.brightness == 1:
            return layer
        table = 255 * np.linspace(0, 1, 256) ** (1 / self.brightness)
        return np.asarray(cv2.LUT(layer, np.rint(table).astype(np.uint8)), np.uint8)

    def kept(self, rgb: RGB, *, recolour: Recolour | None = None) -> NDArray[np.bool_] | None:
        """Find the pixels of a page that keep their colours: see `chroma.kept`.

        Args:
            rgb: (H, W, 3) uint8.
            recolour: that of the painter if not given.

        Returns:
            (H, W), all true for a page that stays as it is; None for one that is painted anew.

        Raises:
            ImageError: ``too_large``: there is not enough memory for it.
        """
        return opening.kept_of(rgb, recolour=recolour or self.recolour)

    def paint(
        self,
        rgb: RGB,
        *,
        recolour: Recolour | None = None,
        kept: NDArray[np.bool_] | None = None,
        conditions: Mapping[str, NDArray[np.float32]] | None = None,
        hints: Sequence[Hint] = (),
        memo: Memo | None = None,
    ) -> RGB:
        """Paint one page.

        Args:
            rgb: (H, W, 3) or grey (H, W), uint8, not empty.
            recolour: what is painted of a page with colours; that of the painter if not given.
            kept: (H, W), true where the page's own pixels stay, if that is known already.
            conditions: by name, what the network is told beside: (H, W, K), or (K,) for the page.
            hints: colours at places of the page. A hint fills its region; of a grey page L stays.
            memo: what was found for this page, with the same conditions, by painters of this model;
                a page that is painted again with other hints or options takes less time.

        Returns:
            (H, W, 3) uint8; of a grey page, of the same L within 8-bit rounding.

        Raises:
            ImageError: ``too_large``: there is not enough memory for it; ``no_colours``: what the
                network gave for it is no number.
            ValueError: the array is no page.
        """
        rgb, kept = self._given(rgb, recolour, kept)
        if kept is not None and kept.all():
            return rgb.copy()
        with enough_memory(rgb):
            asked = self._asked(hints, memo)
            if self.domain_of(rgb, memo=asked.memo) == "ink":
                painted = self._inked(rgb, conditions or {}, asked)
            else:
                painted = self._grey(rgb, conditions or {}, asked)
            if kept is not None:
                painted[kept] = rgb[kept]
            return painted

    def layer(
        self,
        rgb: RGB,
        *,
        recolour: Recolour | None = None,
        kept: NDArray[np.bool_] | None = None,
        hints: Sequence[Hint] = (),
        memo: Memo | None = None,
    ) -> RGB:
        """Paint the colours alone, to lay under the line art of one page.

        Of a grey page lines are filled with the lightness beside them, and paper is transparent.
        The layer of an inked page is opaque, and gives the painted page where it is multiplied with
        the page.

        Args:
            rgb: see `paint`.
            recolour: see `paint`.
            kept: see `paint`; those pixels are transparent in the layer.
            hints: see `paint`.
            memo: see `paint`.

        Returns:
            (H, W, 4) uint8: RGB and alpha.

        Raises:
            ImageError: ``too_large``: there is not enough memory for it; ``no_colours``: what the
                network gave for it is no number.
            ValueError: the array is no page.
        """
        rgb, kept = self._given(rgb, recolour, kept)
        if kept is not None and kept.all():
            return np.zeros((*rgb.shape[:2], 4), np.uint8)
        with enough_memory(rgb):
            layer = np.full((*rgb.shape[:2], 4), 255, np.uint8)
            asked = self._asked(hints, memo)
            if self.domain_of(rgb, memo=asked.memo) == "ink":
                for rows, colours in self._under(inked.values(rgb), {}, asked):
                    layer[rows, :, :3] = colours
                if kept is not None:
                    layer[kept] = 0
                return layer
            lightness = _lightness(rgb)
            planes = self._finished(lightness, {}, asked, filled=True)
            for rows, band in _enlarged(planes, lightness.shape):
                filled = np.maximum(lightness[rows], band[..., 3]).clip(0, lab.L_MAX)
                layer[rows, :, :3] = _joined(filled, band[..., :2])
                layer[rows, :, 3] = np.rint((1 - band[..., 2].clip(0, 1)) * 255)
            if kept is not None:
                layer[kept] = 0
            return layer

    def layers(
        self,
        rgb: RGB,
        *,
        recolour: Recolour | None = None,
        kept: NDArray[np.bool_] | None = None,
        hints: Sequence[Hint] = (),
        memo: Memo | None = None,
    ) -> tuple[list[Layer], RGB]:
        """Paint one page in layers, from top to bottom, for a program that draws.

        Of an inked page: its ink, which multiplies; the flat colours; and the page itself, which
        the colours hide. Of a grey page: the painted page, and the page itself.

        Args:
            rgb: see `paint`.
            recolour: see `paint`.
            kept: see `paint`; there the layers above the page are transparent.
            hints: see `paint`.
            memo: see `paint`.

        Returns:
            The layers, and (H, W, 3) uint8, what they look like together.

        Raises:
            ImageError: see `paint`.
            ValueError: the array is no page.
        """
        rgb, kept = self._given(rgb, recolour, kept)
        own = Layer("page", rgb)
        if kept is not None and kept.all():
            return [own], rgb
        with enough_memory(rgb):
            opaque = np.full(rgb.shape[:2], 255, np.uint8)
            if kept is not None:
                opaque[kept] = 0
            asked = self._asked(hints, memo)
            if self.domain_of(rgb, memo=asked.memo) == "grey":
                painted = self.paint(rgb, kept=opaque == 0, hints=hints, memo=asked.memo)
                return [Layer("colours", np.dstack([painted, opaque])), own], painted
            page = inked.values(rgb)
            printed = self._printed(page)
            flat, painted = np.dstack([rgb, opaque]), rgb.copy()
            for rows, band in self._under(page, {}, asked):
                flat[rows, :, :3] = band
                painted[rows] = layers.under(band, printed[rows, :, None])
            if kept is not None:
                painted[kept] = rgb[kept]
            ink = np.dstack([printed, printed, printed, opaque])
            return [Layer("ink", ink, multiplies=True), Layer("flat colours", flat), own], painted

    def paint_bytes(
        self, data: bytes, *, suffix: str | None = None, recolour: Recolour | None = None
    ) -> bytes:
        """Paint the page in a picture file.

        Args:
            data: bytes of a JPEG, PNG, WebP or AVIF file.
            suffix: of the format to write, one of `formats.WRITERS`; the one of ``data`` if not
                given.
            recolour: see `paint`.

        Returns:
            The bytes of the painted file; ``data`` itself if the page keeps all its colours and its
            format.

        Raises:
            ImageError: the file cannot be read, is too large or cannot be written.
            InputError: the format is not supported.
        """
        if suffix is not None and suffix not in formats.WRITERS:
            raise InputError(f"{suffix} is not one of {', '.join(formats.WRITERS)}")
        if len(data) > MAX_BYTES:
            raise ImageError("too_many_bytes", f"{len(data)} bytes")
        rgb = check_sides(decode(data, max_pixels=MAX_PIXELS))
        own = f".{probe(data, max_pixels=MAX_PIXELS).suffix}"
        kept = self.kept(rgb, recolour=recolour)
        if kept is not None and kept.all() and formats.same_format(own, suffix or own):
            return data
        painted = self.paint(rgb, recolour=recolour, kept=kept)
        return encode(painted, kind=suffix or own, quality=jpeg_quality(data), fast=True)

    def _given(
        self, rgb: RGB, recolour: Recolour | None, kept: NDArray[np.bool_] | None
    ) -> tuple[RGB, NDArray[np.bool_] | None]:
        """Check a page and see what it keeps."""
        if rgb.ndim == 2:
            rgb = np.repeat(rgb[..., None], 3, axis=2)
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
            raise ValueError(
                "a page is an array (H, W, 3) or (H, W) of uint8 that is not empty, "
                f"not {rgb.shape} of {rgb.dtype}"
            )
        return rgb, self.kept(rgb, recolour=recolour) if kept is None else kept

    def _asked(self, hints: Sequence[Hint], memo: Memo | None = None) -> Guide:
        known = Memo() if memo is None else memo
        return Guide(hints=tuple(hints), palette=self.palette, book=self.book, memo=known)

    def _grey(self, rgb: RGB, conditions: Mapping[str, NDArray[np.float32]], asked: Guide) -> RGB:
        """Paint a grey page: its lightness stays."""
        lightness = asked.memo.of("lightness", (), lambda: _lightness(rgb))
        painted = np.empty_like(rgb)
        planes = self._finished(lightness, conditions, asked)
        for rows, band in _enlarged(planes, lightness.shape):
            painted[rows] = _joined(lightness[rows], band[..., :2])
        return painted

    def _inked(self, rgb: RGB, conditions: Mapping[str, NDArray[np.float32]], asked: Guide) -> RGB:
        """Paint an inked page: its values are multiplied with the layer under it."""
        page = inked.values(rgb)
        printed = self._printed(page)
        painted = np.empty_like(rgb)
        for rows, band in self._under(page, conditions, asked):
            painted[rows] = layers.under(band, printed[rows, :, None])
        return painted

    def _printed(self, page: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """An inked page (H, W) with as much of its screentone as asked for."""
        if self.tone == 1:
            return page
        even = inked.descreened(page)
        return np.asarray(cv2.addWeighted(page, self.tone, even, 1 - self.tone, 0), np.uint8)

    def _under(
        self,
        page: NDArray[np.uint8],
        conditions: Mapping[str, NDArray[np.float32]],
        asked: Guide,
    ) -> Iterator[tuple[slice, RGB]]:
        """Give the layer under an inked page (H, W): rows, and its colours there (n, W, 3)."""
        memo = asked.memo
        levelled = memo.of("levelled", (), lambda: inked.levelled(page))
        prediction = self._predicted_layer(levelled, conditions, memo)

        def lay() -> flats.Flats:
            colours = self.decoded(prediction, "ink")
            colours[..., 1:] *= self.saturation
            panels = memo.of("panels", (), lambda: panels_of(levelled))
            made = flats.lay(levelled, colours, panels, snap=self.snap)
            return made._replace(rgb=self.lit(made.rgb))

        look = (self.decoding_of("ink"), self.hues, self.brightness, self.saturation, self.snap)
        flat = memo.of("layer", (self.side, *look), lay)
        layer = asked.inked(levelled, flat, prediction) if asked.asks("ink") else flat.rgb
        for rows, band in _enlarged(layer.astype(np.float32), page.shape):
            yield rows, np.rint(band.clip(0, 255)).astype(np.uint8)

    def _finished(
        self,
        lightness: NDArray[np.float32],
        conditions: Mapping[str, NDArray[np.float32]],
        asked: Guide,
        *,
        filled: bool = False,
    ) -> NDArray[np.float32]:
        """Colour a page of L (H, W) at the working size.

        Returns:
            (h, w, 3): a, b and whiteness, or (h, w, 4): and L with its lines filled.

        Raises:
            ImageError: ``no_colours``.
        """
        height, width = lightness.shape
        memo, decoding = asked.memo, self.decoding_of("grey")
        prediction = self._predicted(lightness, conditions, memo)
        shrink = min(1.0, (WORKING_PIXELS / (height * width)) ** 0.5)
        working = _resized(lightness, _scaled(height, width, shrink))

        def colours() -> NDArray[np.float32]:
            ab = _resized(self.decoded(prediction, "grey"), working.shape)
            return regions.settle(working, ab) if self.snap else ab

        ab = memo.of("colours", (self.side, decoding, self.snap), colours)
        planes = np.empty((*working.shape, 4 if filled else 3), np.float32)
        planes[..., 2] = memo.of("whiteness", (), lambda: paper.whiteness(working))
        share = self.saturation * (1 - planes[..., 2])
        np.multiply(ab[..., 0], share, out=planes[..., 0])
        np.multiply(ab[..., 1], share, out=planes[..., 1])
        if asked.asks("grey"):
            guide.blended(planes, asked.grey(working, planes[..., :3], prediction))
        if filled:
            side = max(3, 2 * round(min(working.shape) * LINE / 2) + 1)
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
            planes[..., 3] = cv2.morphologyEx(working, cv2.MORPH_CLOSE, disc)
        return planes

    def _predicted(
        self,
        lightness: NDArray[np.float32],
        conditions: Mapping[str, NDArray[np.float32]],
        memo: Memo,
    ) -> Prediction:
        """Let the network look at a grey page of L (H, W), unless it saw the same before."""

        def run() -> Prediction:
            side = self.side or self.model.side
            white = paper.white_of(_resized(lightness, _seen(lightness.shape, side)))

            def observe(part: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
                seen = _resized(part, size).clip(0, lab.L_MAX)
                return GREY.observe(paper.levelled(seen, white)[None])

            panels = [] if self.side else panels_of(lightness, white=lab.L_MAX)
            return self._look("grey", lightness, observe, conditions, panels)

        return memo.of("prediction", ("grey", self.side), run)

    def _predicted_layer(
        self,
        levelled: NDArray[np.uint8],
        conditions: Mapping[str, NDArray[np.float32]],
        memo: Memo,
    ) -> Prediction:
        """Let the network look at an inked page (H, W), levelled, unless it saw it before."""

        def observe(part: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
            seen = guide.resized(part, size)[..., None]
            return INK.observe(lab.rgb_to_lightness(np.repeat(seen, 3, axis=2))[None])

        def run() -> Prediction:
            panels = [] if self.side else memo.of("panels", (), lambda: panels_of(levelled))
            return self._look("ink", levelled, observe, conditions, panels)

        return memo.of("prediction", ("ink", self.side), run)

    def _look(
        self,
        kind: inked.Kind,
        page: NDArray[Any],
        observe: seeing.Observe,
        conditions: Mapping[str, NDArray[np.float32]],
        panels: Sequence[Box],
    ) -> Prediction:
        """Let the network look at a page (H, W), and at panels of it."""
        side = self.side or self.model.side
        return seeing.look(
            self.model,
            page,
            _seen(page.shape, side_of(page.shape, side, panels)),
            observe,
            conditions=conditions,
            panels=panels,
            whole=_seen(page.shape, side),
            share=WHOLE[kind],
        )


def _device(name: torch.device | str | None) -> torch.device:
    """Find a device by its name; the best one if not given.

    Raises:
        InputError: there is no such device.
    """
    if name is None:
        return best_device()
    device: torch.device | None
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in {"cpu", "cuda"} or (device.index or 0) < 0:
        raise InputError(f"{one_line(name)} is no device: cpu and cuda are")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"there is no GPU {name} that PyTorch can use")
    return device


def _seen(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Height and width at which a network sees a page, whose short side becomes ``side``."""
    height, width = shape[:2]
    short, long = sorted((height, width))
    scale = side * min(1.0, LONGEST * short / long) / short
    return _scaled(height, width, min(scale, (SEEN_PIXELS / (height * width)) ** 0.5))


def _scaled(height: int, width: int, scale: float) -> tuple[int, int]:
    return max(1, round(height * scale)), max(1, round(width * scale))


def _resized(plane: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Bring (H, W) or (H, W, 2) to a size: area-averaged if it shrinks, bicubic if it grows."""
    height, width = size[:2]
    if plane.shape[:2] == (height, width):
        return plane
    method = cv2.INTER_AREA if height * width < plane.shape[0] * plane.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(plane, (width, height), interpolation=method), np.float32)


def _bands(height: int, width: int) -> Iterator[slice]:
    """Rows of a page in bands of about `BAND_PIXELS`."""
    rows = max(1, BAND_PIXELS // width)
    return (slice(top, min(height, top + rows)) for top in range(0, height, rows))


def _enlarged(
    planes: NDArray[np.float32], size: tuple[int, ...]
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Enlarge planes (h, w, C) to (H, W), a band at a time; bicubic, as OpenCV does it.

    Yields:
        Rows, and the planes there: (n, W, C). The whole would take most of the memory of a page.
    """
    height, width = size
    if planes.shape[:2] == (height, width):
        for rows in _bands(height, width):
            yield rows, planes[rows]
        return
    across = cv2.resize(planes, (width, len(planes)), interpolation=cv2.INTER_CUBIC)
    sharpness = np.float32(-0.75)  # OpenCV's
    for rows in _bands(height, width):
        place = (np.arange(rows.start, rows.stop) + 0.5) * len(planes) / height - 0.5
        first = np.floor(place).astype(int)
        t = (place - first).astype(np.float32)[:, None, None]
        band = np.zeros((len(place), *across.shape[1:]), np.float32)
        for step in range(-1, 3):
            x = np.abs(t - step)
            near = ((sharpness + 2) * x - (sharpness + 3)) * x * x + 1
            far = sharpness * (((x - 5) * x + 8) * x - 4)
            weight = np.where(x <= 1, near, far)
            band += weight * across[(first + step).clip(0, len(across) - 1)]
        yield rows, band


def _lightness(rgb: RGB) -> NDArray[np.float32]:
    """L (H, W) of a page (H, W, 3)."""
    lightness = np.empty(rgb.shape[:2], np.float32)
    for rows in _bands(*rgb.shape[:2]):
        lightness[rows] = lab.rgb_to_lightness(rgb[rows])
    return lightness


def _joined(lightness: NDArray[np.float32], ab: NDArray[np.float32]) -> RGB:
    """Lay ab (n, W, 2) over L (n, W): (n, W, 3) uint8 sRGB of that L, without colour near black."""
    share = (lightness - np.float32(BLACK)) * np.float32(1 / (DARK - BLACK))
    share.clip(0, 1, out=share)
    share *= share * (3 - 2 * share)
    joined = np.empty((*lightness.shape, 3), np.float32)
    joined[..., 0] = lightness
    np.multiply(ab[..., 0], share, out=joined[..., 1])
    np.multiply(ab[..., 1], share, out=joined[..., 2])
    return lab.lab_to_rgb(joined, keep_lightness=True)
