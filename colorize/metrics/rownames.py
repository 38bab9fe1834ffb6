"""Names of the rows of metrics files and tables: the model, floors and ceilings."""

from collections.abc import Iterable

MODEL = "model"
"""The model at the paper's temperature, its class weights as trained."""
CHOSEN = "model_chosen"
"""The model at the temperature and the adjustment that the validation split chose."""
MEAN = "model_mean"
"""The model at temperature 1, its class weights as trained."""

ONE_EPOCH = "one_epoch"
"""The same training after its first epoch, at the paper's temperature."""
GREY = "grey"
DOMINANT = "dominant"
TONE_CURVE = "tone_curve"
RANDOM = "random"
FLOORS = (GREY, DOMINANT, TONE_CURVE, RANDOM, ONE_EPOCH)
"""Rows that a model should beat."""

PAGE = "page"
"""An inked page as it is."""
MEAN_LAYER = "mean_layer"
"""An inked page under the one colour that is the mean of the training split's layers."""

CEILING_HEAD = "ceiling_head"
CEILING_BINS = "ceiling_bins"
CEILINGS = (CEILING_HEAD, CEILING_BINS)
"""Rows that know the truth, and so compete with no other row."""

UNIFORM, PRIOR = "uniform", "prior"
"""Rows of distributions that look at no picture."""


def is_model(row: str) -> bool:
    """Tell whether a row is of the model itself.

    >>> is_model("model_mean"), is_model("one_epoch")
    (True, False)
    """
    return row in {MODEL, CHOSEN, MEAN}


def is_ceiling(row: str) -> bool:
    """Tell whether a row knows the truth; spaces may stand for underscores, as in tables.

    >>> is_ceiling("ceiling bins"), is_ceiling("grey")
    (True, False)
    """
    return row.replace(" ", "_") in CEILINGS


def in_order(rows: Iterable[str]) -> list[str]:
    """Sort rows as a table shows them: the model's, then what it is held against, ceilings last.

    >>> in_order(["ceiling_bins", "grey", "model_mean", "random", "model"])
    ['model', 'model_mean', 'grey', 'random', 'ceiling_bins']
    """
    return sorted(rows, key=lambda row: (is_ceiling(row), not is_model(row), row))
