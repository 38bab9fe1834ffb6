"""pix2pix trains as published; a critic also joins classes; both resume to the byte."""

import copy
import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from colorize.colour import lab
from colorize.colour.encoding import NeighbourTable
from colorize.colour.gamut import bin_centres
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.errors import ModelError
from colorize.imaging.decode import decode
from colorize.learn.checkpoint import Checkpoints
from colorize.learn.distributed import ALONE
from colorize.learn.run import Run
from colorize.learn.training import Losses, State, Trainer
from colorize.model import adversarial
from colorize.model.adversarial import (
    CRITIC_LR,
    GENERATOR_UNIT,
    HIDDEN,
    Adversarial,
    SupervisedThenAdversarial,
)
from colorize.model.decode import enlarge_along
from colorize.model.domains import GREY, INK, Key
from colorize.model.losses import Target, squared_distance
from colorize.model.methods import Adversary, Settings, decayed
from colorize.model.networks.pix2pix import Critic, Generator
from colorize.model.predict import predict
from colorize.model.spec import Spec
from colorize.model.targets import Batch, Encoder, Examples
from colorize.sources import characters
from tests.devices import on_each_device
from tests.imports import ROOT
from tests.learn import players
from tests.learn.test_distributed import TORCHRUN
from tests.models import tiny_model
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
    return Adversarial(network, settings_of(spec, adversary), ALONE)


def settings_of(spec: Spec, adversary: Adversary, *, weight_decay: float = 0.0) -> Settings:
    """Ten steps; outputs are colours, as large as the picture."""
    return Settings(
        weight_decay=weight_decay,
        steps=10,
        seed=0,
        spec=spec,
        decode=lambda output: output,
        enlarge=lambda colours, _: colours,
        adversary=adversary,
    )


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
    losses = trained.step(batch(true, torch.full((2, 1, 16, 16), 60.0)), LR, 0)
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
        found = trained.step(batch(true, lightness), LR, step)

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
    losses = l1.step(batch(true, lightness), LR, 0)
    assert list(losses) == ["loss", "l1"]
    assert float(losses["loss"]) == pytest.approx(100 * float(losses["l1"]))
    gan = method(Generator(2, width=0.125), Adversary(l1=0.0, patch=1))
    losses = gan.step(batch(true, lightness), LR, 0)
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
        hiding = batch(ab, seen, lightness=lightness, weight=weight)
        found.append(trained.step(hiding, LR, 0))
    assert found[0] == found[1]
    assert all(loss.isfinite() for loss in found[0].values())
    paints = trained.modules["network"].eval()(seen).detach()
    wanted = torch.tensor([30 / 110, 30 / 110, 20 / 50])[:, None, None]
    distance = (paints[0, :, :, :16] - wanted).abs().mean()
    assert float(found[0]["l1"]) == pytest.approx(float(distance), abs=0.05)


