"""Section ``inking`` of params.yaml: how manga pages are made of coloured pictures."""

from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from colorize.errors import ParamsError
from colorize.params import FILE_NAME, Section

N = TypeVar("N")


def _two(ends: object) -> object:
    if not isinstance(ends, tuple) or len(ends) != 2:
        raise ValueError("two rising numbers")
    return ends


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError("two rising numbers")
    return ends


Share = Annotated[float, Field(ge=0, le=1)]
Tone = Annotated[float, Field(ge=0.03, le=0.97)]
Pitch = Annotated[float, Field(ge=0.5, le=64)]
Span = Annotated[tuple[N, N], BeforeValidator(_two), AfterValidator(_rising)]
"""Both ends of a range, which may be equal."""


class InkingParams(Section):
    """How pages are made. The defaults are those by which every model is judged.

    Chances are for each picture where nothing else is said. A region that is neither skin nor
    filled with black becomes white, screened or washed, by the weights of the three.

    Attributes:
        white: weight of regions left white; without `flat` and `wash` all are.
        solid: share of regions filled with black; only dark ones are, and large ones less often.
        flat: weight of regions with a flat screentone.
        wash: weight of regions with an even grey.
        white_skin: chance that a region of a skin's colour is left white.
        tone: lightest and deepest tone, 0 white, 1 black.
        pitch: finest and coarsest screen in widths of a thin line; below `screens.FINEST` pixels
            it is even grey.
        hatch_chance: that a screened region has lines, hatches or sand instead of dots.
        pattern_chance: that it has a coarse pattern of checks or dots.
        gradation_chance: that the largest tone fades.
        shadow_chance: that the art's own shadows become a second tone.
        blend: least and largest share of XDoG in the lines; the maximum filter has the rest.
        balloon_chance: that there are balloons.
        panel_chance: that panel borders and gutters show.
        effect_chance: that there are speed lines, highlights, or a sound written large.
        scan_chance: of each of blur, JPEG, noise and grey paper.
    """

    white: Share = 0.5
    solid: Share = 0.15
    flat: Share = 0.25
    wash: Share = 0.1
    white_skin: Share = 0.9
    tone: Span[Tone] = (0.1, 0.6)
    pitch: Span[Pitch] = (1.0, 4.2)
    hatch_chance: Share = 0.2
    pattern_chance: Share = 0.05
    gradation_chance: Share = 0.25
    shadow_chance: Share = 0.5
    blend: Span[Share] = (0.2, 1.0)
    balloon_chance: Share = 0.5
    panel_chance: Share = 0.35
    effect_chance: Share = 0.25
    scan_chance: Share = 0.4

    @model_validator(mode="after")
    def _something(self) -> Self:
        """See that something can become of a region that is not black."""
        if self.white + self.flat + self.wash == 0:
            raise ParamsError(
                f"{FILE_NAME}: 'inking.white', 'inking.flat' or 'inking.wash' must be above 0"
            )
        return self
