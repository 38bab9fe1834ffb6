"""What dvc and git are asked, with what goes wrong as one line."""

from pathlib import Path

import pytest

from colorize.errors import DataError
from stages import tools


def test_gives_what_it_says(tmp_path: Path) -> None:
    assert "DVC version" in tools.dvc(tmp_path, "version", timeout_s=60)


def test_its_own_words_on_failure(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^dvc exp show: .*not inside of a DVC repository"):
        tools.dvc(tmp_path, "exp", "show")


def test_one_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^dvc version: no answer within 0\.05 s"):
        tools.dvc(tmp_path, "version", timeout_s=0.05)
