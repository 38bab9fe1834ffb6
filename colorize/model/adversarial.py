"""Trains a network against a critic, as pix2pix does: Isola et al. (arXiv 1611.07004), section 3.

In each step the critic learns first, from true and from painted colours with half a weight each;
then the network learns to pass for true before the critic as it then is, and to come near the true
colours. Both see the page: a critic judges colours of this page, not colours alone.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from colorize.errors import ModelError
from colorize.model import decode
from colorize.model.losses import Target
from colorize.model.methods import Processes, Settings, decayed, set_lr
from colorize.model.networks import pix2pix
from colorize.model.precision import mixed_precision
from colorize.model.targets import Batch

BETAS = (0.5, 0.999)
"""Of Adam, of both players."""

WON = 0.05
"""A critic whose loss has this mean over an epoch is never wrong, and no longer teaches; one that
knows nothing has log 2 = 0.69."""


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
        self.modules: Mapping[str, nn.Module] = {"network": network}
        if self._weights.gan:
            critic = _critic(settings).to(next(network.parameters()).device)
            critic.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.modules = {"network": network, "critic": critic}
            self._critic = processes.shared(critic)
        self.optimisers: Mapping[str, Optimizer] = {
            name: torch.optim.AdamW(decayed(module, settings.weight_decay), betas=BETAS, fused=True)
            for name, module in self.modules.items()
        }

    def step(self, batch: Batch, lr: float) -> Mapping[str, Tensor]:
        """Take one step of each player; see `Method`.

        Returns:
            ``loss`` of the network and its parts before their weights, ``l1`` and ``generator``,
            and that of the ``critic``; ``loss`` and ``l1`` alone where no critic is asked for.
        """
        for optimiser in self.optimisers.values():
            set_lr(optimiser, lr)
        true, counts = _wanted(batch.target)
        with mixed_precision(batch.input.device):
            painted = self._network(batch.input, **batch.conditions)
        # The distance is a mean over what counts: a process's part weighs what its pixels weigh.
        distance = ((painted - true).abs() * counts).sum()
        mass = self._processes.total(counts.sum())
        loss = self._weights.l1 * distance / mass * self._processes.size
        found = {"l1": distance.detach() / mass * self._processes.size}
        if self._weights.gan:
            page = (batch.input - pix2pix.CENTRE) / pix2pix.RANGE
            shown, real = (_joined(page, colours * counts) for colours in (painted, true))
            found["critic"] = self._teach(shown.detach(), real)
            passed = self._passed(shown)
            loss = loss + self._weights.gan * passed
            found["generator"] = passed.detach()
        optimiser = self.optimisers["network"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        means = self._processes.total(torch.stack([loss.detach(), *found.values()]))
        return dict(zip(["loss", *found], means / self._processes.size, strict=True))

    def check(self, means: Mapping[str, float]) -> None:
        """Stop where the critic has won: see `WON`.

        Raises:
            ModelError: it has.
        """
        if (loss := means.get("critic", 1.0)) < WON:
            raise ModelError(
                f"the critic has won, with a mean loss of {loss:.2g} in this epoch: the network "
                "learns nothing from it; lower train.gan or train.lr, or use more pictures"
            )

    def _teach(self, painted: Tensor, real: Tensor) -> Tensor:
        """Take the critic's step, and give its loss before it."""
        with mixed_precision(real.device):
            judged = [self._critic(painted), self._critic(real)]
        loss = (_against(judged[0], 0.0) + _against(judged[1], 1.0)) / 2
        optimiser = self.optimisers["critic"]
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        return loss.detach()

    def _passed(self, painted: Tensor) -> Tensor:
        """Give the loss of a network whose colours are not taken for true.

        The critic's own weights need no gradients of it. The processes' wrapper would wait for
        them, so the module is called without it.
        """
        critic = self.modules["critic"].requires_grad_(False)
        with mixed_precision(painted.device):
            judged = critic(painted)
        critic.requires_grad_(True)
        return _against(judged, 1.0)


def _critic(settings: Settings) -> pix2pix.Critic:
    spec = settings.spec
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return pix2pix.Critic(
            spec.channels + 2 + spec.lightness, patch=settings.adversary.patch, width=spec.width
        )


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


def _joined(page: Tensor, colours: Tensor) -> Tensor:
    return torch.cat([page, colours], dim=1).contiguous(memory_format=torch.channels_last)


def _against(logits: Tensor, label: float) -> Tensor:
    """Binary cross-entropy with one label everywhere, in float32."""
    logits = logits.float()
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
