"""What an ablation trains: tables of variants, each for as long as the others.

A variant is a title and the settings that it changes. Variants of one table train for equal time:
the epochs of a dear one are fewer, those of a cheap one more.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from colorize.learn.params import CLASSIFYING
from stages import variant

Values: TypeAlias = Mapping[str, Any]
"""Of all sections of params.yaml."""

Variants: TypeAlias = dict[str, Sequence[str]]
"""The settings of each variant by its title."""

ONE_EPOCH = "one epoch"

COSTS = {"unet": 1.0, "unet_l2": 0.8, "eccv16": 1.4, "eccv16_l2": 1.15, "pix2pix": 0.8}
"""By recipe: time of a step without a critic, in those of `unet` at width 1; of the others at the
widths of `PAPER` and `PIX2PIX`. Measured with batches of 16 crops of 96 pixels, of grey pages alone
and with inked ones."""

CRITIC_COSTS = {"unet": 1.0, "eccv16": 1.0, "pix2pix": 0.25}
"""What a critic adds to it. One of 70 pixels costs a third more than one of a pixel."""

PAPER = (
    "train.recipe=eccv16",
    "train.width=0.25",
    "train.lr=0.001",
    "train.dropout=0",
    "train.adversarial=0",
)
"""Zhang et al., at a quarter of the width: 2.0 million parameters."""

NO_HINTS = "train.hints=0"
"""Of every variant: some recipes take none, and they would take time of their own."""

PIX2PIX = (
    "train.recipe=pix2pix",
    "train.width=0.25",  # 3.4 million parameters, near to the 2.8 of unet
    "train.tone=false",
    "train.lr=0.0002",
    "train.weight_decay=0",
    "train.dropout=0",
    "train.adversarial=0",
)
"""Isola et al., at a quarter of the width."""


def losses(values: Values) -> Variants:
    """Zhang et al., table 1, and the tone table."""
    recipe = values["train"]["recipe"].removesuffix("_l2")
    tone = str(not values["train"]["tone"]).lower()
    found: Variants = {
        "classes, mix 0.5": ("quantise.mix=0.5",),
        "classes, mix 1": ("quantise.mix=1",),
        "classes, mix 0": ("quantise.mix=0",),
        ONE_EPOCH: ("train.epochs=1",),
        f"tone {tone}": (f"train.tone={tone}",),
    }
    if recipe in CLASSIFYING and set(values["train"]["domains"]) == {"grey"}:
        found["L2 regression"] = (f"train.recipe={recipe}_l2", "train.adversarial=0")
    if recipe != "eccv16":
        found["eccv16"] = (*PAPER, "train.tone=false")
        found["eccv16, tone"] = (*PAPER, "train.tone=true")
    return found


def critics(values: Values) -> Variants:
    """Isola et al., section 4, beside classes alone and classes with a critic at the end."""
    found: Variants = {}
    if values["train"]["recipe"] in CLASSIFYING:
        found["classes"] = ("train.adversarial=0",)
        found["classes, critic"] = (f"train.adversarial={values['train']['adversarial'] or 0.2}",)
    if values["train"]["recipe"] != "eccv16":
        found["eccv16"] = (*PAPER, "train.tone=false")
    found["L1"] = (*PIX2PIX, "train.gan=0")
    found["cGAN"] = (*PIX2PIX, "train.l1=0")
    for patch in (1, 16, 70):
        found[f"L1 + cGAN, {patch}"] = (*PIX2PIX, f"train.patch={patch}")
    return found


TABLES: Mapping[str, Callable[[Values], Variants]] = {"losses": losses, "critics": critics}


def planned(table: str, values: Values, seeds: int) -> dict[str, dict[str, str]]:
    """Plan the runs of each variant.

    Args:
        table: one of `TABLES`.
        values: as they hold for every variant.
        seeds: how many runs each variant gets.

    Returns:
        By title: the settings of each run by the run's name, in the form of a command line.
    """
    first = values["train"]["seed"]
    found = {
        title: (*own, NO_HINTS, *_in_equal_time(title, values, own))
        for title, own in TABLES[table](values).items()
    }
    return {
        title: {
            f"{_slug(title)}-seed-{seed}": " ".join([*own, f"train.seed={seed}"])
            for seed in range(first, first + seeds)
        }
        for title, own in found.items()
    }


def _in_equal_time(title: str, values: Values, own: Sequence[str]) -> list[str]:
    """Give the setting of the epochs that take as long as those of `values`."""
    if title == ONE_EPOCH:
        return []
    train = variant.changed(values, own)["train"]
    epochs = values["train"]["epochs"] * cost(values["train"]) / cost(train)
    return [f"train.epochs={max(1, round(epochs))}"]


def cost(train: Values) -> float:
    """Time of a step of section ``train``, in those of `unet` of width 1 without a critic."""
    recipe = train["recipe"]
    share = train["adversarial"] if recipe != "pix2pix" else float(train["gan"] > 0)
    narrower = 0.1 + 0.9 * train["width"] if recipe in ("unet", "unet_l2") else 1.0
    return float((COSTS[recipe] + share * CRITIC_COSTS.get(recipe, 0)) * narrower)


def _slug(title: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in title.lower())
    return "-".join(words.split())
