"""Damaged copies of a file: what disks, transfers, editors and hostile people make of it."""

import random
from collections.abc import Iterator, Sequence


def mutants(
    content: bytes, count: int, *, seed: int, tokens: Sequence[bytes] = ()
) -> Iterator[bytes]:
    """Yield ``count`` damaged copies, the same for the same seed.

    Args:
        content: of the whole file.
        count: how many.
        seed: of the choice.
        tokens: what is put in, or over a part, in every third copy: the format's own pitfalls.
    """
    rng = random.Random(seed)
    for number in range(count):
        data = bytearray(content)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            at = rng.randrange(len(data) + 1)
            length = rng.choice((1, 1, 2, 8, 40))
            if tokens and number % 3 == 0:
                data[at : at + rng.choice((0, 0, length))] = rng.choice(tokens)
                continue
            match rng.randrange(6):
                case 0:
                    data[at : at + length] = rng.randbytes(length)
                case 1:
                    del data[at : at + length]
                case 2:
                    data[at:at] = rng.randbytes(length)
                case 3:
                    start = rng.randrange(len(data) + 1)
                    data[at:at] = data[start : start + length]
                case 4 if at < len(data):
                    data[at] ^= 1 << rng.randrange(8)
                case _ if rng.random() < 0.2:
                    del data[at:]
        yield bytes(data)
