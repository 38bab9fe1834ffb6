import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from colorize.colour.gamut import bin_centres
from colorize.errors import ModelError
from colorize.model.weights import Model


def build(seed: int = 0) -> Model:
    return Model.build(
        "eccv16", width=0.125, centres=bin_centres(20), side=64, params={"lr": 1e-3}, seed=seed
    )


def test_round_trip(tmp_path: Path) -> None:
    model = build()
    model.save(tmp_path / "m.safetensors")
    loaded = Model.load(tmp_path / "m.safetensors")
    assert (loaded.recipe, loaded.width, loaded.side) == (model.recipe, 0.125, 64)
    assert loaded.params == {"lr": 1e-3}
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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "newer version"),
        ({"recipe": "nonsense"}, "unknown recipe"),
        ({"width": 0.25}, "no model of this project"),
        ({"width": "wide"}, "no model of this project"),
        ({"side": None}, "no model of this project"),
        (None, "no model of this project"),
    ],
)
def test_rejects_foreign_metadata(tmp_path: Path, change: dict | None, words: str) -> None:
    path = tmp_path / "m.safetensors"
    build().save(path)
    with safetensors.safe_open(path, "pt") as file:
        described = json.loads(file.metadata()["colorize"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    metadata = {"colorize": json.dumps(described | change)} if change else {}
    safetensors.torch.save_file(tensors, path, metadata)
    with pytest.raises(ModelError, match=words):
        Model.load(path)
