import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from colorize.colour.gamut import bin_centres
from colorize.errors import ModelError
from colorize.model import precision
from colorize.model.weights import Model
from colorize.paint.painter import Painter
from tests.imports import ROOT


def build(seed: int = 0) -> Model:
    return Model.build(
        "eccv16",
        width=0.125,
        centres=bin_centres(20),
        side=64,
        params={"lr": 1e-3},
        seed=seed,
        temperature=0.6,
        weights=np.linspace(0.5, 2, len(bin_centres(20))),
        adjustment=0.5,
        sources=["characters", "folder"],
    )


def test_round_trip(tmp_path: Path) -> None:
    model = build()
    model.save(tmp_path / "m.safetensors")
    loaded = Model.load(tmp_path / "m.safetensors")
    assert (loaded.recipe, loaded.spec, loaded.side) == (model.recipe, model.spec, 64)
    assert loaded.params == {"lr": 1e-3}
    assert (loaded.temperature, loaded.adjustment) == (0.6, 0.5)
    torch.testing.assert_close(loaded.weights, model.weights)
    assert (loaded.temperature, loaded.domains) == (0.6, model.domains)
    assert loaded.sources == ("characters", "folder")
    torch.testing.assert_close(loaded.centres, model.centres)
    grey = torch.rand(1, 1, 32, 32) * 100
    with torch.no_grad():
        assert (loaded.network(grey) == model.network.eval()(grey)).all()


def test_the_seed_alone_decides_the_first_weights_and_bytes(tmp_path: Path) -> None:
    torch.manual_seed(5)
    build().save(tmp_path / "a")
    torch.manual_seed(6)
    before = torch.get_rng_state()
    build().save(tmp_path / "b")
    build(seed=1).save(tmp_path / "c")
    assert (torch.get_rng_state() == before).all()
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("name", ["eccv16", "eccv16_l2", "unet", "unet_l2", "pix2pix"])
def test_any_recipe_can_have_a_tone_table(tmp_path: Path, name: str) -> None:
    centres = bin_centres(20)
    tones = np.random.default_rng(0).dirichlet(np.ones(len(centres)), 51)
    arguments = {"width": 0.125, "centres": centres, "side": 64, "params": {}, "seed": 0}
    model = Model.build(name, **arguments, tones=tones)
    model.save(tmp_path / "model")
    loaded = Model.load(tmp_path / "model")
    assert loaded.spec == model.spec
    page = torch.rand(1, 1, 64, 64) * 100
    with torch.inference_mode():
        torch.testing.assert_close(loaded.network.eval()(page), model.network.eval()(page))
    plain = Model.build(name, **arguments)
    assert model.count() - plain.count() == 51 * (len(centres) if model.recipe.classifies else 2)


def test_a_model_elsewhere_is_a_copy() -> None:
    model = build()
    assert model.to(torch.device("cpu")) is model
    moved = model.to(torch.device("meta"))
    assert (moved.device.type, moved.centres.device.type) == ("meta", "meta")
    assert (model.device.type, model.centres.device.type) == ("cpu", "cpu")
    assert next(model.network.parameters()).isfinite().all()


