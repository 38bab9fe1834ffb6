"""How common each ab bin is, and how much a pixel of it weighs: class rebalancing.

Zhang et al., section 2.2, equation 4: w proportional to ((1 - mix) p~ + mix / Q)^-1, with
sum p~ w = 1, where p~ is the empirical prior smoothed over the ab plane. Most of a picture is near
grey; without these weights rare, saturated colours are never worth predicting.
"""

import numpy as np
from numpy.typing import NDArray


def smooth(
    prior: NDArray[np.float64], centres: NDArray[np.int64], sigma: float
) -> NDArray[np.float64]:
    """Smooth a prior by a Gaussian of the distance in ab, keeping its sum.

    The bins are a list, but neighbours in the list need not be neighbours in the plane, so the
    kernel goes over the plane: p~_q = sum_r K_qr p_r, each column of K summing to 1.

    Args:
        prior: (Q,).
        centres: (Q, 2) ab of the bins.
        sigma: in units of ab; 0 leaves the prior as it is.

    Returns:
        (Q,) with the sum of ``prior``.
    """
    if sigma == 0:
        return prior.copy()
    squared = ((centres[:, None] - centres[None]) ** 2).sum(axis=2)  # (Q, Q)
    kernel = np.exp(-squared / (2 * sigma**2))
    smoothed: NDArray[np.float64] = (kernel / kernel.sum(axis=0)) @ prior
    return smoothed


def class_weights(prior: NDArray[np.float64], mix: float) -> NDArray[np.float64]:
    """Weigh each bin by the inverse of its prior mixed with the uniform (equation 4).

    Args:
        prior: (Q,), positive where ``mix`` is 0, summing to 1.
        mix: lambda in the paper; 1 weighs all bins alike, 0 by the prior's inverse alone.

    Returns:
        (Q,) whose expectation under ``prior`` is 1.

    >>> class_weights(np.array([0.75, 0.25]), mix=0.5).round(3).tolist()
    [0.857, 1.429]
    """
    weights = 1 / ((1 - mix) * prior + mix / len(prior))
    rebalanced: NDArray[np.float64] = weights / (prior * weights).sum()
    return rebalanced


def entropy(prior: NDArray[np.float64]) -> float:
    """Shannon entropy in nats of a (Q,) distribution; empty bins add nothing."""
    seen = prior[prior > 0]
    return float(-(seen * np.log(seen)).sum())
