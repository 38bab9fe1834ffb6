"""Opt-out headers: a site's owner says that a picture is not for machines."""

from collections.abc import Iterable

REFUSALS = frozenset({"noai", "noimageai", "noml", "noindex", "noimageindex", "none"})
"""Words of X-Robots-Tag that rule out training; ``none`` stands for noindex and nofollow."""

WITH_VALUE = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)
"""Words that are followed by a colon of their own, which names no robot."""


def opted_out(headers: Iterable[str], robot: str) -> bool:
    """Tell whether the X-Robots-Tag headers of one answer refuse this robot.

    Args:
        headers: the value of each X-Robots-Tag header, in any case.
        robot: our name; rules for other robots do not count, rules for nobody in particular do.

    >>> opted_out(["nofollow, NoAI"], "colorize"), opted_out(["otherbot: noai"], "colorize")
    (True, False)
    """
    return any(_refuses(value.lower(), robot.lower()) for value in headers)


def _refuses(value: str, robot: str) -> bool:
    addressed = robot
    for rule in value.split(","):
        name, colon, rest = rule.partition(":")
        word = name.strip()
        if colon and word not in WITH_VALUE:
            addressed, word = word, rest.strip()  # holds for the rules that follow it as well
        if addressed == robot and word in REFUSALS:
            return True
    return False
