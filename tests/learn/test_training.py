from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.errors import DataError, ModelError
from colorize.imaging.decode import decode
from colorize.judge.validation import Validation
from colorize.learn.run import best_of
from colorize.learn.schedule import Schedule, learning_rate
from colorize.learn.training import Losses, Trainer
from colorize.model.weights import Model
from colorize.sources import characters
from tests.devices import on_each_device
from tests.models import tiny_model
from tests.shards import ShardWriter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight characters to train on, and the same ones to validate."""
    folder = tmp_path_factory.mktemp("shards")
    writer = ShardWriter(folder, per_shard=8)
    for picture in characters.pictures(count=8, side=64, seed=0):
        rgb = decode(picture.content, max_pixels=10**6)
        for split in ("train", "val", "test"):
            writer.add(picture.record.id, split, rgb)
    writer.close()
    return folder


@pytest.fixture(scope="module")
def quantiser() -> Quantiser:
    table = NeighbourTable.fit(bin_centres())
    counts = np.ones(313, np.int64)
    return Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=1.0)


def schedule(**changes: float) -> Schedule:
    values = {
        "epochs": 2,
        "batch": 4,
        "crop": 48,
        "lr": 2e-3,
        "warmup": 0.1,
        "weight_decay": 0.0,
        "seed": 0,
    }
    return Schedule(**(values | changes))  # type: ignore[arg-type]


def build(quantiser: Quantiser, recipe: str = "eccv16") -> Model:
    return tiny_model(recipe, centres=quantiser.table.centres)


def run(
    folder: Path, quantiser: Quantiser, chosen: Schedule
) -> tuple[Model, list[dict[str, float]], list[Losses]]:
    model, losses = build(quantiser), []
    trainer = Trainer(model, ShardReader(folder, "train"), quantiser=quantiser, schedule=chosen)
    return model, list(trainer.epochs(on_step=losses.append)), losses


@on_each_device
@pytest.mark.parametrize("recipe", ["eccv16", pytest.param("eccv16_l2", marks=pytest.mark.slow)])
def test_it_learns_eight_pictures_by_heart(
    folder: Path, quantiser: Quantiser, recipe: str, device: torch.device
) -> None:
    model = build(quantiser, recipe).to(device)
    by_heart = schedule(epochs=150, crop=64, batch=8, lr=4e-3)
    pictures = ShardReader(folder, "train")
    trainer = Trainer(model, pictures, quantiser=quantiser, schedule=by_heart)
    epochs = list(trainer.epochs(on_step=lambda _: None))
    validation = Validation(pictures, quantiser, select="psnr")
    scores, untrained = validation(model), validation(build(quantiser, recipe))
    assert epochs[-1]["divergence"] < 0.35 * epochs[0]["divergence"]
    assert scores["psnr"] > untrained["psnr"] + 4
    assert scores["auc"] > untrained["auc"] + 4


def test_the_same_run_twice_gives_the_same_bytes(folder: Path, quantiser: Quantiser) -> None:
    (first, *records), (again, *others) = (run(folder, quantiser, schedule()) for _ in range(2))
    assert records == others
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, again.network.state_dict()[name]), name


def test_a_run_with_dropout_is_another_one_and_repeats_itself(
    folder: Path, quantiser: Quantiser
) -> None:
    pictures, dropping = ShardReader(folder, "train"), schedule(crop=64, dropout=0.5)

    def losses(chosen: Schedule) -> list[float]:
        found: list[float] = []
        model = build(quantiser, "unet")
        trainer = Trainer(model, pictures, quantiser=quantiser, schedule=chosen)
        list(trainer.epochs(on_step=lambda of: found.append(of["loss"])))
        return found

    assert losses(dropping) == losses(dropping)
    assert losses(dropping)[1:] != losses(schedule(crop=64))[1:]


def test_another_seed_gives_another_run(folder: Path, quantiser: Quantiser) -> None:
    assert run(folder, quantiser, schedule())[2] != run(folder, quantiser, schedule(seed=1))[2]


def test_records_and_steps(folder: Path, quantiser: Quantiser) -> None:
    _, epochs, losses = run(folder, quantiser, schedule(epochs=3, batch=3))
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3]
    assert len(losses) == 6
    assert epochs[1]["loss"] == pytest.approx(np.mean([step["loss"] for step in losses[2:4]]))


def test_learning_rate_rises_and_falls() -> None:
    rates = [learning_rate(step, steps=100, peak=0.5, warmup=0.1) for step in range(100)]
    assert np.argmax(rates) in {9, 10}
    assert max(rates) == 0.5
    assert (np.diff(rates[:10]) > 0).all()
    assert (np.diff(rates[10:]) < 0).all()
    assert rates[-1] < 0.001
    assert learning_rate(0, steps=1, peak=0.5, warmup=0.0) == 0.5


def test_a_loss_that_is_not_finite_stops_the_run(folder: Path, quantiser: Quantiser) -> None:
    with pytest.raises(ModelError, match=r"loss is nan at step \d+, learning rate"):
        run(folder, quantiser, schedule(lr=1e30, epochs=20))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"batch": 9}, "train.batch"), ({"crop": 72}, "train.crop"), ({"crop": 50}, "train.crop")],
)
def test_a_plan_that_does_not_fit_the_pictures(
    folder: Path, quantiser: Quantiser, change: dict[str, int], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        run(folder, quantiser, schedule(**change))


@pytest.fixture(scope="module")
def unbroken(folder: Path, quantiser: Quantiser) -> Any:
    """Model, records and losses of a training that is not interrupted."""
    return run(folder, quantiser, schedule(epochs=4))


@pytest.mark.parametrize("at", [1, 3, 4, 7])
def test_a_state_taken_after_any_step_leads_to_the_same_end(
    folder: Path, quantiser: Quantiser, unbroken: Any, at: int
) -> None:
    whole, records, losses = unbroken
    first = Trainer(
        build(quantiser),
        ShardReader(folder, "train"),
        quantiser=quantiser,
        schedule=schedule(epochs=4),
    )
    taken: list[Losses] = []
    with pytest.raises(KeyboardInterrupt):

        def stop(losses: Losses) -> None:
            taken.append(losses)
            if first.step == at:
                raise KeyboardInterrupt

        for _ in first.epochs(on_step=stop):
            pass
    state = first.state()
    model = build(quantiser)
    second = Trainer(
        model, ShardReader(folder, "train"), quantiser=quantiser, schedule=schedule(epochs=4)
    )
    second.restore(state)
    assert second.step == at
    rest = list(second.epochs(on_step=taken.append))
    assert taken == losses
    assert rest == records[-len(rest) :]
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, model.network.state_dict()[name]), name


def test_best_of() -> None:
    history = [{"val_psnr": p, "val_mse": n} for n, p in enumerate([20.0, 22.0, 22.0, 21.0])]
    assert best_of(history, "psnr") == 1
    assert best_of(history, "mse") == 0
