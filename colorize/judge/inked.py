"""Scores of inked pages: made as in training, and in a foreign way that training never sees.

White paper decides scores of whole pages, so all are also taken over the art alone: pixels that
are neither ink nor paper.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.files import Numbers
from colorize.inking import foreign, layer
from colorize.inking.page import Inked
from colorize.judge.views import Views, batches
from colorize.metrics.comparison import Truth
from colorize.metrics.rownames import CEILING_HEAD, CHOSEN, MEAN_LAYER, MODEL, ONE_EPOCH, PAGE
from colorize.metrics.scoreboard import Scoreboard
from colorize.metrics.scores import SCORES
from colorize.model.decode import TEMPERATURE
from colorize.model.domains import INK, LINES, Domain, Inky, Key, Mixture
from colorize.model.weights import Model

JUDGED_BY = (
    "psnr",
    "ciede2000",
    "rmse_ab",
    "auc",
    "colourfulness",
    "histogram_a",
    "histogram_b",
)
"""Scores that any set of pixels has."""

BLACK = 15.0
"""L of a page's pixels up to which they are solid ink; soft rims take the colours beside them."""

SAMPLED = 64
"""Training pictures whose layers make the mean layer."""


class Foreign(Inky):
    """Pages by `inking.foreign`: no domain of `DOMAINS`, so that nothing can be trained on it."""

    name = "foreign"

    def ink(self, rgb: NDArray[np.uint8], key: Key) -> Inked:
        """Make a page in the foreign way."""
        return foreign.ink(rgb, [*key])


FOREIGN = Foreign()


@dataclass
class _Mean:
    """Mean of numbers that come in arrays."""

    total: float = 0.0
    count: int = 0

    def add(self, values: NDArray[np.floating]) -> None:
        self.total += float(values.sum(dtype=np.float64))
        self.count += values.size


@dataclass
class InkedScores:
    """Scores of one kind of page.

    Attributes:
        table: of the bins.
        whole: over whole pages.
        art: over what is neither ink nor paper.
        paper: chroma of the model's painting in balloons and gutters.
        ink: by how much the model's painting changes L of the page's solid ink.
    """

    table: NeighbourTable
    whole: Scoreboard = field(init=False)
    art: Scoreboard = field(init=False)
    paper: _Mean = field(default_factory=_Mean)
    ink: _Mean = field(default_factory=_Mean)

    def __post_init__(self) -> None:
        """Make the boards."""
        scores = {name: SCORES[name] for name in JUDGED_BY}
        self.whole, self.art = (Scoreboard(self.table, scores, counts={}) for _ in range(2))

    def add(self, views: Views, paintings: Mapping[str, NDArray[np.uint8]]) -> None:
        """Add pages as every row paints them."""
        self.whole.add(views.truth, paintings)
        masks, truth = views.truth.masks, views.truth
        # Pictures of one row, of those pixels alone.
        parts = [(n, art) for n, art in enumerate(masks["art"]) if art.any()]
        self.art.add_each(
            [
                Truth(truth.rgb[n][art][None], truth.lab[n][art][None], self.table)
                for n, art in parts
            ],
            [{row: rgb[n][art][None] for row, rgb in paintings.items()} for n, art in parts],
        )
        for n in range(len(truth.rgb)):
            painted = lab.rgb_to_lab(paintings[MODEL][n])
            self.paper.add(np.hypot(*np.moveaxis(painted[..., 1:][masks["blank"][n]], -1, 0)))
            lightness = views.pages[n].lightness
            self.ink.add(
                np.abs(painted[..., 0] - lightness)[masks["ink"][n] & (lightness <= BLACK)]
            )

    def numbers(self) -> dict[str, "float | Numbers"]:
        """Everything, as the metrics file has it."""
        errors = {"paper": self.paper, "ink": self.ink}
        found: dict[str, float | Numbers] = {**self.whole.scores(), "art": self.art.scores()}
        return found | {name: of.total / of.count for name, of in errors.items() if of.count}


def inputs(model: Model) -> dict[str, Domain]:
    """The kinds of inked pages that a model is judged on, by name; none if it has learned none."""
    learned = {"toned": INK, "lines": LINES}
    kinds = {name: domain for name, domain in learned.items() if domain in model.domains}
    return kinds | ({"foreign": FOREIGN} if kinds else {})


def evaluate(
    model: Model,
    pictures: ShardReader,
    train: ShardReader,
    quantiser: Quantiser,
    *,
    one_epoch: Model,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> dict[str, Numbers]:
    """Score a model on every kind of inked page that it should know.

    Args:
        model: as it was trained.
        pictures: the test split.
        train: the training split, of which the mean layer is taken.
        quantiser: whose bins are meant.
        one_epoch: the model after its first epoch.
        on_pictures: called with the number of pictures after each batch.

    Returns:
        By input: ``toned``, ``lines``, ``foreign``; see `InkedScores`. Floors are the page itself,
        and the page under the training split's mean layer; the ceiling is the true layer at the
        head's size.
    """
    found: dict[str, Numbers] = {}
    for name, domain in inputs(model).items():
        scores = InkedScores(quantiser.table)
        mean = _mean_layer(train, domain)
        for views in batches(pictures, Mixture((domain,))):
            prediction = views.predict(model)
            colours = {
                MODEL: prediction.colours(TEMPERATURE),
                CHOSEN: prediction.colours(*model.decoding),
                ONE_EPOCH: views.predict(one_epoch).colours(TEMPERATURE),
                MEAN_LAYER: np.broadcast_to(mean, views.truth.lab.shape),
                CEILING_HEAD: true_layers(views, model),
            }
            paintings = {row: views.join(of) for row, of in colours.items()}
            page = np.stack([page.rgb for page in views.pages])
            scores.add(views, paintings | {PAGE: page})
            on_pictures(len(page))
        found[name] = scores.numbers()
    return found


def true_layers(views: Views, model: Model) -> NDArray[np.float32]:
    """L and ab (N, H, W, 3) of the true layer, as a perfect network of a model's head gives it."""
    fitted = np.stack([one.rgb for one in _layers(views, model.recipe.head_stride)])
    small = torch.from_numpy(lab.rgb_to_lab(np.rint(255 * fitted).astype(np.uint8)))
    lightness = torch.from_numpy(np.stack([page.lightness for page in views.pages]))
    full = model.recipe.enlarge(small.permute(0, 3, 1, 2), lightness[:, None])
    return np.ascontiguousarray(full.permute(0, 2, 3, 1).numpy())


def _layers(views: Views, stride: int) -> Iterator[layer.Layer]:
    for view in views.views:
        page: NDArray[np.float32] = np.divide(view.page[..., 0], 255, dtype=np.float32)
        yield layer.fit(view.truth, page, stride=stride)


def _mean_layer(train: ShardReader, domain: Domain) -> NDArray[np.float32]:
    """(3,) Lab of the mean colour of training pictures' layers."""
    total, weight = np.zeros(3), 0.0
    for number, views in enumerate(batches(train, Mixture((domain,)))):
        for one in _layers(views, 1):
            total += (one.rgb * one.weight[..., None]).sum((0, 1), dtype=np.float64)
            weight += float(one.weight.sum(dtype=np.float64))
        if (number + 1) * len(views.pages) >= SAMPLED:
            break
    mean = np.rint(255 * total / max(weight, np.finfo(float).tiny)).astype(np.uint8)
    return lab.rgb_to_lab(mean)
