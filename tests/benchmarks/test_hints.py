from pathlib import Path

import pytest


def test_the_table(tmp_path: Path, drawing, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN001
    """Every way and count has a row, and the page obeys."""
    raise NotImplementedError
