"""What every test may use: seeded randomness, small pictures, a small project, and no network."""

import io
import os
import shutil
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from filelock import FileLock
from numpy.typing import NDArray
from PIL import Image

from tests.imports import ROOT

if TYPE_CHECKING:
    from colorize.colour.quantiser import Quantiser

# The networks of the tests are tiny: threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

TINY = {
    "fetch": {"source": "characters", "count": 48, "side": 64},
    "resize": {"side": 64, "per_shard": 16, "val_share": 0.2, "test_share": 0.2},
    "train": {
        "domains": ["grey"],
        "select": "psnr",
        "width": 0.125,
        "crop": 64,
        "batch": 8,
        "epochs": 2,
        "temperatures": [0.38, 1.0],
        "adjustments": [0.0, 1.0],
    },
    "evaluate": {"gallery": 4, "resamples": 100},
}


LONGEST = (
    "tests/test_dvc.py",
    "tests/stages/test_train.py",
    "tests/paint/test_command.py",
    "tests/studio/test_browser.py",
    "tests/learn/test_distributed.py",
    "tests/learn/test_adversarial.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: else one worker would end long after the others."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONGEST))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1"}:
            raise AssertionError(f"a test wanted to connect to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def quantiser() -> "Quantiser":
    """The paper's bins, with a prior of random counts."""
    from colorize.colour.encoding import NeighbourTable
    from colorize.colour.gamut import bin_centres
    from colorize.colour.quantiser import Quantiser

    counts = np.random.default_rng(0).integers(1, 100, 313)
    table = NeighbourTable.fit(bin_centres())
    return Quantiser.fit(counts, table, step=10, sigma=5.0, prior_sigma=5.0, mix=0.5)


@pytest.fixture
def all_colours() -> NDArray[np.uint8]:
    """(n, 3) uint8: a lattice over the whole sRGB cube, corners and greys among it."""
    levels = np.arange(0, 256, 15)
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3).astype(np.uint8)


@pytest.fixture
def drawing() -> Callable[..., NDArray[np.uint8]]:
    """Draw flat coloured shapes on white, different for every number."""

    def draw(number: int = 0, height: int = 64, width: int = 64) -> NDArray[np.uint8]:
        random = np.random.default_rng(number)
        rgb = np.full((height, width, 3), 255, np.uint8)
        for _ in range(6):
            top, left = random.integers(0, height * 3 // 4), random.integers(0, width * 3 // 4)
            rgb[top : top + height // 3, left : left + width // 3] = random.integers(0, 256, 3)
        return rgb

    return draw


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    """Encode an array as Pillow would save it."""

    def encode(pixels: NDArray[Any], kind: str = "PNG", **options: Any) -> bytes:
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, kind, **options)
        return out.getvalue()

    return encode


def lay_params(root: Path, **changes: dict[str, Any]) -> Path:
    """Write the params of a small project; keyword arguments change single ones by section."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    for overlay in (TINY, changes):
        for section, values in overlay.items():
            params[section].update(values)
    (root / "params.yaml").write_text(yaml.safe_dump(params), "utf-8")
    return root


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Lay down a project of a small size, as `lay_params` takes changes."""
    return partial(lay_params, tmp_path)


@pytest.fixture(scope="session")
def quantised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project after the three stages before training, made once for all workers."""
    from stages import fetch, quantise, resize  # most tests need none of them

    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    root, done = shared / "quantised", shared / "quantised.done"
    with FileLock(shared / "quantised.lock"):
        if not done.exists():
            root.mkdir()
            lay_params(root)
            for stage in (fetch, resize, quantise):
                stage.main(root)
            done.touch()
    return root


@pytest.fixture
def prepared(project: Callable[..., Path], quantised: Path) -> Callable[..., Path]:
    """Lay down a small project that only has to be trained; changes are for later stages alone."""

    def make(**changes: dict[str, Any]) -> Path:
        assert changes.keys() <= {"train", "evaluate"}
        root = project(**changes)
        for name in ("data", "metrics"):
            shutil.copytree(quantised / name, root / name)
        return root

    return make
