"""Section ``train`` of params.yaml, which is checked without PyTorch."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from colorize.errors import ParamsError
from colorize.metrics.scores import Criterion
from colorize.params import FILE_NAME, Section, Seed

MULTIPLES = {"unet": 32, "unet_l2": 32}
"""By ``recipe``: what the sides of crops and pictures must be multiples of, where 8 is too little:
`Recipe.side_multiple`, known before PyTorch is imported."""

INKING = ("unet", "eccv16", "pix2pix")
"""Recipes that can learn inked pages."""

HINTED = ("unet", "unet_l2")
"""Recipes whose network can take hints."""

CLASSIFYING = ("unet", "eccv16")
"""Recipes that can end with a phase against a critic."""

LEAST_CROP = {286: 96}
"""By ``patch``: pixels of which a critic needs more than the least crop of all."""


def _no_truth_value(value: object) -> object:
    """Keep ``true`` from being taken for 1."""
    return str(value) if isinstance(value, bool) else value


class TrainParams(Section):
    """Section ``train`` of params.yaml."""

    recipe: Literal["unet", "unet_l2", "eccv16", "eccv16_l2", "pix2pix"]
    domains: Annotated[
        tuple[Literal["grey", "ink", "lines"], ...], Field(min_length=1, max_length=20)
    ]
    hints: Annotated[int, Field(ge=0, le=100_000)]
    tone: bool
    norms: Literal["apart", "shared"]
    width: Annotated[float, Field(gt=0, le=4)]
    crop: Annotated[int, Field(ge=32, le=1024, multiple_of=8)]
    scale_jitter: Annotated[float, Field(ge=0, le=1)]
    gamma_jitter: Annotated[float, Field(ge=0, le=1)]
    batch: Annotated[int, Field(ge=1, le=4096)]
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    lr: Annotated[float, Field(gt=0, le=1)]
    warmup: Annotated[float, Field(ge=0, le=1)]
    weight_decay: Annotated[float, Field(ge=0, le=1)]
    dropout: Annotated[float, Field(ge=0, lt=1)]
    adversarial: Annotated[float, Field(ge=0, le=1)]
    patch: Annotated[Literal[1, 16, 70, 286], BeforeValidator(_no_truth_value)]
    gan: Annotated[float, Field(ge=0, le=1000)]
    l1: Annotated[float, Field(ge=0, le=1000)]
    temperatures: Annotated[
        tuple[Annotated[float, Field(ge=0.01, le=1)], ...], Field(min_length=1, max_length=20)
    ]
    adjustments: Annotated[
        tuple[Annotated[float, Field(ge=0, le=4)], ...], Field(min_length=1, max_length=20)
    ]
    select: Criterion
    keep: Literal["best", "last"]
    patience: Annotated[int, Field(ge=0, le=100_000)]
    seed: Seed

    @property
    def multiple(self) -> int:
        """What the sides of crops and pictures must be multiples of."""
        return MULTIPLES.get(self.recipe, 8)

    @model_validator(mode="after")
    def _square(self) -> Self:
        """See that the network can halve a crop as often as it does."""
        if self.crop % self.multiple:
            raise ParamsError(
                f"{FILE_NAME}: 'train.crop' must be a multiple of {self.multiple} for recipe "
                f"{self.recipe}, not {self.crop}"
            )
        return self

    @model_validator(mode="after")
    def _learns(self) -> Self:
        """See that the recipe can learn what is asked for."""
        if self.recipe not in INKING and set(self.domains) != {"grey"}:
            raise ParamsError(
                f"{FILE_NAME}: 'train.domains' must be [grey] for recipe {self.recipe}: it gives "
                "no lightness, which inked pages need"
            )
        if self.hints and self.recipe not in HINTED:
            raise ParamsError(
                f"{FILE_NAME}: 'train.hints' must be 0 for recipe {self.recipe}: only "
                f"{' and '.join(HINTED)} take hints"
            )
        return self

    @model_validator(mode="after")
    def _drops(self) -> Self:
        """See that the network has maps to leave out."""
        if self.dropout and not self.recipe.startswith("unet"):
            raise ParamsError(
                f"{FILE_NAME}: 'train.dropout' must be 0 for recipe {self.recipe}, not "
                f"{self.dropout:g}: only unet and unet_l2 have such a layer"
            )
        return self

    @model_validator(mode="after")
    def _critic(self) -> Self:
        """See that there may be a critic, and that it and the network can learn."""
        if self.adversarial and self.recipe not in CLASSIFYING:
            raise ParamsError(
                f"{FILE_NAME}: 'train.adversarial' must be 0 for recipe {self.recipe}, not "
                f"{self.adversarial:g}: only {' and '.join(CLASSIFYING)} have such a phase"
            )
        if self.adversarial and not self.gan:
            raise ParamsError(f"{FILE_NAME}: 'train.gan' must be above 0 for 'train.adversarial'")
        if self.recipe != "pix2pix" and not self.adversarial:
            return self
        if not self.gan and not self.l1:
            raise ParamsError(f"{FILE_NAME}: 'train.gan' or 'train.l1' must be above 0")
        if self.gan and self.crop < (least := LEAST_CROP.get(self.patch, 0)):
            raise ParamsError(
                f"{FILE_NAME}: 'train.crop' must be at least {least} for a patch of {self.patch}, "
                f"not {self.crop}"
            )
        return self
