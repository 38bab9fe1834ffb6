"""ONNX files, run by onnxruntime: the same pictures, for pages of any size."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorize.__main__ import main
from colorize.colour.gamut import bin_centres
from colorize.commands.console import REFUSED
from colorize.model import hints, precision
from colorize.model.domains import DOMAINS, Page
from colorize.model.export import _Graph
from colorize.model.predict import margins, predict
from colorize.model.weights import Model

WANTED = ("onnx", "onnxscript", "onnxruntime")
needs_onnx = pytest.mark.skipif(
    not all(map(find_spec, WANTED)), reason=f"needs {', '.join(WANTED)}: pip install '.[dev]'"
)


def model(name: str, domains: tuple[str, ...], *, toned: bool, hinted: bool = False) -> Model:
    """A model that paints strong colours, which differ from place to place.

    One that takes hints has batch norms for each kind of pages.
    """
    centres = bin_centres(20)
    tones = np.random.default_rng(0).dirichlet(np.ones(len(centres)), 51) if toned else None
    told: dict[str, Any] = {"centres": centres, "side": 64, "params": {}, "seed": 0}
    told |= {"tones": tones, "temperature": 0.5, "hints": hinted, "norms": hinted}
    told |= {"weights": np.random.default_rng(2).uniform(0.1, 3, len(centres)), "adjustment": 0.7}
    made = Model.build(name, width=0.125, domains=domains, **told)
    torch.manual_seed(0)
    with torch.no_grad():
        for key, tensor in made.network.state_dict().items():
            if "head.weight" in key:
                tensor.mul_(50)
            elif "hinted" in key:  # an untrained network does not listen
                tensor.normal_(std=2)
            elif hinted and ("running" in key or key.endswith((".1.weight", "inked.weight"))):
                tensor.uniform_(0.5, 1.5)  # an untrained network treats all kinds of pages alike
    return made


@needs_onnx
@pytest.mark.parametrize(
    ("name", "domains", "toned", "hinted"),
    [
        ("eccv16", ("grey",), False, False),
        pytest.param("unet", ("grey", "ink", "lines"), True, True, marks=pytest.mark.slow),
        pytest.param("unet", ("grey",), True, False, marks=pytest.mark.slow),
        pytest.param("unet_l2", ("grey",), True, False, marks=pytest.mark.slow),
    ],
)
def test_onnxruntime_paints_the_same_picture(
    tmp_path: Path,
    name: str,
    domains: tuple[str, ...],
    toned: bool,
    hinted: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import onnxruntime

    monkeypatch.setenv(precision.VARIABLE, "float32")  # the precision of the file
    made = model(name, domains, toned=toned, hinted=hinted)
    made.save(tmp_path / "m.safetensors")
    arguments = ["export", str(tmp_path / "m.safetensors"), "--onnx", str(tmp_path / "m.onnx")]
    assert main([*arguments, "--temperature", "0.4"]) == 0
    assert capsys.readouterr().out.endswith(" bytes\n")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    told = json.loads(session.get_modelmeta().custom_metadata_map["colorize"])
    assert (told["recipe"], told["domains"], told["hints"]) == (name, list(domains), hinted)
    assert (told["temperature"], told["adjustment"], told["side"]) == (0.4, 0.7, 64)
    assert told["centres"] == made.centres.tolist()
    random, worst = np.random.default_rng(1), 0
    for number, height, width in ((1, 96, 64), (2, 33, 130), (3, 32, 32)):
        pages = random.integers(0, 256, (number, height // 8 + 1, width // 8 + 1, 1), np.uint8)
        pages = pages.repeat(8, 1).repeat(8, 2)[:, :height, :width].repeat(3, 3)
        for domain in map(DOMAINS.__getitem__, domains):
            lightness = np.stack([Page.of(page).lightness for page in pages])
            seen = domain.observe(lightness)
            conditions = {"hints": told_of(number, height, width)} if hinted else {}
            expected = predict(made, seen, conditions).colours(0.4, 0.7)
            found = run(session, seen, told, conditions)
            if hinted:
                unaware = predict(made, seen).colours(0.4, 0.7)
                assert np.abs(unaware - expected).max() > 5, "the hints change nothing"
            assert found.shape == expected.shape
            for page, ours, theirs in zip(map(Page.of, pages), expected, found, strict=True):
                kept = slice(-2, None) if not domain.gives_lightness else slice(None)
                ways = [domain.join(page, of[..., kept]).astype(int) for of in (ours, theirs)]
                assert np.ptp(ways[0], axis=2).max() > 20, "nothing is painted"
                worst = max(worst, int(np.abs(ways[0] - ways[1]).max()))
    assert worst <= 2


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    ("name", "domains", "hinted"),
    [
        ("unet", ("grey", "ink", "lines"), True),
        ("unet", ("grey",), False),
        ("unet_l2", ("grey",), False),
    ],
)
def test_the_graph_computes_what_predict_does(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    domains: tuple[str, ...],
    hinted: bool,
    number: int,
) -> None:
    """Tables of tones, hints and lightness, in PyTorch, before the exporter follows the graph."""
    monkeypatch.setenv(precision.VARIABLE, "float32")
    made = model(name, domains, toned=True, hinted=hinted)
    lightness = np.random.default_rng(1).uniform(0, 100, (number, 64, 96)).astype(np.float32)
    conditions = {"hints": told_of(number, 64, 96)} if hinted else {}
    graph = _Graph(made).eval()
    for domain in made.domains:
        seen = domain.observe(lightness)
        expected = predict(made, seen, conditions).colours(0.5, 0.7)
        padded = np.pad(seen, ((0, 0), (0, made.spec.channels - seen.shape[1]), (0, 0), (0, 0)))
        with torch.no_grad():
            found = graph(torch.from_numpy(padded), *conditions.values())
        assert np.ptp(expected) > 20
        np.testing.assert_allclose(np.moveaxis(found.numpy(), 1, -1), expected, atol=0.01)


def told_of(number: int, height: int, width: int) -> torch.Tensor:
    """Two hints on every page."""
    places = ((0.3, 0.4, (200, 60, 40), 0.05), (0.8, 0.7, (40, 90, 220), 0.1))
    plane = hints.plane(places, height, width, lightness=True)
    return torch.from_numpy(plane).permute(2, 0, 1).repeat(number, 1, 1, 1)


def run(
    session: Any,
    seen: NDArray[np.float32],
    told: Mapping[str, Any],
    conditions: Mapping[str, torch.Tensor],
) -> NDArray[np.float32]:
    """Do what docs/painting.md says: add margins and empty channels, run, cut the margins off."""
    height, width = seen.shape[2:]
    bottom, right = margins(height, width, told["side_multiple"])
    padded = np.pad(seen, ((0, 0), (0, 0), (0, bottom), (0, right)), mode="edge")
    padded = np.pad(padded, ((0, 0), (0, told["channels"] - seen.shape[1]), (0, 0), (0, 0)))
    given = {
        name: np.pad(plane.numpy(), ((0, 0), (0, 0), (0, bottom), (0, right)))
        for name, plane in conditions.items()
    }
    (colours,) = session.run(None, {"seen": padded, **given})
    cut: NDArray[np.float32] = np.moveaxis(colours[:, :, :height, :width], 1, -1)
    return cut


def test_without_the_packages_it_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model("eccv16", ("grey",), toned=False).save(tmp_path / "m.safetensors")
    monkeypatch.setattr("colorize.model.export.find_spec", lambda name: None)
    arguments = ["export", str(tmp_path / "m.safetensors"), "--onnx", str(tmp_path / "m.onnx")]
    assert main(arguments) == REFUSED
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "pip install 'colorize[onnx]'" in said
    assert not (tmp_path / "m.onnx").exists()


def test_a_model_is_not_replaced_by_its_own_graph(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model("eccv16", ("grey",), toned=False).save(path)
    before = path.read_bytes()
    assert main(["export", str(path), "--onnx", str(path)]) == REFUSED
    assert path.read_bytes() == before
