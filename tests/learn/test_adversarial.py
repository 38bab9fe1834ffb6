"""pix2pix trains as published, resumes to the byte, and its two players share processes."""

import copy
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from colorize.colour import lab
from colorize.data.shards import ShardReader
from colorize.errors import ModelError
from colorize.imaging.decode import decode
from colorize.learn.checkpoint import Checkpoints
from colorize.learn.distributed import ALONE
from colorize.learn.run import Run
from colorize.model.adversarial import Adversarial
from colorize.model.losses import Target
from colorize.model.methods import Adversary, Settings
from colorize.model.networks import pix2pix
from colorize.model.networks.pix2pix import Critic, Generator
from colorize.model.predict import predict
from colorize.model.spec import Spec
from colorize.model.targets import Batch
from colorize.sources import sample
from tests.devices import on_each_device
from tests.imports import ROOT
from tests.learn import players
from tests.learn.test_distributed import TORCHRUN
from tests.shards import ShardWriter

LR = 2e-4
EPOCHS = 60
"""At most, until a critic has won."""


@pytest.fixture
def _float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORIZE_PRECISION", "float32")


def batch(ab: Tensor, seen: Tensor, **others: Tensor) -> Batch:
    none = torch.zeros(*ab[:, 0].shape, 0)
    return Batch(seen, Target(none.long(), none, torch.ones_like(ab[:, 0]), ab, **others))


def method(network: nn.Module, adversary: Adversary, *, ink: bool = False) -> Adversarial:
    spec = Spec(bins=313, width=0.125, channels=1 + ink, lightness=ink)
    settings = Settings(weight_decay=0.0, steps=10, seed=0, spec=spec, adversary=adversary)
    return Adversarial(network, settings, ALONE)


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


class Constant(nn.Module):
    """Paints everything in the colours that it has as parameters."""

    def __init__(self, *colours: float) -> None:
        super().__init__()
        self.colours = nn.Parameter(torch.tensor(colours))

    def forward(self, seen: Tensor) -> Tensor:
        return self.colours[:, None, None].expand(len(seen), -1, *seen.shape[2:])


@pytest.mark.usefixtures("_float32")
def test_one_step_by_hand() -> None:
    """The critic says 0.5 of everything, as its weights are zero; Adam's first step is the rate."""
    network = Constant(0.2, -0.1)
    trained = method(network, Adversary(patch=16, gan=3.0, l1=100.0))
    critic = trained.modules["critic"]
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.zero_()
        critic.layers[-1].bias.fill_(0.5)
    true = torch.tensor([33.0, 11.0])[:, None, None].expand(2, 2, 16, 16)  # 0.3 and 0.1 of 110
    losses = trained.step(batch(true, torch.full((2, 1, 16, 16), 60.0)), LR)
    assert list(losses) == ["loss", "l1", "critic", "generator"]
    wanted = {"l1": (0.1 + 0.2) / 2, "critic": (softplus(0.5) + softplus(-0.5)) / 2}
    # Of the bias, the gradient of painted ones is sigmoid(0.5), that of true ones is less.
    wanted["generator"] = softplus(-(0.5 - LR))
    wanted["loss"] = 100 * wanted["l1"] + 3 * wanted["generator"]
    for name, loss in losses.items():
        assert float(loss) == pytest.approx(wanted[name], rel=1e-5), name
    assert critic.layers[-1].bias.item() == pytest.approx(0.5 - LR, abs=1e-7)
    torch.testing.assert_close(network.colours.detach(), torch.tensor([0.2 + LR, -0.1 + LR]))


