import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from colorize.studio.worker import MAX_URGENT, PAUSE, Busy, Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def test_what_people_wait_for_comes_first(worker: Worker) -> None:
    order: list[str] = []
    gate = threading.Event()
    worker.submit("gate", gate.wait, urgent=False)
    tasks = [
        worker.submit(f"p{n}", lambda n=n: order.append(f"p{n}"), urgent=False) for n in (1, 2)
    ]
    tasks += [
        worker.submit(f"u{n}", lambda n=n: order.append(f"u{n}"), urgent=True) for n in (1, 2)
    ]
    worker.submit("p2", lambda: None, urgent=True)  # somebody asks for a page that waits its turn
    gate.set()
    for task in tasks:
        task.result(10)
    assert order == ["u1", "u2", "p2", "p1"]


def test_patient_tasks_wait_until_nobody_asks(worker: Worker) -> None:
    worker.submit("click", lambda: None, urgent=True).result(10)
    start = time.monotonic()
    worker.submit("ahead", lambda: None, urgent=False).result(10)
    assert time.monotonic() - start > PAUSE / 2


def test_what_nobody_waits_for_makes_nothing_wait(worker: Worker) -> None:
    start = time.monotonic()
    worker.submit("store", lambda: None, urgent=True, pause=False).result(10)
    worker.submit("ahead", lambda: None, urgent=False).result(10)
    assert time.monotonic() - start < PAUSE


def test_two_who_ask_for_one_thing_share_it(worker: Worker) -> None:
    gate, count = threading.Event(), []
    worker.submit("gate", gate.wait, urgent=True)
    one = worker.submit("same", lambda: count.append(1), urgent=True)
    other = worker.submit("same", lambda: count.append(1), urgent=True)
    assert one is other
    gate.set()
    one.result(10)
    assert count == [1]


def test_a_task_that_begins_serves_nobody_who_comes_later(worker: Worker) -> None:
    begun, gate = threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        gate.wait()
        return "as it was"

    first = worker.submit("page", work, urgent=True)
    begun.wait(10)
    second = worker.submit("page", lambda: "as it is", urgent=True)
    gate.set()
    assert (first.result(10), second.result(10)) == ("as it was", "as it is")


def test_the_queue_is_bounded(worker: Worker) -> None:
    gate, begun = threading.Event(), threading.Event()
    worker.submit("gate", lambda: (begun.set(), gate.wait()), urgent=True)
    begun.wait(10)
    for number in range(MAX_URGENT):
        worker.submit(number, lambda: None, urgent=True)
    with pytest.raises(Busy):
        worker.submit("more", lambda: None, urgent=True)
    gate.set()


def test_an_error_is_told_and_ends_nothing(worker: Worker) -> None:
    with pytest.raises(ZeroDivisionError):
        worker.submit("bad", lambda: 1 / 0, urgent=True).result(10)
    assert worker.submit("good", lambda: 1, urgent=True).result(10) == 1


def test_who_waits_when_it_closes_is_told() -> None:
    worker, gate, begun = Worker(), threading.Event(), threading.Event()
    first = worker.submit("gate", lambda: (begun.set(), gate.wait()), urgent=True)
    begun.wait(10)
    left = worker.submit("left", lambda: None, urgent=False)
    threading.Timer(0.2, gate.set).start()
    worker.close()
    assert first.done()
    with pytest.raises(CancelledError):
        left.result(10)
    with pytest.raises(Busy):
        worker.submit("late", lambda: None, urgent=True)