def test_rejects_unusable_files(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(ModelError, match="make repro"):
        Model.load(path)
    build().save(path)
    content = path.read_bytes()
    for cut in (0, 7, 100, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(ModelError, match="no readable model"):
            Model.load(path)
    torch.save({"a": 1}, path)
    with pytest.raises(ModelError, match="no readable model"):
        Model.load(path)


def rewritten(
    path: Path,
    described: Mapping[str, Any] | None = None,
    tensors: Mapping[str, torch.Tensor | None] | None = None,
    text: str | None = None,
) -> None:
    """Save a model with other metadata or tensors; None takes a tensor away."""
    build().save(path)
    with safetensors.safe_open(path, "pt") as file:
        held = json.loads(file.metadata()["colorize"]) | dict(described or {})
        whole = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    kept = {name: t for name, t in (whole | dict(tensors or {})).items() if t is not None}
    safetensors.torch.save_file(kept, path, {"colorize": text or json.dumps(held)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "a newer version"),
        ({"format": 1}, "another version"),
        ({"format": "x"}, "another version"),
        ({"recipe": "\x1b[31mnonsense"}, r"unknown recipe '.x1b\[31mnonsense'"),
        ({"recipe": ["eccv16"]}, "recipe is no text"),
        ({"domains": ["nowhere"]}, "unknown domain 'nowhere'"),
        ({"domains": []}, "no domain"),
        ({"domains": "grey"}, "domains is no list"),
        ({"width": 0.25}, "has the shape"),
        ({"width": "wide"}, "width is no number"),
        ({"width": 8}, "width is 8, not between"),
        ({"width": 1e308}, "not between"),
        ({"width": float("inf")}, "not between"),
        ({"width": float("nan")}, "not between"),
        ({"width": -1}, "not between"),
        ({"adjustment": 5}, "adjustment is 5, not between"),
        ({"adjustment": True}, "adjustment is no number"),
        ({"width": True}, "width is no number"),
        ({"side": None}, "side is no number"),
        ({"side": 100_000}, "side is 100000"),
        ({"side": 0}, "side is 0"),
        ({"side": 10**400}, "side is 1"),
        ({"temperature": 0}, "temperature is 0"),
        ({"temperature": 2}, "temperature is 2"),
        ({"sources": [1]}, "sources is no list"),
        ({"params": []}, "params are no mapping"),
        ({"norms": 3}, "neither 1 nor 2"),
        ({"norms": "two"}, "neither 1 nor 2"),
        ({"norms": True}, "neither 1 nor 2"),
    ],
)
def test_rejects_foreign_metadata(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = tmp_path / "m.safetensors"
    rewritten(path, change)
    with pytest.raises(ModelError, match=words) as refusal:
        Model.load(path)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("text", ["{}", "[]", "3", "null", "x", "[" * 100_000])
def test_rejects_metadata_that_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.safetensors"
    rewritten(path, text=text)
    with pytest.raises(ModelError, match="no model of this project"):
        Model.load(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network.head.bias": None}, "lacks the tensor 'head.bias'"),
        ({"network.x\n\x1b": torch.ones(1)}, "should not hold the tensor"),
        ({"network.head.bias": torch.ones(7)}, "head.bias has the shape"),
        ({"centres": None}, "does not contain tensor centres"),
        ({"centres": torch.ones(3)}, "centres have the shape"),
        ({"centres": torch.ones(5, 2)}, "no whole numbers"),
        ({"centres": torch.full((5, 2), 2**62)}, "no whole numbers"),
        ({"weights": torch.ones(5)}, "class weights have the shape"),
        ({"weights": torch.zeros(len(bin_centres(20)))}, "no finite numbers above 0"),
    ],
)
def test_rejects_foreign_tensors(
    tmp_path: Path, change: dict[str, torch.Tensor | None], words: str
) -> None:
    path = tmp_path / "m.safetensors"
    rewritten(path, tensors=change)
    with pytest.raises(ModelError, match=words) as refusal:
        Model.load(path)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_rejects_numbers_that_are_not_finite(tmp_path: Path, value: float) -> None:
    path = tmp_path / "m.safetensors"
    bias = build().network.state_dict()["head.bias"].clone()
    bias[3] = value
    rewritten(path, tensors={"network.head.bias": bias})
    with pytest.raises(ModelError, match=r"head\.bias holds numbers that are not finite"):
        Model.load(path)
    rewritten(path, tensors={"network.head.bias": bias.nan_to_num(0, 0).double()})
    with pytest.raises(ModelError, match=r"of type torch\.float64"):
        Model.load(path)


PEAK = """
import resource, sys, time
from pathlib import Path
from colorize.errors import ModelError
from colorize.model.weights import Model
accepted = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    started = time.process_time()
    try:
        Model.load(path)
        accepted += 1
    except ModelError as error:
        assert str(error).isprintable(), (path.name, error)
    assert time.process_time() - started < 5, path.name
print(accepted, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_no_mutant_of_a_model_file_does_harm(tmp_path: Path) -> None:
    """200 files: bytes changed, cut, doubled, numbers of the header and metadata replaced."""
    pytest.importorskip("resource")
    build().save(tmp_path / "m.safetensors")
    content = (tmp_path / "m.safetensors").read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    folder, random = tmp_path / "mutants", np.random.default_rng(0)
    folder.mkdir()
    for number in range(200):
        mutant = bytearray(content)
        kind = number % 5
        if kind == 0:  # bytes of the header
            for at in random.integers(0, end, 3):
                mutant[at] = random.integers(256)
        elif kind == 1:  # a number of the header or the metadata
            found = list(re.finditer(rb"[0-9]+", content[8:end]))
            chosen = found[random.integers(len(found))]
            new = random.choice([b"0", b"-1", b"99999999", b"1e999", b"4096", b"[]", b"1"])
            header = content[8 : 8 + chosen.start()] + new + content[8 + chosen.end() : end]
            mutant = bytearray(len(header).to_bytes(8, "little") + header + content[end:])
        elif kind == 2:  # bytes of the tensors
            for at in random.integers(end, len(content), 20):
                mutant[at] = random.integers(256)
        elif kind == 3:
            mutant = mutant[: random.integers(len(content))]
        else:  # a stretch is doubled, and the length of the header is anything
            a, b = sorted(random.integers(0, len(content), 2).tolist())
            mutant[a:a] = mutant[a:b]
            mutant[:8] = int(random.integers(0, 2**62)).to_bytes(8, "little")
        (folder / f"{number:03}").write_bytes(mutant)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    accepted, peak = map(int, done.stdout.split())
    assert accepted < 100
    assert peak * 1024 < 2 << 30  # bytes on Linux


@pytest.mark.parametrize("name", ["unet", "eccv16", "unet_l2"])
def test_half_precision_keeps_what_is_small_and_paints_alike(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(precision.VARIABLE, "float32")  # bfloat16 rounds more than half precision
    centres, random = bin_centres(20), np.random.default_rng(0)
    model = Model.build(
        name,
        width=0.5,
        centres=centres,
        side=64,
        params={},
        seed=0,
        temperature=0.38,
        tones=random.dirichlet(np.ones(len(centres)), 51),
    )
    with torch.no_grad():  # as after a training: statistics far from 0 and 1, logits apart
        for key, tensor in model.network.state_dict().items():
            if key.endswith("running_var"):
                tensor.uniform_(0.01, 50)
            elif key.endswith(("running_mean", "bias")):
                tensor.normal_(0, 2)
            elif "head.weight" in key:
                tensor.mul_(20)
    model.save(tmp_path / "whole")
    model.save(tmp_path / "half", half=True)
    size = [(tmp_path / file).stat().st_size for file in ("half", "whole")]
    assert size[0] < 0.6 * size[1]
    kept, loaded = Model.load(tmp_path / "whole"), Model.load(tmp_path / "half")
    assert (loaded.temperature, loaded.spec, loaded.recipe) == (0.38, kept.spec, kept.recipe)
    for key, tensor in loaded.network.state_dict().items():
        assert tensor.dtype == kept.network.state_dict()[key].dtype, key
        if tensor.ndim != 4:
            assert (tensor == kept.network.state_dict()[key]).all(), key
    page = random.integers(0, 256, (16, 12), np.uint8).repeat(8, 0).repeat(8, 1)
    ways = [Painter(of).paint(page).astype(int) for of in (kept, loaded)]
    assert np.ptp(ways[0], axis=2).mean() > 5, "nothing is painted"
    assert (np.abs(ways[0] - ways[1]).max(axis=2) <= 1).mean() > 0.95


def test_half_precision_of_half_precision_is_the_same_file(tmp_path: Path) -> None:
    build().save(tmp_path / "half", half=True)
    Model.load(tmp_path / "half").save(tmp_path / "again", half=True)
    assert (tmp_path / "half").read_bytes() == (tmp_path / "again").read_bytes()


def test_weights_beyond_half_precision_are_refused(tmp_path: Path) -> None:
    model = build()
    with torch.no_grad():
        next(model.network.parameters()).fill_(1e5)
    with pytest.raises(ModelError, match="too large for half precision"):
        model.save(tmp_path / "half", half=True)
    assert not (tmp_path / "half").exists()


def test_only_convolutions_may_be_in_half_precision(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    bias = build().network.state_dict()["head.bias"].half()
    rewritten(path, tensors={"network.head.bias": bias})
    with pytest.raises(ModelError, match=r"of type torch\.float16"):
        Model.load(path)
