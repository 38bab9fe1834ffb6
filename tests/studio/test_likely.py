import numpy as np
import pytest

from colorize.colour import lab
from colorize.colour.gamut import bin_centres
from colorize.model.weights import Model
from colorize.paint.painter import Painter
from colorize.studio.likely import COUNT, Guess, clusters
from tests.models import ORANGE, tiny_model


def near(centres: np.ndarray, place: tuple[float, float], spread: float) -> np.ndarray:
    """A distribution over the bins around a colour."""
    shares = np.exp(-((centres - place) ** 2).sum(axis=1) / (2 * spread**2))
    return shares / shares.sum()


def test_clusters_of_a_known_mixture_are_its_colours_by_weight() -> None:
    centres = bin_centres().astype(np.float64)
    places = [(50.0, 40.0), (-30.0, 30.0), (10.0, -50.0)]
    weights = [0.5, 0.3, 0.2]
    shares = sum(w * near(centres, p, 5) for w, p in zip(weights, places, strict=True))
    found = clusters(shares, centres)
    assert len(found) <= COUNT
    first = [min(range(3), key=lambda n: np.hypot(*(place - places[n]))) for place in found]
    assert set(first) == {0, 1, 2}
    for place, which in zip(found, first, strict=True):
        assert np.hypot(*(place - places[which])) < 16


def test_clusters_are_apart() -> None:
    centres = bin_centres().astype(np.float64)
    random = np.random.default_rng(0)
    for _ in range(20):
        shares = random.dirichlet(np.full(len(centres), 0.05))
        found = np.array(clusters(shares, centres))
        apart = np.hypot(*(found[:, None] - found).transpose(2, 0, 1))
        assert 1 <= len(found) <= COUNT
        assert (apart[~np.eye(len(found), dtype=bool)] >= 8).all()


def test_a_certain_network_suggests_its_one_colour(orange: Painter) -> None:
    page = np.full((90, 70, 3), 150, np.uint8)
    colours = Guess(orange, page, domain="grey").at(0.4, 0.6)
    assert len(colours) == 1
    lightness, a, b = lab.rgb_to_lab(np.array([[colours[0]]], np.uint8))[0, 0]
    assert abs(a - ORANGE[0]) + abs(b - ORANGE[1]) < 4
    assert abs(lightness - lab.rgb_to_lab(page[:1, :1])[0, 0, 0]) < 1


@pytest.mark.parametrize("recipe", ["unet", "eccv16", "unet_l2"])
@pytest.mark.parametrize("shape", [(1, 1), (300, 5), (64, 900), (200, 150)])
def test_any_page_and_network_has_a_suggestion_everywhere(
    recipe: str, shape: tuple[int, int]
) -> None:
    model = Model.build(recipe, width=0.125, centres=bin_centres(), side=32, params={}, seed=0)
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    guess = Guess(Painter(model), rgb, domain="grey")
    for x, y in ((0, 0), (1, 1), (0.5, 0.5)):
        colours = guess.at(x, y)
        assert 1 <= len(colours) <= COUNT
        assert all(0 <= value <= 255 for colour in colours for value in colour)
        assert guess.at(x, y) == colours


def test_inked_pages_are_guessed_as_ink() -> None:
    model = tiny_model("unet", side=32, domains=("grey", "ink"))
    page = np.full((80, 60, 3), 255, np.uint8)
    page[::7] = 0
    guess = Guess(Painter(model), page, domain="ink")
    assert 1 <= len(guess.at(0.5, 0.5)) <= COUNT
