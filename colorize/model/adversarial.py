"""Trains a network against a critic, as pix2pix does: Isola et al. (arXiv 1611.07004), section 3.

In each step the critic learns first, from true and from painted colours with half a weight each;
then the network learns to pass for true before the critic as it then is, beside what else it is
asked for: in pix2pix to come near the true colours, in other recipes their own loss.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from colorize.model import critic, decode
from colorize.model.critic import CriticTrainer
from colorize.model.domains import Domain
from colorize.model.losses import Losses, Target
from colorize.model.methods import Processes, Settings, Supervised, decayed, set_lr
from colorize.model.networks import pix2pix
from colorize.model.precision import mixed_precision
from colorize.model.targets import Batch

CRITIC_WIDTH = 0.25
"""Width of a critic beside another network of width 1: as in pix2pix of that width, whose generator
is about as large as `unet`."""

CRITIC_LR = 2e-4
"""Most that a critic's learning rate may be beside another network: pix2pix's own. Below it both
players have the same, so that neither still learns when the other no longer does."""

GENERATOR_UNIT = 0.4
"""Weight of the generator's loss beside a cross-entropy where ``train.gan`` is 1. The gradients of
both in the network's weights then compare as in pix2pix: on the drawn sample the generator's was
0.6 times (median) that of 100 L1, and without this factor 1.4 times that of the cross-entropy."""

HIDDEN = 0.01
"""Weight of a block, the mean of its page squared, below which its layer is under ink."""


class Adversarial:
    """Trains a network and a critic in turns, with AdamW, which is Adam where nothing decays.

    Args:
        network: in channels-last memory format. Its output (N, C, H, W) is as large as its input:
            ab in `AB_RANGE`, and L in `L_RANGE` about `L_CENTRE` where the spec asks for it.
        settings: of the run.
        processes: that train together.
    """

    def __init__(self, network: nn.Module, settings: Settings, processes: Processes) -> None:
        self._weights = settings.adversary
        self._processes = processes
        self._network = processes.shared(network)
        self._optimiser = torch.optim.AdamW(
            decayed(network, settings.weight_decay), betas=critic.BETAS, fused=True
        )
        self.modules: Mapping[str, nn.Module] = {"network": network}
        self.optimisers: Mapping[str, Optimizer] = {"network": self._optimiser}
        if self._weights.gan:
            spec = settings.spec
            self._critic = CriticTrainer(
                spec.channels + 2 + spec.lightness,
                width=spec.width,
                settings=settings,
                processes=processes,
                device=next(network.parameters()).device,
            )
            self.modules = {**self.modules, "critic": self._critic.critic}
            self.optimisers = {**self.optimisers, "critic": self._critic.optimiser}

    def step(self, batch: Batch, lr: float, number: int) -> Mapping[str, Tensor]:
        """Take one step of each player; see `Method`.

        Returns:
            ``loss`` of the network and its parts before their weights, ``l1`` and ``generator``,
            and that of the ``critic``; ``loss`` and ``l1`` alone where no critic is asked for.
        """
        true, counts = _wanted(batch.target)
        with mixed_precision(batch.input.device):
            painted = self._network(batch.input, **batch.conditions)
        # The distance is a mean over what counts: a process's part weighs what its pixels weigh.
        distance = ((painted - true).abs() * counts).sum()
        mass = self._processes.total(counts.sum())
        loss = self._weights.l1 * distance / mass * self._processes.size
        found = {"l1": distance.detach() / mass * self._processes.size}
        if self._weights.gan:
            shown, real = (critic.beside(batch.input, x * counts) for x in (painted, true))
            found["critic"] = self._critic.step(shown.detach(), real, lr)
            passed = self._critic.generator_loss(shown)
            loss = loss + self._weights.gan * passed
            found["generator"] = passed.detach()
        set_lr(self._optimiser, lr)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        means = self._processes.total(torch.stack([loss.detach(), *found.values()]))
        return dict(zip(["loss", *found], means / self._processes.size, strict=True))

    def check(self, means: Mapping[str, float]) -> None:
        """Stop where the critic has won: see `critic.check`."""
        if "critic" in means:
            critic.check(means["critic"])


class SupervisedThenAdversarial(Supervised):
    """Trains a network by its own loss, and in a last phase also against a critic.

    The critic judges pictures: the network's output decoded, enlarged and joined with its page. The
    true picture is composed alike, of the true colours at the head's size. The original has finer
    colours than the network can give, and a critic that saw it would judge that difference. Under
    ink the true colours are not known: there both pictures have the network's.

    Args:
        network: in channels-last memory format.
        settings: of the run.
        processes: that train together.
        loss: (output, target) -> the losses.
        muon: as `Supervised` has it.
    """

    def __init__(
        self,
        network: nn.Module,
        settings: Settings,
        processes: Processes,
        *,
        loss: Callable[[Tensor, Target], Losses],
        muon: bool = False,
    ) -> None:
        super().__init__(network, settings, processes, loss=loss, muon=muon)
        self._decode, self._enlarge = settings.decode, settings.enlarge
        self._weight = GENERATOR_UNIT * settings.adversary.gan
        self._first = settings.steps - math.ceil(settings.steps * settings.adversary.share)
        self._critic = CriticTrainer(
            settings.spec.channels + 3,
            width=CRITIC_WIDTH * settings.spec.width,
            settings=settings,
            processes=processes,
            device=next(network.parameters()).device,
        )
        self.modules = {**self.modules, "critic": self._critic.critic}
        self.optimisers = {**self.optimisers, "critic": self._critic.optimiser}

    def step(self, batch: Batch, lr: float, number: int) -> Mapping[str, Tensor]:
        """Take one step of the network, and in the phase one of the critic before it.

        Returns:
            Beside those of `Supervised`, the losses of ``critic`` and ``generator``, 0 before the
            phase, and ``adversarial``, 1 in the phase and 0 before: the mean of the two over a
            phase that begins within an epoch is theirs divided by its mean. ``loss`` is the whole
            of what the network minimises.
        """
        output, loss, found = self._compared(batch)
        players = torch.zeros(2, device=output.device)  # critic and network
        judged = number >= self._first
        if judged:
            shown, real = self._pictures(output, batch)
            lost = self._critic.step(shown.detach(), real, min(lr, CRITIC_LR))
            passed = self._critic.generator_loss(shown)
            loss = loss + self._weight * passed
            players = self._processes.total(torch.stack([lost, passed.detach()]))
            players = players / self._processes.size
            found["loss"] = found["loss"] + self._weight * players[1]
        self._update(loss, lr)
        share = players.new_tensor(float(judged))
        return {**found, "critic": players[0], "generator": players[1], "adversarial": share}

    def check(self, means: Mapping[str, float]) -> None:
        """Stop where the critic has won: see `critic.check`."""
        if means["adversarial"]:
            critic.check(means["critic"] / means["adversarial"])

    def _pictures(self, output: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Give the painted pictures and the true ones, each beside its page."""
        target, page = batch.target, batch.input[:, :1]
        painted = self._decode(output)
        with torch.no_grad():
            parts = (target.lightness, target.ab)
            true = torch.cat([part for part in parts if part is not None], dim=1)
            if target.weight is not None:
                true = torch.where(target.weight[:, None] < HIDDEN, painted, true)
            real = _composed(batch.domains, page, self._enlarge(true, page))
        shown = _composed(batch.domains, page, self._enlarge(painted, page))
        beside = (critic.beside(batch.input, 2 * picture - 1) for picture in (shown, real))
        return next(beside), next(beside)


def _composed(domains: tuple[Domain, ...], page: Tensor, colours: Tensor) -> Tensor:
    """Paint pages (N, 1, H, W), each as its domain does: (N, 3, H, W) in 0..1."""
    pictures = torch.empty(len(page), 3, *page.shape[2:], device=page.device)
    for kind in dict.fromkeys(domains):
        rows = [number for number, domain in enumerate(domains) if domain is kind]
        pictures[rows] = kind.compose(page[rows], colours[rows])
    return pictures


def _wanted(target: Target) -> tuple[Tensor, Tensor]:
    """Give the output that is wanted (N, C, H, W), and how much each of its values counts.

    Under ink no colour shows: there, neither the distance nor the critic asks for one.
    """
    colours = target.ab / pix2pix.AB_RANGE
    counts = torch.ones_like(colours)
    if target.lightness is not None:
        known = ~target.lightness.isnan()
        lightness = (target.lightness.nan_to_num() - decode.L_CENTRE) / decode.L_RANGE
        colours = torch.cat([colours, lightness], dim=1)
        counts = torch.cat([counts, known.to(counts.dtype)], dim=1)
    if target.weight is not None:
        counts = counts * target.weight[:, None]
    return colours, counts
