"""From pictures to a painted manga page, with grey and inked pages in one training."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.inking.params import InkingParams
from colorize.judge import hinted
from colorize.judge.validation import Validation
from colorize.learn.schedule import Schedule
from colorize.learn.training import Trainer
from colorize.model.weights import Model
from colorize.paint.painter import Painter
from stages import evaluate, run, train

INKED = {"recipe": "unet", "domains": ["grey", "ink", "lines"], "width": 0.125, "crop": 64}


@pytest.fixture
def root(prepared: Callable[..., Path]) -> Path:
    return prepared(train=INKED | {"epochs": 1})


def test_the_whole_road_with_inked_pages(root: Path) -> None:
    for stage in (train, evaluate):
        stage.main(root)
    model = root / "models" / "colorizer.safetensors"
    first = model.read_bytes()
    scores = json.loads((root / "metrics" / "evaluate.json").read_text("utf-8"))
    for kind in ("toned", "lines", "foreign"):
        assert np.isfinite(scores[kind]["art"]["model"]["psnr"])
        assert scores[kind]["ceiling_head"]["psnr"] > scores[kind]["model"]["psnr"]
    assert "toned" not in scores["stderr"]  # the report's rows are those of grey pages

    page = np.full((300, 200, 3), 255, np.uint8)
    cv2.circle(page, (100, 150), 60, (0, 0, 0), 3)
    trained = Model.load(model)
    assert trained.params["inking"] == json.loads(InkingParams().model_dump_json())
    painter = Painter.load(model)
    assert painter.domain_of(page) == "ink"
    painted = painter.paint(page)
    assert (painted[page == 0] == 0).all()
    assert (painted[10, 10] < 255).any()
    train.main(root)
    assert model.read_bytes() == first


@pytest.mark.slow
def test_a_model_that_takes_hints_is_judged_with_them(prepared: Callable[..., Path]) -> None:
    root = prepared(train=INKED | {"epochs": 1, "hints": 1})
    for stage in (train, evaluate):
        stage.main(root)
    with (root / "metrics" / "hints.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["hints"]) for row in rows] == [*hinted.COUNTS]
    scores = json.loads((root / "metrics" / "evaluate.json").read_text("utf-8"))
    assert set(scores["hints"]) == {"grey", "toned", "lines"}
    for kind, prefix in (("model_chosen", ""), ("toned", "toned_"), ("lines", "lines_")):
        known = scores[kind] if kind == "model_chosen" else scores[kind]["model_chosen"]
        assert float(rows[0][f"{prefix}psnr"]) == pytest.approx(known["psnr"], rel=1e-3)


def test_other_inking_trains_another_model_that_is_validated_on_the_default_pages(
    prepared: Callable[..., Path], project: Callable[..., Path]
) -> None:
    root, found = prepared(), []
    for values in ({"white": 1.0, "flat": 0.0, "wash": 0.0}, {"white": 0.0, "solid": 0.0}):
        project(train=INKED | {"domains": ["ink"], "epochs": 1}, inking=values)
        train.main(root)
        model = Model.load(root / "models" / "colorizer.safetensors")
        assert values.items() <= model.params["inking"].items()
        best = json.loads((root / "metrics" / "train.json").read_text("utf-8"))["kept"]
        validation = Validation(
            ShardReader(root / "data" / "resized", "val"),
            Quantiser.load(root / "data" / "quantiser.npz"),
            select="psnr",
        )
        assert best["val_psnr"] == pytest.approx(validation(model)["psnr"], rel=1e-6)
        found.append(best["loss"])
    assert found[0] != found[1]


def test_a_regression_is_refused_in_one_line(
    project: Callable[..., Path],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project(train=INKED | {"recipe": "unet_l2"})
    monkeypatch.chdir(root)
    monkeypatch.setattr("sys.argv", ["train.py"])
    with pytest.raises(SystemExit) as ended:
        run(train.main)
    said = "'train.domains' must be [grey] for recipe unet_l2: it gives no lightness"
    assert str(ended.value.code).startswith(f"train: params.yaml: {said}")
    assert capsys.readouterr() == ("", "")
    assert not (root / "models").exists()


def test_a_state_with_inked_pages_leads_to_the_same_end(root: Path) -> None:
    pictures = ShardReader(root / "data" / "resized", "train")
    quantiser = Quantiser.load(root / "data" / "quantiser.npz")
    schedule = Schedule(epochs=2, batch=4, crop=64, lr=2e-3, warmup=0.1, weight_decay=0.0, seed=0)

    def trainer() -> tuple[Model, Trainer]:
        model = Model.build(
            "unet",
            width=0.125,
            centres=quantiser.table.centres,
            side=pictures.side,
            params={},
            seed=0,
            domains=INKED["domains"],  # type: ignore[arg-type]
            tones=quantiser.tones,
        )
        return model, Trainer(model, pictures, quantiser=quantiser, schedule=schedule)

    whole, first = trainer()
    list(first.epochs(on_step=lambda _: None))
    _, second = trainer()
    taken = []

    def stop(_: object) -> None:
        taken.append(second.state())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(second.epochs(on_step=stop))
    later, third = trainer()
    third.restore(taken[0])
    list(third.epochs(on_step=lambda _: None))
    for name, tensor in later.network.state_dict().items():
        assert (tensor == whole.network.state_dict()[name]).all(), name
