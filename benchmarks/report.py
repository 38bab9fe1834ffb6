"""``results.md``: a section a benchmark, each with the machine that it was taken on."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import joblib
import psutil

from colorize import files
from colorize.model.weights import Model

RESULTS = Path(__file__).parent / "results.md"
TITLE = (
    "# Benchmarks\n\nMade by `make bench`, `make bench-data`, `make soak`, and `python -m "
    "benchmarks.hints` and `benchmarks.series`. Lower is better, except for PSNR, "
    "AuC, SSIM, histograms and rates.\n"
)

_PACKAGES = ("numpy", "opencv-python-headless", "pillow", "torch")


def machine() -> str:
    """Describe processor, memory and versions, and nothing that names the machine."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = [line.partition(":") for line in cpuinfo.read_text("utf-8").splitlines()]
        model = next((value.strip() for key, _, value in lines if "model name" in key), model)
    memory = psutil.virtual_memory().total / 2**30
    count = joblib.cpu_count()
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{model}, {count} core{'s' * (count > 1)}, {memory:.0f} GiB of memory; "
        f"{platform.system()}, Python {platform.python_version()}, {versions}."
    )


def describe(model: Model) -> str:
    """Say what a model is, in half a line."""
    millions = model.count() / 1e6
    return f"{model.recipe.name}, {millions:.1f} million parameters, trained at {model.side} pixels"


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Lay rows, all with the keys of the first, out as a Markdown table."""
    lines = [[*rows[0]], ["---"] * len(rows[0]), *([f"{v}" for v in row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_section(name: str, text: str, *, path: Path | None = None) -> None:
    """Put a section into the results, `RESULTS` if not given, in the place of its older self."""
    path = path or RESULTS
    old = path.read_text("utf-8") if path.exists() else TITLE
    _, *sections = old.split("\n## ")
    found = dict(section.partition("\n\n")[::2] for section in sections)
    found[name] = f"{text.strip()}\n\nMeasured on: {machine()}\n"
    written = [f"## {key}\n\n{value.strip()}\n" for key, value in sorted(found.items())]
    files.write_bytes(path, "\n".join([TITLE, *written]).encode())
