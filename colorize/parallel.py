"""Maps one function over many items, in local processes or on a Dask cluster.

joblib does the work. The environment chooses the engine, because it changes no result:

- ``COLORIZE_BACKEND``: ``local`` (processes of this machine, the default) or ``dask``, whose
  scheduler is found by ``DASK_SCHEDULER_ADDRESS``.
- ``COLORIZE_WORKERS``: processes of this machine, or tasks at a time on a cluster; by default as
  many as this process may use cores, or as the cluster has.
- ``COLORIZE_TASK_TIMEOUT``: seconds after which an item counts as lost; 1800 by default.

`each` pickles its function and items, so the function is a top-level one and the items are small.
The workers of a cluster need this package in the same version, and the same files under the same
paths.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import version
from typing import Any, TypeAlias, TypeVar

from colorize.errors import EngineError

T = TypeVar("T")
R = TypeVar("R")

PACKAGES = ("colorize", "numpy", "opencv-python-headless", "pillow")
"""Packages of which every worker must have the same version, because results depend on them."""

PING_S = 30.0
"""How long the workers of a cluster may take to say that they have the package."""

TASK_TIMEOUT_S = 1800.0

MOST_WORKERS = 10_000


def each(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    environment: Mapping[str, str],
    small: bool = False,
) -> Iterator[R]:
    """Yield ``function(item)`` for each item, in their order, whoever computes it.

    Items are taken as workers come free, so few are held at a time.

    Args:
        function: of one item; a top-level function.
        items: small values.
        environment: see the module.
        small: the work is done sooner than local workers start, so it is done here unless
            ``COLORIZE_WORKERS`` asks for some.

    Raises:
        EngineError: there is no such engine, nobody answers, or workers were lost.
        Exception: whatever the function raises.
    """
    backend = environment.get("COLORIZE_BACKEND", "local")
    if backend not in _ENGINES:
        raise EngineError(f"COLORIZE_BACKEND is one of {', '.join(_ENGINES)}, not '{backend}'")
    workers = _workers(environment)
    if backend == "local":
        workers = workers or (1 if small else _cores())
        if workers == 1:
            return map(function, items)
    timeout = _number(environment, "COLORIZE_TASK_TIMEOUT", TASK_TIMEOUT_S)
    return _spread(
        function, items, _engine(backend, environment), jobs=workers or -1, timeout=timeout
    )


def _spread(
    function: Callable[[T], R],
    items: Iterable[T],
    engine: AbstractContextManager[None],
    *,
    jobs: int,
    timeout: float,
) -> Iterator[R]:
    # Imported here because joblib takes 0.2 s and small work needs none.
    import multiprocessing

    import joblib
    from joblib.externals.loky.process_executor import BrokenProcessPool, TerminatedWorkerError

    try:
        with engine, joblib.Parallel(jobs, return_as="generator", timeout=timeout) as run:
            yield from run(joblib.delayed(function)(item) for item in items)
    except (BrokenProcessPool, TerminatedWorkerError):
        raise EngineError(
            "a worker died (killed, or out of memory): run it again, with fewer COLORIZE_WORKERS "
            "if it was memory; what was finished is kept"
        ) from None
    except (TimeoutError, multiprocessing.TimeoutError):
        raise EngineError(
            f"no worker has answered for {timeout:g} s: see whether they are alive, "
            "and run it again; what was finished is kept"
        ) from None


def _cores() -> int:
    """Count the cores that this process may use, on any system."""
    import joblib

    return int(joblib.cpu_count())


def _workers(environment: Mapping[str, str]) -> int | None:
    """Read how many workers are asked for; None where the machine or the cluster decides."""
    given = environment.get("COLORIZE_WORKERS", "").strip()
    if not given:
        return None
    number = int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 0
    if not 1 <= number <= MOST_WORKERS:
        raise EngineError(
            f"COLORIZE_WORKERS must be a whole number from 1 to {MOST_WORKERS}, not '{given}'"
        )
    return number


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    given = environment.get(name, "")
    try:
        number = float(given or default)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 1):
        raise EngineError(f"{name} must be a number of at least 1, not '{given}'")
    return number


@contextmanager
def _engine(backend: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Make joblib's next `Parallel` use an engine, and check that it answers."""
    import joblib

    with _ENGINES[backend](environment) as settings, joblib.parallel_config(**settings):
        yield


def _local(_: Mapping[str, str]) -> AbstractContextManager[dict[str, Any]]:
    # One thread a process: the threads of several processes would only wait for each other.
    return nullcontext({"backend": "loky", "inner_max_num_threads": 1})


@contextmanager
def _dask(environment: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    try:
        from distributed import Client
        from distributed.client import wait
    except ImportError as error:
        raise EngineError(
            f"COLORIZE_BACKEND=dask needs '{error.name}': pip install 'colorize[dask]'"
        ) from None
    address = environment.get("DASK_SCHEDULER_ADDRESS")
    if not address:
        raise EngineError("COLORIZE_BACKEND=dask needs DASK_SCHEDULER_ADDRESS, as tcp://host:8786")
    limit = min(PING_S, _number(environment, "COLORIZE_TASK_TIMEOUT", PING_S))
    try:
        client = Client(address, timeout=limit)
    except (OSError, ValueError) as error:
        raise EngineError(f"no Dask scheduler answers at {address} ({error})") from None
    with client:
        workers = list(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise EngineError(f"the Dask scheduler at {address} has no workers: start some")
        # A scheduler without the package only logs that, and its client would wait for ever.
        pings = [client.submit(_versions, workers=[name], pure=False) for name in workers]
        try:
            wait(pings, timeout=limit)
        except TimeoutError:
            raise EngineError(
                f"Dask at {address} has not answered for {limit:g} s: "
                "install colorize for its scheduler and all workers, then start them again"
            ) from None
        for name, ping in zip(workers, pings, strict=True):
            if ping.status != "finished":
                why = " ".join(str(ping.exception()).split())
                raise EngineError(f"Dask's scheduler or worker {name} lacks colorize: {why}")
            _check_versions(name, ping.result())
        yield {"backend": "dask", "client": client}


def _versions() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}


def _check_versions(worker: str, theirs: Mapping[str, str]) -> None:
    ours = _versions()
    for name in PACKAGES:
        if theirs[name] != ours[name]:
            raise EngineError(
                f"worker {worker} has {name} {theirs[name]}, here it is {ours[name]}: "
                "install the same, or results would depend on who computed them"
            )


_Engine: TypeAlias = Callable[[Mapping[str, str]], AbstractContextManager[dict[str, Any]]]

_ENGINES: Mapping[str, _Engine] = {
    "local": _local,
    "dask": _dask,
}
