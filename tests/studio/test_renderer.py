"""What the renderer keeps while pages change under it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from colorize.errors import ImageError
from colorize.paint.hints import Hint
from colorize.paint.painter import Painter
from colorize.studio.colours import Colours
from colorize.studio.pictures import SCREEN, Kind, View
from colorize.studio.project import Page, Project, Settings
from colorize.studio.renderer import Renderer
from tests.models import tiny_model

RED = Hint(0.5, 0.3, (200, 40, 40))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def rendering(project: Project, painter: Painter, told: Callable[[Page], None]) -> Renderer:
    return Renderer(
        project, Colours(project.folder, "a model", bins=313), painter, model="m", tell=told
    )


def settle(renderer: Renderer) -> None:
    """Wait until all that is asked for is done."""
    renderer.worker.submit("last", lambda: None, urgent=True).result(60)


def test_the_newest_picture_is_stored_when_hints_change_while_a_page_is_painted(
    project: Project, page: Callable[..., bytes]
) -> None:
    model, changes = tiny_model(), []
    added = project.add_page("1.png", page(1))

    def change(*_: object) -> None:
        if not changes:
            project.set_hints(added, [RED])
            changes.append(renderer.view(added, SCREEN))

    model.network.register_forward_hook(change)
    renderer = rendering(project, Painter(model), lambda _: None)
    first = renderer.view(added, SCREEN).result(60)
    second = changes[0].result(60)
    settle(renderer)
    assert first.version != second.version == renderer.version(added)
    assert renderer.state(added)["state"] == "painted"
    assert renderer.state(added)["thumb"] == second.version
    renderer.close()


def test_a_page_that_is_shown_is_looked_at_before_its_first_hint(
    project: Project, page: Callable[..., bytes]
) -> None:
    model, runs = tiny_model(), []
    model.network.register_forward_hook(lambda *_: runs.append(1))
    one, other = (project.add_page(f"{number}.png", page(number)) for number in (1, 2))
    renderer = rendering(project, Painter(model), lambda _: None)
    renderer.open(one).result(60)
    settle(renderer)
    once = len(runs)  # at the page, and at each of its panels
    assert once > 0
    for hints in ([RED], [RED, RED._replace(y=0.8)], []):
        project.set_hints(one, hints)
        renderer.view(one, SCREEN).result(60)
        assert renderer.likely(one, 0.4, 0.4).result(60)
    assert len(runs) == once
    renderer.view(other, SCREEN).result(60)
    assert len(runs) == 2 * once
    renderer.close()


def test_suggested_colours_are_as_bright_as_the_page_is_painted(project: Project) -> None:
    model = tiny_model("unet", width=0.25, domains=("grey", "ink"))
    renderer = rendering(project, Painter(model, domain="ink"), lambda _: None)
    inked = np.full((200, 150, 3), 255, np.uint8)
    inked[::20] = inked[:, ::30] = 0
    added = project.add_page("1.png", cv2.imencode(".png", inked)[1].tobytes())
    found = {}
    for brightness in (1.0, 2.0):
        project.set_settings(Settings(brightness=brightness, domain="ink"))
        said = renderer.likely(added, 0.4, 0.4).result(60)
        found[brightness] = np.array([list(bytes.fromhex(color[1:])) for color in said])
    np.testing.assert_allclose(found[2.0], 255 * np.sqrt(found[1.0] / 255), atol=0.51)
    assert (found[2.0] > found[1.0]).any()
    renderer.close()


def test_what_hints_do_not_change_is_kept_at_two_levels(
    project: Project, page: Callable[..., bytes]
) -> None:
    model, runs = tiny_model(), []
    model.network.register_forward_hook(lambda *_: runs.append(1))
    added = project.add_page("1.png", page(1, height=1500, width=1000))
    renderer = rendering(project, Painter(model), lambda _: None)
    wanted = [View(Kind.PAINTED, level) for level in (0, 1, 0, 1, 2, 0, 2)]
    seen = []
    for number, view in enumerate(wanted):
        project.set_hints(added, [RED._replace(x=0.1 + number / 20)])
        assert renderer.view(added, view).result(60).version == renderer.version(added)
        seen.append(len(runs))
    assert seen == [1, 2, 2, 2, 3, 3, 3]
    renderer.close()


def test_hues_are_those_of_the_settings_or_of_the_painter(project: Project) -> None:
    model = tiny_model("unet", width=0.25, domains=("grey", "ink"))
    renderer = rendering(project, Painter(model, hues=0.1), lambda _: None)
    inked = np.full((200, 150, 3), 255, np.uint8)
    inked[::20] = inked[:, ::30] = 0
    painted = {}
    for settings, hues in ((Settings(), 0.1), (Settings(hues=0), 0.0), (Settings(hues=1), 1.0)):
        painted[hues] = renderer.painter(settings).paint(inked)
        np.testing.assert_array_equal(painted[hues], Painter(model, hues=hues).paint(inked))
    assert (painted[0.0] != painted[1.0]).any()
    renderer.close()


def test_a_closer_look_that_fails_leaves_the_page_as_it_is(
    project: Project, page: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    added = project.add_page("1.png", page(1, height=2400, width=1600))
    painter, paint = Painter(tiny_model()), Painter.paint
    renderer = rendering(project, painter, lambda _: None)
    limit = 600_000

    def small_memory(self: Painter, rgb: np.ndarray, **given: Any) -> np.ndarray:
        if rgb.shape[0] * rgb.shape[1] > limit:
            raise ImageError("too_large", "not enough memory")
        return paint(self, rgb, **given)

    monkeypatch.setattr(Painter, "paint", small_memory)
    renderer.view(added, SCREEN).result(60)
    with pytest.raises(ImageError):
        renderer.view(added, View(Kind.PAINTED, 1)).result(60)
    settle(renderer)
    assert renderer.state(added)["state"] == "painted"
    limit = 0
    project.set_hints(added, [RED])
    with pytest.raises(ImageError):
        renderer.view(added, SCREEN).result(60)
    assert renderer.state(added)["state"] == "failed"
    limit = 600_000
    renderer.view(added, SCREEN).result(60)
    settle(renderer)
    assert renderer.state(added)["state"] == "painted"
    renderer.close()


def test_a_page_that_was_removed_is_not_painted(
    project: Project, page: Callable[..., bytes]
) -> None:
    model, runs = tiny_model(), []
    model.network.register_forward_hook(lambda *_: runs.append(1))
    renderer = rendering(project, Painter(model), lambda _: None)
    added = project.add_page("1.png", page(1))
    project.remove([added])
    with pytest.raises(LookupError):
        renderer.view(added, SCREEN).result(60)
    assert runs == []
    renderer.close()
