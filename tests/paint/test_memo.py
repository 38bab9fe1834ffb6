"""What is kept of a page never changes what is painted, and spares the network its work."""

import numpy as np
import pytest
from numpy.typing import NDArray

from colorize.model.weights import Model
from colorize.paint import inked
from colorize.paint.hints import Hint
from colorize.paint.memo import Memo
from colorize.paint.painter import Painter
from tests.models import tiny_model

RED, BLUE = Hint(0.5, 0.3, (200, 40, 40)), Hint(0.3, 0.8, (40, 60, 200))


@pytest.fixture
def page() -> NDArray[np.uint8]:
    random = np.random.default_rng(0)
    grey = np.full((150, 100), 235, np.uint8)
    grey[10:70, 10:90], grey[80:140, 10:45] = 130, 180
    grey[80:140, 50:90] = random.integers(90, 160, (60, 40))
    grey[10:12] = grey[70:72] = grey[:, 10:12] = 0
    return np.repeat(grey[..., None], 3, axis=2)


def runs(model: Model) -> list[int]:
    """Count the runs of a model's network: the list grows by one item a run."""
    counted: list[int] = []
    model.network.register_forward_hook(lambda *_: counted.append(1))
    return counted


@pytest.mark.parametrize(
    ("kind", "takes_hints"),
    [
        *(("grey", True), ("ink", False)),
        pytest.param("grey", False, marks=pytest.mark.slow),
        pytest.param("ink", True, marks=pytest.mark.slow),
    ],
)
def test_pages_are_painted_alike_with_and_without_a_memo(
    page: NDArray[np.uint8], kind: inked.Kind, takes_hints: bool
) -> None:
    model = tiny_model("unet", side=64, domains=("grey", "ink"), hints=takes_hints)
    memo = Memo()
    painters = [
        Painter(model, domain=kind),
        Painter(model, domain=kind, temperature=0.9, saturation=1.5, snap=False),
        Painter(model, domain=kind, palette=[(200, 40, 40), (240, 230, 200), (20, 60, 120)]),
        Painter(model, domain=kind, side=96),
        Painter(model, domain=kind, hues=1.0),
        Painter(model, domain=kind, brightness=2.0),
    ]
    for painter in [*painters, painters[0]]:
        for hints in ((), (RED,), (RED, BLUE), (RED._replace(x=0.6),), (BLUE,), ()):
            kept = painter.paint(page, hints=hints, memo=memo)
            assert (kept == painter.paint(page, hints=hints)).all(), (painter.side, hints)


@pytest.mark.parametrize("learned", [False, True])
def test_a_hint_costs_no_run_of_the_network(page: NDArray[np.uint8], learned: bool) -> None:
    model = tiny_model("unet", side=64, hints=learned)
    counted, memo = runs(model), Memo()
    painter = Painter(model)
    painter.paint(page, memo=memo)
    assert len(counted) == 1 + 3  # at the page, and at each panel
    for hints in ((RED,), (RED, BLUE), (BLUE,), ()):
        painter.paint(page, hints=hints, memo=memo)
    Painter(model, saturation=2.0, temperature=0.5).paint(page, memo=memo)
    painter.look(page, "grey", memo=memo)
    assert len(counted) == 1 + 3
