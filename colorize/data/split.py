"""Assigns pictures to train, val and test by a hash of their identity alone."""

import hashlib
from typing import Literal, TypeAlias, TypeGuard, get_args

Split: TypeAlias = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


def is_split(name: str) -> TypeGuard[Split]:
    """Tell whether a name is that of a split."""
    return name in SPLITS


def assign(identity: str, *, val_share: float, test_share: float) -> Split:
    """Give a picture its split, the same for ever, whatever other pictures there are.

    Args:
        identity: what the picture and all its copies share, such as its parent post.
        val_share: expected share of pictures for validation, 0..1.
        test_share: expected share for the test; raising it never moves a picture out of the test.

    >>> assign("danbooru_1", val_share=0.1, test_share=0.1)
    'train'
    """
    digest = hashlib.sha256(identity.encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < test_share:
        return "test"
    return "val" if position >= 1 - val_share else "train"


def of_folder(name: str) -> Split | None:
    """Give the split that a picture's own folder asks for, if any.

    Args:
        name: path of the picture within the user's folder. Pictures in ``train``, ``val`` and
            ``test`` there are of these splits, at any depth.

    >>> of_folder("test/comic/1.png"), of_folder("comic/test/1.png"), of_folder("test")
    ('test', None, None)
    """
    first, below, _ = name.partition("/")
    return next((split for split in SPLITS if below and split == first), None)


def place(identity: str) -> int:
    """Give a picture its place among all of its split: 64 bits, independent of its split.

    Args:
        identity: the picture's own.
    """
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[8:16], "big")
