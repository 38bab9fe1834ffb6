"""Hints: what the network is shown of them, and what training simulates."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.colour import lab
from colorize.errors import ModelError
from colorize.model import hints
from colorize.model.domains import GREY, INK, Key, View
from colorize.model.predict import predict
from colorize.model.weights import Model
from colorize.paint.hints import Hint
from tests.models import tiny_model

RED = (200, 30, 40)
KEYS = [Key(0, 1, number) for number in range(120)]


def drawn() -> NDArray[np.uint8]:
    """Three flat regions, 96 x 96: the left one blue, right of it green over yellow."""
    rgb = np.empty((96, 96, 3), np.uint8)
    rgb[:, :40] = 40, 60, 180
    rgb[:50, 40:] = 60, 160, 70
    rgb[50:, 40:] = 230, 210, 90
    return rgb


def grey(rgb: NDArray[np.uint8]) -> View:
    return GREY.view(rgb, KEYS[0])


def there(view: View) -> NDArray[np.bool_]:
    return view.conditions[hints.NAME][..., 3] > 0


def test_a_hint_is_a_disc_of_its_colour() -> None:
    made = hints.plane([Hint(0.25, 0.5, RED, 0.1)], 40, 80, lightness=True)
    assert made.shape == (40, 80, hints.CHANNELS)
    np.testing.assert_allclose(
        made[20, 20, :3], lab.rgb_to_lab(np.array([[RED]], np.uint8))[0, 0], atol=1e-4
    )
    disc = made[..., 3] == 1
    rows, columns = np.nonzero(disc)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (16, 24, 16, 24)
    assert not made[~disc].any()


def test_a_grey_page_has_its_own_lightness() -> None:
    dark, light = (
        hints.plane([Hint(0.5, 0.5, c, 0.1)], 20, 20, lightness=False)[10, 10, 0]
        for c in ((90, 0, 0), (255, 200, 200))
    )
    assert dark == light == 50


@pytest.mark.parametrize("place", [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0)])
def test_a_hint_in_a_corner_is_inside(place: tuple[float, float]) -> None:
    made = hints.plane([Hint(*place, RED, 0.001)], 33, 47, lightness=True)
    assert made[..., 3].sum() >= 3


def test_the_later_hint_covers_the_earlier_one() -> None:
    points = [Hint(0.5, 0.5, c, 0.1) for c in ((0, 0, 0), RED)]
    made = hints.plane(points, 30, 30, lightness=True)
    assert made[15, 15, 0] == pytest.approx(
        lab.rgb_to_lightness(np.array([[RED]], np.uint8))[0, 0], abs=1e-3
    )


def test_hints_are_simulated_as_often_as_said() -> None:
    shown = [there(hints.simulate(grey(drawn()), key)).any() for key in KEYS]
    assert 0.45 < np.mean(shown) < 0.75


def test_the_same_key_gives_the_same_hints() -> None:
    first, again = (hints.simulate(grey(drawn()), KEYS[3]) for _ in range(2))
    np.testing.assert_array_equal(first.truth, again.truth)
    np.testing.assert_array_equal(first.conditions[hints.NAME], again.conditions[hints.NAME])
    others = {hints.simulate(grey(drawn()), key).conditions[hints.NAME].tobytes() for key in KEYS}
    assert len(others) > 50


def test_a_hint_names_the_colour_of_the_target_where_it_stands() -> None:
    errors = []
    for key in KEYS:
        view = hints.simulate(grey(drawn()), key)
        named = view.conditions[hints.NAME]
        # The middle of a disc: its rim may lie beyond the edge of a region.
        inside = there(view) & (_eroded(there(view)))
        if inside.any():
            truth = lab.rgb_to_lab(view.truth)
            errors.append(
                np.median(np.abs(named[inside] - np.dstack([truth, there(view)])[inside]), 0)
            )
    assert len(errors) > 30
    assert np.mean(errors, axis=0)[1:].max() < 2 * hints.INEXACT


def _eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inner = mask.copy()
    inner[1:-1, 1:-1] &= mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return inner


def test_a_false_hint_changes_one_region_and_no_lightness() -> None:
    rgb, changes = drawn(), 0
    for key in KEYS:
        view = hints.simulate(grey(rgb), key)
        assert view.page is view.truth
        change = (view.truth != rgb).any(-1)
        if change.any():
            changes += 1
            regions = [change[:, :40], change[:50, 40:], change[50:, 40:]]
            assert [part.all() for part in regions] == [part.any() for part in regions]
            assert sum(part.all() for part in regions) == 1
            assert (there(view) & change).any()
            before, after = lab.rgb_to_lab(rgb), lab.rgb_to_lab(view.truth)
            assert np.abs(before - after)[..., 0].max() < 1
    assert 10 < changes < 60
    np.testing.assert_array_equal(rgb, drawn())


def test_hints_on_inked_pages_keep_off_the_ink_and_leave_the_page() -> None:
    rng = np.random.default_rng(1)
    rgb = np.repeat(np.repeat(rng.integers(40, 220, (6, 6, 3), np.uint8), 20, 0), 20, 1)
    seen = 0
    for key in KEYS[:40]:
        view = INK.view(rgb, key)
        hinted = hints.simulate(view, key)
        np.testing.assert_array_equal(hinted.page, view.page)
        named = hinted.conditions[hints.NAME]
        if named.any():
            seen += 1
            ink = view.masks["ink"]
            unchanged = (hinted.truth == view.truth).all(-1)
            assert unchanged[ink].mean() > 0.97
    assert seen > 10


def hinted_model() -> Model:
    return tiny_model("unet", width=0.25, hints=True)


def test_an_untrained_network_paints_alike_with_and_without_hints() -> None:
    model = hinted_model()
    seen = np.random.default_rng(0).uniform(0, 100, (1, 1, 64, 64)).astype(np.float32)
    condition = hints.plane([Hint(0.5, 0.5, RED, 0.05)], 64, 64, lightness=False)
    planes = torch.from_numpy(condition.transpose(2, 0, 1)[None])
    without = predict(model, seen).colours(1.0)
    with_hints = predict(model, seen, {hints.NAME: planes}).colours(1.0)
    np.testing.assert_allclose(with_hints, without, atol=0.05)


def test_no_hints_are_hints_without_points() -> None:
    model = hinted_model()
    with torch.no_grad():
        for parameter in model.network.hinted.parameters():  # type: ignore[union-attr]
            parameter.normal_(std=0.1)
    seen = np.random.default_rng(0).uniform(0, 100, (1, 1, 64, 64)).astype(np.float32)
    nothing = {hints.NAME: torch.zeros(1, hints.CHANNELS, 64, 64)}
    np.testing.assert_allclose(
        predict(model, seen, nothing).colours(1.0), predict(model, seen).colours(1.0), atol=0.05
    )


def test_a_network_learns_to_obey_a_false_hint() -> None:
    torch.manual_seed(0)
    model = hinted_model()
    rgb = drawn()
    optimiser = torch.optim.Adam(model.network.parameters(), lr=5e-3)
    seen = torch.from_numpy(lab.rgb_to_lightness(rgb)[None, None, :32, :32])
    colours = [RED, (20, 150, 60), (30, 60, 200)]
    planes = torch.stack(
        [
            torch.from_numpy(
                hints.plane([Hint(0.3, 0.3, c, 0.1)], 32, 32, lightness=False).transpose(2, 0, 1)
            )
            for c in colours
        ]
    )
    ab = torch.from_numpy(lab.rgb_to_lab(np.array([colours], np.uint8))[0, :, 1:])
    distances = ((model.centres[None].float() - ab[:, None]) ** 2).sum(-1)
    target = distances.argmin(1)
    model.network.train()
    for _ in range(150):
        optimiser.zero_grad()
        logits = model.network(seen.expand(3, 1, 32, 32), hints=planes)
        loss = torch.nn.functional.cross_entropy(
            logits[:, :, :4, :4], target[:, None, None].expand(3, 4, 4)
        )
        loss.backward()
        optimiser.step()
    chosen = logits[:, :, :4, :4].argmax(1)
    right = (chosen == target[:, None, None]).float().mean((1, 2))
    assert (right > 0.9).all(), right


def test_the_model_file_says_whether_it_takes_hints(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    hinted_model().save(path)
    assert Model.load(path).spec.hints


def test_a_recipe_that_takes_none_refuses_hints() -> None:
    with pytest.raises(ModelError, match="takes no hints"):
        tiny_model(hints=True)
