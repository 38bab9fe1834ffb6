"""Sessions of the people's test, and their answers.

The protocol is that of Zhang et al. 2016 and of pix2pix: a real picture and a painted one for a
second each, then any time to say which one is painted; ten pairs for practice with feedback, forty
without, of one model a session. In one of ten trials the painted one has absurd colours: who does
not see that does not look.

A session is its name: the order of its pictures follows from that alone, and where it stands
follows from the answers. So a server that was killed loses nothing. An answer holds no name, no
address and no time of day.
"""

import hashlib
import json
import os
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from colorize.errors import InputError

Kind: TypeAlias = Literal["practice", "test", "catch"]
Side: TypeAlias = Literal["left", "right"]

PRACTICE, TRIALS = 10, 40
CATCH = 0.1
"""Share of the trials after practice that have absurd colours."""

NAME = re.compile(r"[0-9a-f]{32}")


class Trial(NamedTuple):
    """A pair as it is shown.

    Attributes:
        picture: its name.
        kind: ``practice`` tells the truth afterwards, ``catch`` has absurd colours.
        painted: side of the painted picture.
        place: of the crop, from 0 (left, top) to 1.
        other: name of the picture that gives a catch trial its colours.
    """

    picture: str
    kind: Kind
    painted: Side
    place: tuple[float, float]
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody said.

    Attributes:
        session: its name.
        trial: its number, from 0.
        kind: of the trial.
        model: of the session.
        picture: its name.
        fooled: whether the real picture was taken for the painted one.
        ms: milliseconds that it took.
    """

    session: str
    trial: int
    kind: Kind
    model: str
    picture: str
    fooled: bool
    ms: int


def plan(
    session: str, names: Sequence[str], *, practice: int = PRACTICE, trials: int = TRIALS
) -> list[Trial]:
    """Lay out a session; the same name gives the same.

    Args:
        session: its name.
        names: of the pictures; none is shown twice.
        practice: trials with feedback.
        trials: that follow, catch trials among them.

    Raises:
        InputError: there are too few pictures.
    """
    total = practice + trials
    if len(names) < max(2, total):
        raise InputError(f"there are {len(names)} pairs, and a session takes {max(2, total)}")
    seed = int.from_bytes(hashlib.sha256(session.encode()).digest()[:8], "big")
    random = np.random.default_rng(seed)
    order = [names[number] for number in random.permutation(len(names))[:total]]
    catches = random.choice(trials, round(trials * CATCH), replace=False) + practice
    kinds: list[Kind] = ["practice" if number < practice else "test" for number in range(total)]
    for number in catches:
        kinds[number] = "catch"
    made = []
    for picture, kind in zip(order, kinds, strict=True):
        others = [name for name in names if name != picture]
        painted: Side = "left" if random.random() < 0.5 else "right"
        across, down = random.random(2).tolist()
        other = others[int(random.integers(len(others)))]
        made.append(Trial(picture, kind, painted, (across, down), other))
    return made


class Answers:
    """All answers, in a file to which each is added as it comes.

    Args:
        path: of the file, a line of JSON an answer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._by_session: defaultdict[str, list[Answer]] = defaultdict(list)
        content = path.read_bytes() if path.exists() else b""
        self._torn = content != b"" and not content.endswith(b"\n")
        for line in content.splitlines():
            try:
                answer = Answer(**json.loads(line))
            except (ValueError, TypeError, RecursionError):
                continue  # cut short by a kill
            self._by_session[answer.session].append(answer)

    def __iter__(self) -> Iterator[Answer]:
        return (answer for answers in self._by_session.values() for answer in answers)

    def of(self, session: str) -> list[Answer]:
        """Answers of a session."""
        return self._by_session.get(session, [])

    def add(self, answer: Answer) -> None:
        """Keep an answer; it is on the disk when this returns."""
        line = "\n" * self._torn + json.dumps(asdict(answer)) + "\n"
        self._torn = False
        with self._path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        self._by_session[answer.session].append(answer)

    def least(self, models: Sequence[str]) -> int:
        """Number of the model with the fewest sessions, of those the first."""
        begun = Counter(answers[0].model for answers in self._by_session.values() if answers)
        return min(range(len(models)), key=lambda number: begun[models[number]])


def new_session(model: int = 0) -> str:
    """Name a session with the model of that number."""
    return f"{model:04x}{secrets.token_hex(14)}"


def model_number(session: str) -> int:
    """Number of a session's model."""
    return int(session[:4], 16)
