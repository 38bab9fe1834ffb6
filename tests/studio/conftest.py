"""A studio that runs as people run it: a process of its own, asked over a real connection."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.models import model_path, orange, orange_model

__all__ = ["model_path", "orange", "orange_model"]

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


@dataclass
class Served:
    """A running server.

    Attributes:
        process: that serves.
        url: its address with the token.
        client: that asks it as its own page does.
    """

    process: subprocess.Popen[str]
    url: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=self.url, headers={"origin": self.origin}, timeout=120, trust_env=False
        )

    @property
    def origin(self) -> str:
        return "/".join(self.url.split("/")[:3])

    @property
    def port(self) -> int:
        return int(self.origin.rsplit(":", 1)[1])

    def add(self, name: str, content: bytes) -> httpx.Response:
        from urllib.parse import quote

        return self.client.post("api/pages", content=content, headers={"x-name": quote(name)})

    def project(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get("api/project").json()
        return found

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def begin(*arguments: object) -> Served:
    """Start a command that serves, and wait for its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "colorize", *map(str, arguments), "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    if found is None:
        process.kill()
        raise AssertionError(process.communicate()[1])
    return Served(process, found[0])


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., Served]]:
    """Start servers that end with the module."""
    running: list[Served] = []

    def start(*arguments: object) -> Served:
        running.append(begin(*arguments))
        return running[-1]

    yield start
    for served in running:
        served.end()


@pytest.fixture
def page(encoded: Callable[..., bytes]) -> Callable[..., bytes]:
    """A grey page of flat areas between lines, different for every number."""

    def draw(number: int = 0, height: int = 120, width: int = 80, kind: str = "PNG") -> bytes:
        random = np.random.default_rng(number)
        grey: NDArray[np.uint8] = np.full((height, width), 230, np.uint8)
        grey[10 : height // 2, 10 : width - 10] = random.integers(90, 160)
        grey[height // 2 + 4 : height - 8, 10 : width // 2] = random.integers(90, 160)
        return encoded(grey, kind)

    return draw


@pytest.fixture
def two_pages(tmp_path: Path, page: Callable[..., bytes]) -> Path:
    """A folder of two pages."""
    folder = tmp_path / "pages"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.png").write_bytes(page(number))
    return folder


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
