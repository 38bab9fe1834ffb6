"""The soft target of a picture: this project's way against the original system's.

The original system searches every pixel's bins in a ball tree made anew for each picture, and
spreads them into a dense volume of float64.

    python -m benchmarks.targets [ROOT]

ROOT, the current folder if not given, holds the pipeline's shards and quantiser.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from torch.nn import functional

from benchmarks import report
from benchmarks.train import seconds
from colorize.colour import lab
from colorize.colour.quantiser import Quantiser
from colorize.data.shards import ShardReader
from colorize.model.losses import Target
from colorize.model.networks.eccv16 import HEAD_STRIDE
from colorize.model.targets import Encoder

PICTURES = 16
REPEATS = 5


def original(ab: NDArray[np.float32], quantiser: Quantiser) -> NDArray[np.float64]:
    """Encode one picture's (H, W, 2) to (H W, Q) as the original system does."""
    ab = ab.reshape(-1, 2)
    tree = NearestNeighbors(n_neighbors=quantiser.table.neighbours, algorithm="ball_tree")
    distances, indices = tree.fit(quantiser.table.centres).kneighbors(ab)
    weights = np.exp(-(distances**2) / (2 * quantiser.sigma**2))
    weights /= weights.sum(axis=1, keepdims=True)
    dense = np.zeros((len(ab), len(quantiser.table.centres)))
    dense[np.arange(len(ab))[:, None], indices] = weights
    return dense


def main(root: Path) -> None:
    """Measure both ways and write the section."""
    pictures = ShardReader(root / "data" / "resized", "train")
    quantiser = Quantiser.load(root / "data" / "quantiser.npz")
    rgb = np.stack([pictures[n] for n in range(min(PICTURES, len(pictures)))])
    ab = lab.rgb_to_lab(rgb)[..., 1:]
    encoder = Encoder(quantiser, head_stride=HEAD_STRIDE)
    planes = torch.from_numpy(np.ascontiguousarray(ab.transpose(0, 3, 1, 2)))

    def ours() -> Target:
        return encoder.target(functional.avg_pool2d(planes, HEAD_STRIDE))

    slow = seconds(lambda: [original(one, quantiser) for one in ab], 1) / len(ab) * 1e3
    fast = seconds(ours, REPEATS) / len(ab) * 1e3
    dense = original(ab[0], quantiser).nbytes / 1e6
    sparse = sum(part.nbytes for part in ours() if part is not None) / len(ab) / 1e6
    rows = [
        {"way": "ball tree, dense", "ms a picture": f"{slow:.1f}", "MB": f"{dense:.1f}"},
        {"way": "ours, sparse", "ms a picture": f"{fast:.2f}", "MB": f"{sparse:.2f}"},
    ]
    text = (
        f"From the ab of {len(ab)} pictures of {pictures.side} pixels, on "
        f"{torch.get_num_threads()} cores: the original system's way at every pixel, picture by "
        f"picture; ours at the head's, a quarter of the side, all at once, block means among it; "
        f"the fastest of {REPEATS} runs.\n\n"
        f"{report.table(rows)}\n\n"
        f"**{slow / fast:.0f} times as fast** with **1/{dense / sparse:.0f} of the memory**."
    )
    report.write_section("The soft target of a picture", text)
    print(text)


if __name__ == "__main__":
    main(Path(*sys.argv[1:]))
