"""Domains: what a network sees of a picture, and how its output becomes a picture again.

``grey`` is the page as a grey scan: the network sees L and gives ab, which joins the page's own L.
``ink`` and ``lines`` are manga pages, with screentone and without: their paper is white whatever
colour it should have, so the network gives L and ab of a layer that lies under the page. Another
domain is one class and one entry in `DOMAINS`. One network can serve several domains: its
input then has as many channels as the widest of them needs, and narrower ones leave the rest zero.

Letters in shapes: N pictures, H and W of the picture, h and w of the network's output, C input
channels.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import ClassVar, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorize.colour import lab
from colorize.errors import ModelError
from colorize.inking import layer
from colorize.inking.page import Inked, Inker, Kind
from colorize.inking.params import InkingParams
from colorize.model import layers
from colorize.model.conversion import LabConverter, lab_to_rgb


class Key(NamedTuple):
    """What the randomness of one picture depends on, and nothing else.

    Attributes:
        seed: of the whole run.
        epoch: counts from 1 in training; `JUDGED` in validation and judging.
        number: of the picture in its split.
    """

    seed: int
    epoch: int
    number: int

    def random(self, *purpose: int) -> np.random.Generator:
        """Give a generator for one purpose; other purposes get independent ones."""
        return np.random.default_rng([*self, *purpose])


JUDGED = 0
"""The epoch in the key of pictures that are judged, the same at every call."""


class Page(NamedTuple):
    """A page as it is painted.

    Attributes:
        rgb: (H, W, 3) uint8 sRGB.
        lightness: (H, W) float32, its L in 0..100.
    """

    rgb: NDArray[np.uint8]
    lightness: NDArray[np.float32]

    @classmethod
    def of(cls, rgb: NDArray[np.uint8]) -> Self:
        """Compute the lightness of a page."""
        return cls(rgb, lab.rgb_to_lightness(rgb))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A true picture in one domain: the page to paint, and what the painted page should be.

    Attributes:
        domain: which one.
        page: (H, W, 3) uint8 sRGB, what the network sees and what its colours join.
        truth: (H, W, 3) uint8 sRGB; it may differ from the picture that the view was made of.
        masks: by name, (H, W) bool: pixels over which the judge also takes scores.
        conditions: by name, (H, W, K) float32, or (K,) for the whole picture.
    """

    domain: "Domain"
    page: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    masks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    conditions: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


class Encoded(NamedTuple):
    """Input and true colours of a batch, before the colours are encoded as bins.

    Attributes:
        input: (N, C, H, W) float32, as `Domain.observe` gives it.
        ab: (N, 2, h, w) float32, the ab that the network should give.
        weight: (N, h, w) float32, how much each block counts in the losses; None: all alike.
        lightness: (N, 1, h, w) float32, the L that the network should give; None: no L is wanted.
    """

    input: Tensor
    ab: Tensor
    weight: Tensor | None = None
    lightness: Tensor | None = None


