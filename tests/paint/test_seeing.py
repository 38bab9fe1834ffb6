"""What a network says of a page at which it looked as a whole and panel by panel."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.ingest.gutters import Box
from colorize.model.domains import GREY
from colorize.model.predict import predict
from colorize.model.targets import stack_conditions
from colorize.model.weights import Model
from colorize.paint import seeing
from tests.models import tiny_model

SIDE, STRIDE = 64, 4
PANELS = [Box(8, 4, 8 + SIDE, 4 + SIDE), Box(88, 56, 88 + SIDE, 56 + SIDE)]
"""Of a page of 160 x 128, at places that the cells of the output divide evenly."""
WHOLE = 160, 128


def observe(part: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Pictures of one size alone: nothing here is enlarged."""
    assert part.shape == size
    return GREY.observe(part[None])


@pytest.fixture(scope="module")
def model() -> Model:
    return tiny_model("unet", hints=True, side=SIDE)


@pytest.fixture
def page(rng: np.random.Generator) -> NDArray[np.float32]:
    return rng.uniform(0, 100, WHOLE).astype(np.float32)


def said(model: Model, part: NDArray[np.float32], **given: Any) -> torch.Tensor:
    """What the network says of a picture."""
    return predict(model, GREY.observe(part[None]), stack_conditions([given])).output.float()


def cells(box: Box) -> tuple[slice, slice]:
    """Where a panel is in the output."""
    return (
        slice(box.top // STRIDE, box.bottom // STRIDE),
        slice(box.left // STRIDE, box.right // STRIDE),
    )


def test_a_page_without_panels_is_one_look(model: Model, page: NDArray[np.float32]) -> None:
    found = seeing.look(model, page, WHOLE, observe, conditions={})
    torch.testing.assert_close(found.output.float(), said(model, page))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_in_a_panel_both_looks_count(model: Model, page: NDArray[np.float32], share: float) -> None:
    found = seeing.look(model, page, WHOLE, observe, conditions={}, panels=PANELS, share=share)
    expected = said(model, page)
    outside = torch.ones(expected.shape[2:], dtype=torch.bool)
    for box in PANELS:
        at = cells(box)
        outside[at] = False
        own = said(model, page[box.top : box.bottom, box.left : box.right])
        there = expected[:, :, at[0], at[1]]
        mixed = share * there + (1 - share) * own
        torch.testing.assert_close(found.output[:, :, at[0], at[1]].float(), mixed)
        assert (own - there).abs().max() > 0.01
    torch.testing.assert_close(found.output[..., outside].float(), expected[..., outside])
    assert found.size == WHOLE
    assert found.colours(0.38).shape == (1, *WHOLE, 2)


def test_what_the_network_is_told_goes_with_the_panels(
    model: Model, page: NDArray[np.float32], rng: np.random.Generator
) -> None:
    hints = rng.uniform(0, 1, (*WHOLE, 4)).astype(np.float32)
    found = seeing.look(model, page, WHOLE, observe, conditions={"hints": hints}, panels=PANELS)
    box, at = PANELS[1], cells(PANELS[1])
    own = np.s_[box.top : box.bottom, box.left : box.right]
    alone = said(model, page[own], hints=hints[own])
    torch.testing.assert_close(found.output[:, :, at[0], at[1]].float(), alone)


def test_looks_of_other_sizes_are_brought_to_the_page(model: Model) -> None:
    """An even page stays even: a smaller look at the whole, larger and smaller ones at panels."""
    page = np.full((301, 203), 60, np.float32)
    seen: list[tuple[int, int]] = []

    def even(part: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
        seen.append(size)
        return GREY.observe(np.full((1, *size), part[0, 0], np.float32))

    panels = [Box(0, 0, 150, 203), Box(160, 0, 190, 40), Box(300, 0, 301, 203)]
    found = seeing.look(model, page, (190, 129), even, conditions={}, panels=panels, whole=(95, 64))
    assert seen[0] == (95, 64)
    assert seen[1] == (190, 129)
    assert found.size == (190, 129)
    assert found.guide.shape[2:] == (192, 160)
    assert found.output.shape[2:] == (48, 40)
    assert found.logits().shape[2:] == (48, 33)
    colours = found.colours(0.38)
    assert colours.shape == (1, 190, 129, 2)
    assert np.isfinite(colours).all()