@pytest.mark.usefixtures("_float32")
def test_steps_are_those_of_the_published_loop() -> None:
    """Its order, losses and optimisers, written down with plain modules and Adam."""
    torch.manual_seed(0)
    network = Generator(2, width=0.125)
    trained = method(network, Adversary())
    theirs = copy.deepcopy(network).train()
    judge = copy.deepcopy(trained.modules["critic"]).train()
    began = [
        {name: tensor.clone() for name, tensor in module.state_dict().items()}
        for module in (theirs, judge)
    ]
    optimisers = [
        torch.optim.Adam(m.parameters(), lr=LR, betas=(0.5, 0.999)) for m in (theirs, judge)
    ]
    for step in range(3):
        lightness = torch.rand(2, 1, 32, 32) * 100
        true = torch.rand(2, 2, 32, 32) * 160 - 80
        for module in trained.modules.values():
            module.train()
        torch.manual_seed(step)
        found = trained.step(batch(true, lightness), LR)

        torch.manual_seed(step)
        page, real = lightness / 50 - 1, true / 110
        fake = theirs(lightness)
        entropy = nn.BCEWithLogitsLoss()
        of_fake = judge(torch.cat([page, fake.detach()], 1))
        of_real = judge(torch.cat([page, real], 1))
        half = 0.5 * (
            entropy(of_fake, torch.zeros_like(of_fake)) + entropy(of_real, torch.ones_like(of_real))
        )
        optimisers[1].zero_grad()
        half.backward()
        optimisers[1].step()
        again = judge(torch.cat([page, fake], 1))
        adversarial, distance = entropy(again, torch.ones_like(again)), nn.L1Loss()(fake, real)
        optimisers[0].zero_grad()
        (adversarial + 100 * distance).backward()
        optimisers[0].step()
        wanted = (adversarial + 100 * distance, distance, half, adversarial)
        torch.testing.assert_close(torch.stack([*found.values()]), torch.stack(wanted).detach())
    pairs = ((network, theirs), (trained.modules["critic"], judge))
    for (ours, other), before in zip(pairs, began, strict=True):
        for name, tensor in other.state_dict().items():
            if tensor.ndim > 1:  # where a gradient is all rounding Adam still steps by the rate
                apart = (ours.state_dict()[name] - tensor).norm() / (tensor - before[name]).norm()
                assert apart < 0.1, name


def test_the_ablation_of_the_paper() -> None:
    """L1 alone has no critic; the critic alone has no distance in its loss."""
    lightness, true = torch.rand(2, 1, 32, 32) * 100, torch.rand(2, 2, 32, 32) * 50
    l1 = method(Generator(2, width=0.125), Adversary(gan=0.0))
    assert list(l1.modules) == list(l1.optimisers) == ["network"]
    losses = l1.step(batch(true, lightness), LR)
    assert list(losses) == ["loss", "l1"]
    assert float(losses["loss"]) == pytest.approx(100 * float(losses["l1"]))
    gan = method(Generator(2, width=0.125), Adversary(l1=0.0, patch=1))
    losses = gan.step(batch(true, lightness), LR)
    assert float(losses["loss"]) == float(losses["generator"])
    assert isinstance(gan.modules["critic"], Critic)


@pytest.mark.usefixtures("_float32")
def test_neither_player_sees_a_layer_where_ink_hides_it() -> None:
    """Where a block counts for nothing, or no L is wanted, no truth changes a step."""
    seen = torch.full((2, 2, 32, 32), 60.0)
    weight = torch.ones(2, 32, 32)
    weight[:, :, 16:] = 0
    lightness = torch.full((2, 1, 32, 32), 70.0)
    lightness[1] = torch.nan
    found = []
    for hidden in (0.0, 90.0):
        torch.manual_seed(0)
        trained = method(Generator(3, width=0.125, channels=2), Adversary(), ink=True)
        ab = torch.full((2, 2, 32, 32), 30.0)
        ab[..., 16:] = hidden
        torch.manual_seed(1)
        found.append(trained.step(batch(ab, seen, lightness=lightness, weight=weight), LR))
    assert found[0] == found[1]
    assert all(loss.isfinite() for loss in found[0].values())
    paints = trained.modules["network"].eval()(seen).detach()
    wanted = torch.tensor([30 / 110, 30 / 110, 20 / 50])[:, None, None]
    distance = (paints[0, :, :, :16] - wanted).abs().mean()
    assert float(found[0]["l1"]) == pytest.approx(float(distance), abs=0.05)


