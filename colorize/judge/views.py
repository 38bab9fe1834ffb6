"""Pictures of a split as pages of a domain, a batch at a time, and paintings of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from colorize.data.shards import ShardReader
from colorize.metrics.comparison import Pictures
from colorize.model.domains import JUDGED, Domain, Key, Mixture, Page, View
from colorize.model.predict import Prediction, predict
from colorize.model.targets import stack_conditions
from colorize.model.weights import Model

BATCH = 8
"""Pictures at a time, which changes no result."""


@dataclass(frozen=True, slots=True)
class Views:
    """Views of N pictures.

    Attributes:
        truth: what the painted pages should be.
        pages: the pages to paint.
        views: what both were made of.
    """

    truth: Pictures
    pages: list[Page]
    views: list[View]

    def predict(self, model: Model) -> Prediction:
        """Run a model's network once on all pages."""
        height, width = self.pages[0].lightness.shape
        seen = np.zeros((len(self.pages), model.spec.channels, height, width), np.float32)
        for plane, page, domain in zip(seen, self.pages, self.domains, strict=True):
            plane[: domain.channels] = domain.observe(page.lightness[None])[0]
        conditions = stack_conditions([view.conditions for view in self.views])
        return predict(model, seen, conditions)

    def join(self, colours: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Paint every page: colours (N, H, W, 2 or 3) as `Domain.join` takes -> (N, H, W, 3)."""
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            joined = pool.map(_join, self.domains, self.pages, colours)
            return np.stack(list(joined))

    @property
    def domains(self) -> list[Domain]:
        """The domain of each picture."""
        return [view.domain for view in self.views]


def _join(domain: Domain, page: Page, colours: NDArray[np.float32]) -> NDArray[np.uint8]:
    return domain.join(page, colours)


def batches(pictures: ShardReader, mixture: Mixture, *, seed: int = 0) -> Iterator[Views]:
    """All pictures of a split in their order.

    Args:
        pictures: the split.
        mixture: gives each picture its domain.
        seed: of the pages that are made of the pictures, the same at every call.
    """
    first = 0
    for rgb in pictures.batches(BATCH):
        keys = (Key(seed, JUDGED, first + number) for number in range(len(rgb)))
        yield of([mixture.view(one, key) for one, key in zip(rgb, keys, strict=True)], first)
        first += len(rgb)


def of(views: list[View], first: int = 0) -> Views:
    """Collect views of pictures of one size.

    Args:
        views: of consecutive pictures.
        first: number in the split of the first of them.
    """
    rgb = np.stack([view.truth for view in views])
    truth = Pictures.of(rgb, first, _stacked(views))
    pages = [
        Page(view.page, lab[..., 0]) if view.page is view.truth else Page.of(view.page)
        for view, lab in zip(views, truth.lab, strict=True)
    ]
    return Views(truth, pages, views)


def _stacked(views: list[View]) -> dict[str, NDArray[np.bool_]]:
    """Masks that all views have."""
    names = [name for name in views[0].masks if all(name in view.masks for view in views)]
    return {name: np.stack([view.masks[name] for view in views]) for name in names}
