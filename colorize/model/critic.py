"""A critic and how it learns: the discriminator of pix2pix, Isola et al. (arXiv 1611.07004).

It sees a page beside a picture: a critic judges the colours of this page, not colours alone.
"""

import torch
from torch import Tensor
from torch.nn import functional

from colorize.errors import ModelError
from colorize.model.methods import Processes, Settings, decayed, set_lr
from colorize.model.networks import pix2pix
from colorize.model.precision import mixed_precision

BETAS = (0.5, 0.999)
"""Of Adam, of both players of pix2pix."""

WON = 0.05
"""A critic whose loss has this mean over an epoch is never wrong, and no longer teaches; one that
knows nothing has log 2 = 0.69."""


class CriticTrainer:
    """Trains a critic to tell true pictures from painted ones, with AdamW.

    Args:
        channels: C of page and picture together.
        width: see `pix2pix.Critic`.
        settings: of the run; its seed decides the first weights.
        processes: that train together.
        device: where it is trained.

    Attributes:
        critic: the module.
        optimiser: its own.
    """

    def __init__(
        self,
        channels: int,
        *,
        width: float,
        settings: Settings,
        processes: Processes,
        device: torch.device,
    ) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            critic = pix2pix.Critic(channels, patch=settings.adversary.patch, width=width)
        critic.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.critic = critic
        self.optimiser = torch.optim.AdamW(
            decayed(critic, settings.weight_decay), betas=BETAS, fused=True
        )
        self._shared = processes.shared(critic)

    def step(self, painted: Tensor, real: Tensor, lr: float) -> Tensor:
        """Take a step.

        Args:
            painted: (N, C, H, W) in -1..1, without a gradient.
            real: of the same shape.
            lr: learning rate.

        Returns:
            The critic's loss before the step, with half a weight for each kind.
        """
        set_lr(self.optimiser, lr)
        with mixed_precision(real.device):
            judged = [self._shared(painted), self._shared(real)]
        loss = (_against(judged[0], 0.0) + _against(judged[1], 1.0)) / 2
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.detach()

    def generator_loss(self, painted: Tensor) -> Tensor:
        """Give the loss of a network whose pictures (N, C, H, W) are not taken for true.

        The critic's own weights need no gradients of it. The processes' wrapper would wait for
        them, so the module is called without it.
        """
        self.critic.requires_grad_(False)
        with mixed_precision(painted.device):
            judged = self.critic(painted)
        self.critic.requires_grad_(True)
        return _against(judged, 1.0)


def beside(page: Tensor, picture: Tensor) -> Tensor:
    """Put pages (N, C, H, W), each channel in 0..100, beside pictures in -1..1, for a critic."""
    page = (page - pix2pix.CENTRE) / pix2pix.RANGE
    return torch.cat([page, picture], dim=1).contiguous(memory_format=torch.channels_last)


def check(loss: float) -> None:
    """Stop where a critic has won: see `WON`.

    Args:
        loss: its mean over an epoch.

    Raises:
        ModelError: it has.
    """
    if loss < WON:
        raise ModelError(
            f"the critic has won, with a mean loss of {loss:.2g} in this epoch: the network "
            "learns nothing from it; choose a smaller train.patch, or use more pictures"
        )


def _against(logits: Tensor, label: float) -> Tensor:
    """Binary cross-entropy with one label everywhere, in float32."""
    logits = logits.float()
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
