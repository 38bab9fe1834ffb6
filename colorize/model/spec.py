"""What decides the shape of a network."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What decides the shape of a network beside its recipe.

    Attributes:
        bins: Q, ab bins.
        width: multiplies the hidden channels; 1 is the published network.
        channels: of the input.
        lightness: whether the output holds an L of the colours as its last channel.
        tones: T, rows of a tone table; 0 for none.
        hints: whether the network takes hints as a condition.
        norms: sets of batch norms: 1 for all pages, or 2 for grey and inked ones.
    """

    bins: int
    width: float
    channels: int = 1
    lightness: bool = False
    tones: int = 0
    hints: bool = False
    norms: int = 1
