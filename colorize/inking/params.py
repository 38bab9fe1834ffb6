"""The knobs of making manga pages: one dataclass, every value checked."""

from dataclasses import dataclass, fields
from typing import Annotated, get_args, get_origin, get_type_hints

from colorize.errors import ParamsError


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number, both included."""

    low: float
    high: float

    def admits(self, value: float) -> bool:
        """Tell whether a number lies within; NaN does not."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"from {self.low:g} to {self.high:g}"


Share = Annotated[float, Range(0, 1)]
Pair = tuple[float, float]

BOUNDS: dict[str, Range] = {
    "radius": Range(4, 60),
    "tone": Range(0.03, 0.97),
    "pitch": Range(0.5, 64),
    "shadow_depth": Range(1, 50),
    "balloon_size": Range(0.02, 0.6),
    "blur": Range(0, 3),
    "jpeg": Range(10, 100),
    "paper": Range(128, 255),
    "ink": Range(0, 100),
    "gamma": Range(0.5, 2),
    "noise": Range(0, 20),
}
"""Of both ends of every pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InkingParams:
    """How pages are made of pictures. Shares are weights; chances are for each picture.

    Attributes:
        white: share of regions left white, but for skin and the picture's own white.
        solid: share of regions filled with black; only dark ones are.
        flat: share of regions with a flat screentone.
        wash: share of regions with an even grey.
        white_skin: chance that a region of a skin's colour is left white.
        solid_below: L in 0..100 below which a region may be filled with black.
        radius: distance in Lab, L weighing less, within which colours are one region.
        tone: lightest and deepest tone, 0 white, 1 black.
        pitch: finest and coarsest screen in widths of a thin line; below `screens.FINEST` pixels
            it is even grey.
        pattern_chance: that a toned region has a coarse pattern.
        gradation_chance: that the largest tone fades.
        shadow_chance: that the art's own shadows become a second tone.
        shadow_depth: how far in L a shadow lies below its region's mean.
        shine_chance: that the light parts of a black region stay white.
        balloon_chance: that there are balloons.
        most_balloons: number of them, at most.
        balloon_size: height and width as shares of the picture's shorter side.
        panel_chance: that panel borders and gutters show.
        effect_chance: that there are speed lines, a sound written large, or highlights.
        scan_chance: of each of blur, JPEG, noise and grey paper.
        blur: sigma in pixels.
        jpeg: quality.
        paper: value of white paper.
        ink: value of black ink.
        gamma: exponent of the values between.
        noise: standard deviation in values of 0..255.
    """

    white: Share = 0.5
    solid: Share = 0.15
    flat: Share = 0.25
    wash: Share = 0.1
    white_skin: Share = 0.9
    solid_below: Annotated[float, Range(0, 100)] = 45.0
    radius: Pair = (13.0, 25.0)
    tone: Pair = (0.1, 0.6)
    pitch: Pair = (1.0, 4.2)
    pattern_chance: Share = 0.05
    gradation_chance: Share = 0.25
    shadow_chance: Share = 0.5
    shadow_depth: Pair = (4.0, 11.0)
    shine_chance: Share = 0.7
    balloon_chance: Share = 0.5
    most_balloons: Annotated[int, Range(1, 8)] = 3
    balloon_size: Pair = (0.15, 0.4)
    panel_chance: Share = 0.35
    effect_chance: Share = 0.25
    scan_chance: Share = 0.4
    blur: Pair = (0.2, 0.7)
    jpeg: Pair = (60.0, 95.0)
    paper: Pair = (235.0, 255.0)
    ink: Pair = (0.0, 30.0)
    gamma: Pair = (0.8, 1.2)
    noise: Pair = (0.0, 4.0)

    def __post_init__(self) -> None:
        """Refuse what lies out of range.

        Raises:
            ParamsError: naming the value.
        """
        hints = get_type_hints(type(self), include_extras=True)
        for field in fields(self):
            value = getattr(self, field.name)
            if get_origin(hints[field.name]) is tuple:
                _check_pair(field.name, value)
            else:
                kind, bounds = get_args(hints[field.name])
                if kind is float and type(value) is int:
                    value = float(value)
                if type(value) is not kind or not bounds.admits(value):
                    raise ParamsError(f"'{field.name}' must be {bounds}, not {value!r}")
        if self.white + self.solid + self.flat + self.wash == 0:
            raise ParamsError("one of 'white', 'solid', 'flat' and 'wash' must be above 0")


def _check_pair(name: str, value: object) -> None:
    bounds = BOUNDS[name]
    if not (
        isinstance(value, tuple)
        and len(value) == 2
        and all(type(end) in (int, float) and bounds.admits(end) for end in value)
        and value[0] <= value[1]
    ):
        raise ParamsError(f"'{name}' must be two rising numbers, each {bounds}, not {value!r}")
