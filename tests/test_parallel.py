"""The same results from every engine, and one line when an engine fails."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from colorize.errors import DataError, EngineError
from colorize.parallel import each
from tests.dask import Cluster
from tests.imports import ROOT

LOCAL = {"COLORIZE_WORKERS": "2"}


def square(number: int) -> int:
    return number * number


def slowly(number: int) -> int:
    time.sleep(0.05)
    return number


def die(number: int) -> int:
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse(number: int) -> int:
    if number == 3:
        raise DataError("three is damaged")
    return number


def wait_for(order: tuple[Path, int]) -> int:
    """Say that it has begun, and wait until it may go on."""
    folder, number = order
    (folder / f"begun-{number}").touch()
    until = time.monotonic() + 20
    while not (folder / "go").exists() and time.monotonic() < until:
        time.sleep(0.02)
    return number


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("dask"), workers=2) as started:
        yield started


@pytest.mark.parametrize("environment", [{}, {"COLORIZE_WORKERS": "1"}, LOCAL])
@pytest.mark.parametrize("small", [False, True])
def test_results_come_in_order(environment: dict[str, str], small: bool) -> None:
    found = list(each(square, iter(range(30)), environment=environment, small=small))
    assert found == [square(n) for n in range(30)]


@pytest.mark.filterwarnings("ignore:.*(not used|cancelled)")
def test_nothing_is_computed_far_ahead() -> None:
    taken: list[int] = []
    results = each(slowly, (taken.append(n) or n for n in range(500)), environment=LOCAL)
    assert next(results) == 0
    assert len(taken) < 50
    results.close()  # type: ignore[attr-defined] # a generator


@pytest.mark.slow
def test_dask_gives_the_same(cluster: Cluster) -> None:
    found = list(each(square, range(30), environment=cluster.environment))
    assert found == [square(n) for n in range(30)]


def test_an_engine_that_is_not_installed_says_how_to_get_it() -> None:
    code = """
import sys
sys.modules["distributed"] = None
from colorize.parallel import each
print(list(each(abs, [1], environment={"COLORIZE_BACKEND": "dask"})))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "needs 'distributed': pip install 'colorize[dask]'" in done.stderr


def test_cores_are_counted_where_the_system_knows_no_affinity() -> None:
    """As on macOS and Windows."""
    code = """
import os
del os.sched_getaffinity
from colorize.parallel import each
print(list(each(abs, [-1, -2], environment={})))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[1, 2]\n", 0), done.stderr


def test_an_error_of_the_function_arrives() -> None:
    with pytest.raises(DataError, match="three is damaged"):
        list(each(refuse, range(8), environment=LOCAL))


@pytest.mark.filterwarnings("ignore:A worker stopped")
def test_a_worker_that_dies_is_one_line_and_the_next_run_works() -> None:
    with pytest.raises(EngineError, match="a worker died"):
        list(each(die, range(20), environment=LOCAL))
    assert list(each(square, range(8), environment=LOCAL)) == [square(n) for n in range(8)]


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"COLORIZE_BACKEND": "slurm"}, "one of local, dask, not 'slurm'"),
        *(
            ({"COLORIZE_WORKERS": given}, f"COLORIZE_WORKERS must be a whole number .*'{given}'")
            for given in ("many", "0", "-1", "2.5", "inf", "nan", "9" * 400, "\u00b2", "10001")
        ),
        *(
            (LOCAL | {"COLORIZE_TASK_TIMEOUT": given}, f"COLORIZE_TASK_TIMEOUT .*'{given}'")
            for given in ("soon", "0", "inf", "nan", "1e999")
        ),
        ({"COLORIZE_BACKEND": "dask"}, "needs DASK_SCHEDULER_ADDRESS"),
    ],
)
def test_rejects(environment: dict[str, str], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        list(each(square, range(3), environment=environment))


def test_a_scheduler_that_cannot_be_reached_is_one_line() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{reserved.getsockname()[1]}"
        environment = {
            "COLORIZE_BACKEND": "dask",
            "DASK_SCHEDULER_ADDRESS": address,
            "COLORIZE_TASK_TIMEOUT": "2",
        }
        with pytest.raises(EngineError, match=f"no Dask scheduler answers at {address}"):
            list(each(square, range(3), environment=environment))


@pytest.mark.slow
def test_workers_without_the_package_are_found_out(tmp_path: Path) -> None:
    with Cluster(tmp_path, workers=0) as lacking:
        environment = lacking.environment | {"COLORIZE_TASK_TIMEOUT": "3"}
        with pytest.raises(EngineError, match="no workers: start some"):
            list(each(square, range(3), environment=environment))
        lacking.add_worker_without_the_package()
        with pytest.raises(EngineError, match="colorize") as caught:
            list(each(square, range(3), environment=environment))
    assert "\n" not in str(caught.value)


def begun(folder: Path, count: int) -> None:
    until = time.monotonic() + 30
    while len(list(folder.glob("begun-*"))) < count:
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.slow
def test_one_killed_dask_worker_costs_nothing(tmp_path: Path) -> None:
    with Cluster(tmp_path, workers=2) as doomed:
        items = [(tmp_path, n) for n in range(6)]
        results = each(wait_for, items, environment=doomed.environment)
        first = iter(results)
        (tmp_path / "go").touch()
        found = [next(first)]
        (tmp_path / "go").unlink()
        begun(tmp_path, 2)
        doomed.kill_workers(1)
        (tmp_path / "go").touch()
        assert [*found, *first] == list(range(6))


@pytest.mark.slow
def test_killed_dask_workers_are_one_line(tmp_path: Path) -> None:
    with Cluster(tmp_path, workers=2) as doomed:
        environment = doomed.environment | {"COLORIZE_TASK_TIMEOUT": "4"}
        items = [(tmp_path, n) for n in range(4)]
        results = each(wait_for, items, environment=environment)
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(list, results)
            begun(tmp_path, 2)
            doomed.kill_workers(2)
            with pytest.raises(EngineError, match="no worker has answered for 4 s"):
                waiting.result(timeout=60)