class Domain(ABC):
    """One kind of page.

    Attributes:
        name: by which params and model files call it.
        channels: C, the planes of the network's input that it fills: L of the page, and a second
            one, where there is one, that is 100 for inked pages.
        gives_lightness: whether the network's output holds an L beside ab.
    """

    name: str
    channels: ClassVar[int] = 1
    gives_lightness: ClassVar[bool] = False

    @abstractmethod
    def view(self, rgb: NDArray[np.uint8], key: Key) -> View:
        """Make a page out of a true picture.

        Args:
            rgb: (H, W, 3) uint8 sRGB, not to be changed.
            key: of all randomness.
        """

    @abstractmethod
    def encode(self, converter: LabConverter, page: Tensor, truth: Tensor, stride: int) -> Encoded:
        """Make input and target of views, on the device that they are on.

        Args:
            converter: on the same device.
            page: (N, 3, H, W) uint8 sRGB.
            truth: (N, 3, H, W) uint8 sRGB; the same object as ``page`` where they are equal.
            stride: H / h.
        """

    @abstractmethod
    def observe(self, lightness: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make the input of real pages: L (N, H, W) at the network's scale -> (N, C, H, W)."""

    @abstractmethod
    def join(self, page: Page, colours: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Paint a page, pixel by pixel, so that a page can also be painted in parts.

        Args:
            page: (H, W).
            colours: (H, W, 2), ab; or (H, W, 3), L and ab.

        Returns:
            (H, W, 3) uint8 sRGB.
        """

    @abstractmethod
    def compose(self, lightness: Tensor, colours: Tensor) -> Tensor:
        """Paint a batch of pages as `join` does, with a gradient: what a critic judges.

        Args:
            lightness: (N, 1, H, W), L of the pages in 0..100.
            colours: (N, 2, H, W), ab; or (N, 3, H, W), L and ab.

        Returns:
            (N, 3, H, W) float32 sRGB in 0..1.
        """


class Grey(Domain):
    """A page whose L is that of the coloured picture, and stays."""

    name = "grey"

    def view(self, rgb: NDArray[np.uint8], key: Key) -> View:
        """Take the picture as it is: its L is the page."""
        return View(domain=self, page=rgb, truth=rgb)

    def encode(self, converter: LabConverter, page: Tensor, truth: Tensor, stride: int) -> Encoded:
        """Give L of the truth, and the mean ab of each block."""
        return Encoded(*converter.lightness_and_means(truth, stride))

    def observe(self, lightness: NDArray[np.float32]) -> NDArray[np.float32]:
        """L itself: (N, H, W) -> (N, 1, H, W)."""
        return lightness[:, None]

    def join(self, page: Page, colours: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Join ab to the page's L; a colour outside the gamut is mixed with grey until inside."""
        pixels = np.concatenate([page.lightness[..., None], colours[..., -2:]], axis=-1)
        return lab.lab_to_rgb(pixels, keep_lightness=True)

    def compose(self, lightness: Tensor, colours: Tensor) -> Tensor:
        """Join ab to the pages' L."""
        return lab_to_rgb(torch.cat([lightness, colours[:, -2:]], dim=1))


class Inky(Domain):
    """A manga page, whose paper takes the colours of a layer under its ink.

    The page is levelled: its ink is black and its paper white. The network sees its L and is told
    that it is inked.
    """

    channels = 2
    gives_lightness = True

    @abstractmethod
    def ink(self, rgb: NDArray[np.uint8], key: Key) -> Inked:
        """Make the page of a picture (H, W, 3), and what it should look like."""

    def view(self, rgb: NDArray[np.uint8], key: Key) -> View:
        """Make the page.

        Masks are ``art``, pixels that are neither ink nor paper, ``ink``, and ``blank``, what is
        bare in balloons and gutters.
        """
        made = self.ink(np.ascontiguousarray(rgb), key)
        values = np.rint(255 * layer.levelled(made.page)).astype(np.uint8)
        return View(
            domain=self,
            page=np.repeat(values[..., None], 3, axis=2),
            truth=made.target,
            masks={
                "art": made.art,
                "ink": made.ink,
                "blank": (made.balloon | made.gutter) & ~made.ink,
            },
        )

    def encode(self, converter: LabConverter, page: Tensor, truth: Tensor, stride: int) -> Encoded:
        """Give L of the page, and Lab and weight of the layer under it."""
        lightness = converter.lightness(page[:, :1])
        rgb, weight = layers.fit(truth, page[:, :1].float() / 255, stride)
        layer_lightness, ab = converter.lightness_and_means(rgb, 1)
        seen = torch.cat([lightness, torch.full_like(lightness, lab.L_MAX)], dim=1)
        return Encoded(seen, ab, weight, layer_lightness)

    def observe(self, lightness: NDArray[np.float32]) -> NDArray[np.float32]:
        """L of levelled pages, and that they are inked: (N, H, W) -> (N, 2, H, W)."""
        return np.stack([lightness, np.full_like(lightness, lab.L_MAX)], axis=1)

    def join(self, page: Page, colours: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Lay a layer (H, W, 3) of L and ab under the page."""
        return layers.under(lab.lab_to_rgb(colours, keep_lightness=True), page.rgb)

    def compose(self, lightness: Tensor, colours: Tensor) -> Tensor:
        """Lay layers under the pages, whose grey their L tells."""
        grey = torch.cat([lightness, torch.zeros_like(colours[:, -2:])], dim=1)
        return lab_to_rgb(colours) * lab_to_rgb(grey)


class Drawn(Inky):
    """A page of the room that makes them.

    Args:
        name: of the domain.
        kind: of pages.
        inker: gives what makes them, and is called when the first page is wanted.
    """

    def __init__(self, name: str, kind: Kind, inker: Callable[[], Inker]) -> None:
        self.name = name
        self._kind: Kind = kind
        self._inker = inker

    def ink(self, rgb: NDArray[np.uint8], key: Key) -> Inked:
        """Make a page by `colorize.inking`."""
        return self._inker().ink(rgb, [*key, _INKING], kind=self._kind)


_MIXTURE = 0x6D6978
"""Purpose of the generator that chooses a picture's domain."""
_TURNS = 0x7475726E
"""Purpose of the generators that order the domains of batches."""
_INKING = 0x696E6B
"""Purpose of the generators that make a page."""


def domains(inking: InkingParams) -> Mapping[str, Domain]:
    """Make every domain, by its name, whose inked pages are made as some params say.

    The screens that inked pages need take half a second, and are made with the first page.
    """
    inker = cache(partial(Inker, inking))
    kinds = (Grey(), Drawn("ink", "toned", inker), Drawn("lines", "lines", inker))
    return {kind.name: kind for kind in kinds}


DOMAINS = domains(InkingParams())
"""Every domain by its name, with the default inking: what models know, and are judged on."""

GREY, INK, LINES = DOMAINS["grey"], DOMAINS["ink"], DOMAINS["lines"]


def domain(name: str) -> Domain:
    """Look a domain up.

    Raises:
        ModelError: there is none of that name.
    """
    if name not in DOMAINS:
        raise ModelError(f"unknown domain {ascii(name)[:40]}; known: {', '.join(DOMAINS)}")
    return DOMAINS[name]


class Mixture:
    """Gives every picture one of several domains.

    Args:
        domains: a domain's share is how often it is named.
    """

    def __init__(self, domains: Sequence[Domain] = (GREY,)) -> None:
        self._domains = tuple(domains)

    def alone(self, key: Key) -> "Mixture":
        """Choose one domain for a whole batch, every one as often as it is named.

        Args:
            key: its number is that of the batch in its epoch.
        """
        turn, place = divmod(key.number, len(self._domains))
        order = key._replace(number=turn).random(_TURNS).permutation(len(self._domains))
        return Mixture((self._domains[order[place]],))

    def choose(self, key: Key) -> Domain:
        """Choose the domain of one picture by its key."""
        if len(self._domains) == 1:
            return self._domains[0]
        return self._domains[int(key.random(_MIXTURE).integers(len(self._domains)))]

    def view(self, rgb: NDArray[np.uint8], key: Key) -> View:
        """Make the page of one picture, in the domain that its key chooses."""
        return self.choose(key).view(rgb, key)