@pytest.mark.parametrize("recipe", ["pix2pix", "unet"])
def test_a_critic_that_has_won_ends_the_run_with_one_line(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str
) -> None:
    """The pictures are noise, which no network can foresee and every critic recognises."""
    monkeypatch.setattr(adversarial, "CRITIC_LR", 0.004)
    built, watcher = players.model(recipe), players.Noted()
    adversary = Adversary(patch=16, gan=0.001, share=0.0 if recipe == "pix2pix" else 0.99)
    run = Run(
        model=built,
        trainer=players.trainer(shards, built, adversary=adversary, lr=0.004, epochs=EPOCHS),
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


def run(
    recipe: str, shards: Path, folder: Path, *launcher: str, **env: str
) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    arguments = [recipe, str(shards), str(folder / "scratch"), str(folder / "state")]
    return subprocess.run(
        [sys.executable, *launcher, "-m", "tests.learn.players", *arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "deaths"),
    [
        # Each process counts its own steps: 3 of 9, then the fifth and the eighth.
        ("pix2pix", ("critic 3", "critic 3", "critic 4")),
        # Before the phase; in its first step, which is the fifth; in its second one.
        ("unet", ("network 3", "critic 1", "critic 2")),
    ],
)
def test_a_kill_between_two_players_changes_no_byte(
    shards: Path, tmp_path: Path, recipe: str, deaths: tuple[str, ...]
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = run(recipe, shards, whole)
    assert done.returncode == 0, done.stderr
    for death in deaths:
        killed = run(recipe, shards, broken, DIE_AFTER=death)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = run(recipe, shards, broken)
    assert done.returncode == 0, done.stderr
    assert (broken / "state").read_bytes() == (whole / "state").read_bytes()
    tensors = safetensors.torch.load_file(whole / "state")
    steps = {"pix2pix": 9, "unet": 5}
    assert tensors["optimiser.network.0.step"] == 9
    assert tensors["optimiser.critic.0.step"] == steps[recipe]


LOSSES = {
    "pix2pix": ["loss", "l1", "critic", "generator"],
    "unet": ["loss", "divergence", "critic", "generator", "adversarial"],
}


@pytest.mark.parametrize("recipe", ["pix2pix", pytest.param("unet", marks=pytest.mark.slow)])
def test_two_processes_follow_the_curve_of_one(
    shards: Path, tmp_path: Path, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without dropout, whose draws are each process's own."""
    one, two = tmp_path / "one", tmp_path / "two"
    chosen = {"COLORIZE_PRECISION": "float32", "DROPOUT": "0"}
    done = run(recipe, shards, two, *TORCHRUN, **chosen)
    assert done.returncode == 0, done.stderr
    monkeypatch.setattr(players.pix2pix, "DROPOUT", 0.0)  # what `main` sets, put back at the end
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    one.mkdir()
    players.main(recipe, shards, one / "scratch", one / "state")
    alone, together = (json.loads((out / "state.json").read_text()) for out in (one, two))
    assert (alone["size"], together["size"]) == (1, 2)
    assert len(alone["losses"]) == len(together["losses"]) == 9
    for ours, theirs in zip(together["losses"], alone["losses"], strict=True):
        assert list(ours) == LOSSES[recipe]
        assert ours == pytest.approx(theirs, rel=1e-3)
    states = [safetensors.torch.load_file(out / "state") for out in (one, two)]
    assert states[0].keys() == states[1].keys()
    for name, tensor in states[0].items():
        if name.startswith("module.") and tensor.ndim > 1:
            assert (states[1][name] - tensor).norm() / tensor.norm() < 1e-2, name


def supervised(
    network: nn.Module, *, share: float = 1.0, **changes: float
) -> SupervisedThenAdversarial:
    """Trained by the squared distance to the true ab."""
    spec = Spec(bins=313, width=0.125)
    settings = settings_of(spec, Adversary(patch=16, share=share, **changes))  # type: ignore[arg-type]
    return SupervisedThenAdversarial(network, settings, ALONE, loss=squared_distance)


@pytest.mark.usefixtures("_float32")
def test_one_step_of_the_phase_by_hand() -> None:
    """As above, the critic says 0.5 of everything, so it moves the network nowhere."""
    network = Constant(22.0, -11.0)
    trained = supervised(network, gan=3.0)
    critic = trained.modules["critic"]
    assert isinstance(critic, Critic)
    assert critic.layers[0].in_channels == 4  # L and sRGB
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.zero_()
        critic.layers[-1].bias.fill_(0.5)
    true = torch.tensor([33.0, 11.0])[:, None, None].expand(2, 2, 16, 16)
    grey = batch(true, torch.full((2, 1, 16, 16), 60.0))
    losses = trained.step(grey._replace(domains=(GREY, GREY)), 0.5, 0)
    apart = 11.0**2 + 22.0**2
    passed = softplus(-(0.5 - CRITIC_LR))
    wanted = {
        "loss": apart + 3 * GENERATOR_UNIT * passed,
        "divergence": apart,
        "critic": (softplus(0.5) + softplus(-0.5)) / 2,
        "generator": passed,
        "adversarial": 1.0,
    }
    assert list(losses) == list(wanted)
    for name, loss in losses.items():
        assert float(loss) == pytest.approx(wanted[name], rel=1e-5), name
    assert critic.layers[-1].bias.item() == pytest.approx(0.5 - CRITIC_LR, abs=1e-7)
    torch.testing.assert_close(network.colours.detach(), torch.tensor([22.5, -10.5]))


@pytest.mark.usefixtures("_float32")
def test_steps_of_the_phase_are_those_of_a_plain_loop(rng: np.random.Generator) -> None:
    """Softmax, cross-entropy and both optimisers, written down with plain modules."""
    torch.manual_seed(0)
    built = tiny_model("unet")
    counts = rng.integers(1, 100, 313)
    table = NeighbourTable.fit(bin_centres())
    quantiser = Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=0.5)
    encoder = Encoder(quantiser, head_stride=4)
    recipe, centres = built.recipe, built.centres
    trained = recipe.method(
        built.network,
        Settings(
            weight_decay=0.01,
            steps=10,
            seed=0,
            spec=built.spec,
            decode=lambda output: recipe.decode(output, centres, 0.38, None),
            enlarge=recipe.enlarge,
            adversary=Adversary(share=0.8, gan=2.0),
        ),
        ALONE,
    )
    theirs = copy.deepcopy(built.network).train()
    judge = copy.deepcopy(trained.modules["critic"]).train()
    of_network = torch.optim.AdamW(decayed(theirs, 0.01), betas=(0.9, 0.99))
    of_critic = torch.optim.AdamW(decayed(judge, 0.01), betas=(0.5, 0.999))
    of_critic.param_groups[0]["lr"] = of_critic.param_groups[1]["lr"] = 1e-4
    entropy = nn.BCEWithLogitsLoss()
    for step in range(4):
        rgb = torch.from_numpy(rng.integers(0, 256, (2, 3, 64, 64), dtype=np.uint8))
        seen = encoder(Examples.grey(rgb))
        for module in trained.modules.values():
            module.train()
        found = trained.step(seen, 1e-4, step)

        page, target = seen.input, seen.target
        logits = theirs(page)
        log_shares = torch.log_softmax(logits, 1).permute(0, 2, 3, 1)
        hit = (log_shares.gather(-1, target.indices) * target.weights).sum(-1)
        wanted = {"loss": -(hit * target.rebalance).sum() / target.rebalance.sum()}
        if step >= 2:
            shares = torch.softmax(logits / 0.38, 1)
            ab = torch.einsum("nqhw,qc->nchw", shares, centres.float())
            fake, real = (
                torch.cat([page / 50 - 1, 2 * GREY.compose(page, recipe.enlarge(x, page)) - 1], 1)
                for x in (ab, target.ab)
            )
            of_fake, of_real = judge(fake.detach()), judge(real)
            half = 0.5 * (
                entropy(of_fake, torch.zeros_like(of_fake))
                + entropy(of_real, torch.ones_like(of_real))
            )
            of_critic.zero_grad()
            half.backward()
            of_critic.step()
            again = judge(fake)
            wanted["critic"], wanted["generator"] = half, entropy(again, torch.ones_like(again))
            wanted["loss"] = wanted["loss"] + 2 * GENERATOR_UNIT * wanted["generator"]
        of_network.zero_grad()
        for group in of_network.param_groups:
            group["lr"] = 1e-4
        wanted["loss"].backward()
        of_network.step()
        for name in ("loss", "critic", "generator"):
            expected = float(wanted[name].detach()) if name in wanted else 0.0
            assert float(found[name]) == pytest.approx(expected, rel=1e-4), (step, name)
        assert float(found["adversarial"]) == float(step >= 2)


def test_before_the_phase_nothing_is_different(shards: Path) -> None:
    """The history has both players in every epoch; their means are of the phase's share of it."""
    states, records = [], []
    for share in (0.0, players.PHASE):
        built, watcher = players.model("unet"), players.Noted()
        trained = players.trainer(shards, built, adversary=Adversary(share=share))

        def on_step(
            losses: Losses, trained: Trainer = trained, heard: players.Noted = watcher
        ) -> None:
            heard.on_step(trained.step, losses)
            if trained.step == 4:  # the last one before it
                states.append(copy.deepcopy(trained.state().tensors))

        records.append(list(trained.epochs(on_step=on_step)))
    plain, judged = states
    assert {name: judged[name].numpy().tobytes() for name in plain} == {
        name: tensor.numpy().tobytes() for name, tensor in plain.items()
    }
    assert {name.split(".")[1] for name in judged.keys() - plain.keys()} == {"critic"}
    names = ["epoch", "loss", "divergence", "critic", "generator", "adversarial", "lr"]
    assert [list(record) for record in records[1]] == [names] * 3
    assert [record["adversarial"] for record in records[1]] == pytest.approx([0, 2 / 3, 1])
    assert records[1][0]["critic"] == records[1][0]["generator"] == 0
    assert 0.3 < records[1][1]["critic"] < records[1][2]["critic"] < 0.9
    assert records[0][0].items() <= records[1][0].items()
    assert records[0][2]["divergence"] != records[1][2]["divergence"]


def test_a_state_taken_around_the_start_of_the_phase_leads_to_the_same_end(shards: Path) -> None:
    """The critic's optimiser holds nothing before it."""
    adversary = Adversary(share=players.PHASE)
    whole = players.trainer(shards, players.model("unet"), adversary=adversary)
    states: dict[int, State] = {}

    def keep(_: Losses) -> None:
        if whole.step in (3, 4, 5):
            states[whole.step] = copy.deepcopy(whole.state())

    records = list(whole.epochs(on_step=keep))
    assert [any("optimiser.critic" in name for name in states[n].tensors) for n in (4, 5)] == [0, 1]
    end = whole.state()
    for step, state in states.items():
        resumed = players.trainer(shards, players.model("unet"), adversary=adversary)
        resumed.restore(state)
        rest = list(resumed.epochs(on_step=lambda _: None))
        assert rest == records[-len(rest) :], step
        for name, tensor in resumed.state().tensors.items():
            assert torch.equal(tensor, end.tensors[name]), (step, name)


def test_a_phase_is_judged_by_its_own_steps() -> None:
    trained = supervised(Constant(0.0, 0.0))
    for fair in ((0.0, 0.0), (0.06, 1.0), (0.03, 0.5)):
        trained.check(dict(zip(("critic", "adversarial"), fair, strict=True)))
    with pytest.raises(ModelError, match=r"the critic has won, with a mean loss of 0\.04 "):
        trained.check({"critic": 0.02, "adversarial": 0.5})


def test_the_critic_judges_colours_alone(drawing: Callable[..., NDArray[np.uint8]]) -> None:
    """A network that gives the true colours shows the true picture, whatever it gives under ink."""
    kinds = (GREY, INK)
    views = [kinds[n % 2].view(drawing(n, 64, 64), Key(0, 1, n)) for n in range(4)]
    for view in views[1::2]:  # solid black
        view.page[8:24, 8:24] = view.truth[8:24, 8:24] = 0
    table = NeighbourTable.fit(bin_centres())
    counts = np.ones(313, np.int64)
    quantiser = Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=0.5)
    seen = Encoder(quantiser, head_stride=4, channels=2, lightness=True)(Examples.of(views))
    assert seen.target.lightness is not None
    assert seen.target.weight is not None
    spec = Spec(bins=313, width=0.125, channels=2, lightness=True)
    settings = settings_of(spec, Adversary(share=1.0))
    settings = dataclasses.replace(settings, enlarge=enlarge_along)
    trained = SupervisedThenAdversarial(Constant(0.0), settings, ALONE, loss=squared_distance)
    true = torch.cat([seen.target.lightness.nan_to_num(50.0), seen.target.ab], dim=1)
    hidden = (seen.target.weight < HIDDEN)[:, None]
    assert 0 < hidden.float().mean() < 0.3
    shown, real = trained._pictures(torch.where(hidden, 40.0, true), seen)
    torch.testing.assert_close(shown, real)
    truth = torch.from_numpy(np.stack([view.truth for view in views])).permute(0, 3, 1, 2) / 255
    assert ((real[:, 2:] + 1) / 2 - truth).abs().mean() < 0.05
    shown, real = trained._pictures(torch.where(hidden, true, 40.0), seen)
    assert (shown - real).abs().mean() > 0.1
    grey = torch.cat([torch.full_like(true[:, :1], 7.0), true[:, 1:]], dim=1)  # L of a grey page
    shown, real = trained._pictures(grey, seen)
    torch.testing.assert_close(shown[::2], real[::2])


@pytest.mark.slow
@on_each_device
@pytest.mark.parametrize(
    ("recipe", "epochs", "lr", "share"), [("pix2pix", 120, 0.002, 0.0), ("unet", 280, 0.006, 0.4)]
)
def test_eight_pictures_are_learned_by_heart(
    tmp_path: Path, device: torch.device, recipe: str, epochs: int, lr: float, share: float
) -> None:
    """With L1 and critic together, or classes and then a critic, narrow and small."""
    writer = ShardWriter(tmp_path, per_shard=100)
    for number, picture in enumerate(characters.pictures(count=10, side=64, seed=0)):
        rgb = decode(picture.content, max_pixels=10**6)
        writer.add(picture.record.id, "train" if number < 8 else ("val", "test")[number % 2], rgb)
    writer.close()
    built = players.model(recipe, width=0.25, side=64).to(device)
    trained = players.trainer(
        tmp_path,
        built,
        batch=8,
        crop=64,
        epochs=epochs,
        lr=lr,
        adversary=Adversary(share=share),
    )
    losses: list[Losses] = []
    list(trained.epochs(on_step=losses.append))
    falling = "l1" if recipe == "pix2pix" else "divergence"
    assert losses[-1][falling] < losses[0][falling] / 5
    pictures = ShardReader(tmp_path, "train")
    true = np.stack([lab.rgb_to_lab(pictures[number]) for number in range(8)])
    painted = predict(built, true[:, None, ..., 0].astype(np.float32)).colours(0.38)
    grey, ours = (np.abs(true[..., 1:] - ab).mean() for ab in (0, painted))
    assert ours < grey / 3  # without dropout, by the statistics that training kept