def test_a_critic_that_has_won_ends_the_run_with_one_line(shards: Path, tmp_path: Path) -> None:
    """The pictures are noise, which no network can foresee and every critic recognises."""
    built, watcher = players.model(), players.Noted()
    run = Run(
        model=built,
        trainer=players.trainer(
            shards, built, adversary=Adversary(patch=16, gan=0.001), lr=0.004, epochs=EPOCHS
        ),
        checkpoints=Checkpoints(tmp_path, every=1000),
        validation=lambda: {"psnr": 1.0},
        select="psnr",
        patience=0,
        watcher=watcher,
    )
    with pytest.raises(ModelError, match="the critic has won") as caught:
        run.to_the_end()
    assert "\n" not in str(caught.value)
    assert "last good checkpoint" in str(caught.value)
    assert 1 < len(run.history) < EPOCHS
    assert all(record["critic"] >= 0.05 for record in run.history)
    assert np.mean([step["critic"] for step in watcher.losses[-3:]]) < 0.05


def run(shards: Path, folder: Path, *launcher: str, **env: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    arguments = [str(shards), str(folder / "scratch"), str(folder / "state")]
    return subprocess.run(
        [sys.executable, *launcher, "-m", "tests.learn.players", *arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.slow
def test_a_kill_between_two_players_changes_no_byte(shards: Path, tmp_path: Path) -> None:
    """Each process counts its own steps: 3 of 9, then the fifth and the eighth."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run(shards, whole).returncode == 0
    for at in ("3", "3", "4"):
        killed = run(shards, broken, DIE_AT=at)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = run(shards, broken)
    assert done.returncode == 0, done.stderr
    assert (broken / "state").read_bytes() == (whole / "state").read_bytes()
    tensors = safetensors.torch.load_file(whole / "state")
    assert any(name.startswith("optimiser.network.0.exp_avg") for name in tensors)
    assert any(name.startswith("optimiser.critic.0.exp_avg") for name in tensors)


def test_two_processes_follow_the_curve_of_one(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without dropout, whose draws are each process's own."""
    one, two = tmp_path / "one", tmp_path / "two"
    chosen = {"COLORIZE_PRECISION": "float32", "DROPOUT": "0"}
    done = run(shards, two, *TORCHRUN, **chosen)
    assert done.returncode == 0, done.stderr
    monkeypatch.setattr(pix2pix, "DROPOUT", pix2pix.DROPOUT)  # which `players.main` changes
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    one.mkdir()
    players.main(shards, one / "scratch", one / "state")
    alone, together = (json.loads((out / "state.json").read_text()) for out in (one, two))
    assert (alone["size"], together["size"]) == (1, 2)
    assert len(alone["losses"]) == len(together["losses"]) == 9
    for ours, theirs in zip(together["losses"], alone["losses"], strict=True):
        assert list(ours) == ["loss", "l1", "critic", "generator"]
        assert ours == pytest.approx(theirs, rel=1e-3)
    states = [safetensors.torch.load_file(out / "state") for out in (one, two)]
    assert states[0].keys() == states[1].keys()
    for name, tensor in states[0].items():
        if name.startswith("module.") and tensor.ndim > 1:
            assert (states[1][name] - tensor).norm() / tensor.norm() < 1e-2, name


@pytest.mark.slow
@on_each_device
def test_eight_pictures_are_learned_by_heart(tmp_path: Path, device: torch.device) -> None:
    """With L1 and critic together, narrow and small."""
    writer = ShardWriter(tmp_path, per_shard=100)
    for number, picture in enumerate(sample.pictures(count=10, side=64, seed=0)):
        rgb = decode(picture.content, max_pixels=10**6)
        writer.add(picture.record.id, "train" if number < 8 else ("val", "test")[number % 2], rgb)
    writer.close()
    built = players.model(width=0.25, side=64).to(device)
    trained = players.trainer(tmp_path, built, batch=8, crop=64, epochs=120, lr=0.002)
    losses: list[dict[str, float]] = []
    list(trained.epochs(on_step=lambda found: losses.append(dict(found))))
    assert losses[-1]["l1"] < losses[0]["l1"] / 5
    pictures = ShardReader(tmp_path, "train")
    true = np.stack([lab.rgb_to_lab(pictures[number]) for number in range(8)])
    painted = predict(built, true[:, None, ..., 0].astype(np.float32)).colours(1.0)
    grey, ours = (np.abs(true[..., 1:] - ab).mean() for ab in (0, painted))
    assert ours < grey / 3  # without dropout, by the statistics that training kept
