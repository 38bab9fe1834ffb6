"""Posts of a board: the query, the offers, and which rendition to download."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Policy: TypeAlias = Literal["cheapest", "chroma_safe"]
Grade: TypeAlias = Literal["g", "s", "q", "e"]
"""General, sensitive, questionable, explicit, as Danbooru draws the lines."""

GRADES: Mapping[str, Grade] = {grade: grade for grade in get_args(Grade)}

SUFFIXES = frozenset({"avif", "jpeg", "jpg", "png", "webp"})
"""Stills; everything else is animated or needs a player."""

REASONS = (
    "bad_post",
    "restricted",
    "deleted",
    "banned",
    "unapproved",
    "animated",
    "rating",
    "excluded",
    "too_small",
    "too_long",
    "denied",
    "refused_url",
    "gone",
    "opted_out",
    "no_picture",
    "too_many_bytes",
    "too_many_pixels",
    "unreadable",
    "wrong_bytes",
    "same_file",
    "failed",
)
"""Every reason for which a post can be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which posts are wanted, and in which rendition.

    Attributes:
        tags: a post must have all of them.
        exclude: a post must have none of them.
        ratings: a post must have one of them.
        before_id: only posts with a smaller id; 0: all there are.
        policy: ``cheapest`` takes the smallest rendition whose shorter side has ``min_side``;
            ``chroma_safe`` one of twice that, because a site's JPEG and WebP renditions keep
            colour at half their size, and the original where there is none.
        min_side: of a picture's shorter side, in pixels.
        max_aspect: longer side over shorter side.
    """

    tags: tuple[str, ...]
    exclude: tuple[str, ...]
    ratings: tuple[Grade, ...]
    before_id: int
    policy: Policy
    min_side: int
    max_aspect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One file that a site offers of a post.

    Attributes:
        name: the site's word for it.
        url: as the site gave it.
        width, height: in pixels, as the site states them.
        original: whether it is the file as it was uploaded, to which the post's md5 belongs.
    """

    name: str
    url: str
    width: int
    height: int
    original: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as its site describes it.

    Attributes:
        id: number within the site.
        md5: of the original, or empty where the site withholds it.
        rating: as the site words it.
        grade: the same on the common scale, or empty where the word is unknown.
        tags: all of them.
        artist: tags of the artists, blanks between, or empty.
        parent: id of the post that it is a variant of, or 0.
        origin: where the uploader had it from: free text, never asked.
        page: where a person can look at it.
        width, height: of the original, in pixels.
        flaw: one of `REASONS` that the site's own fields give, or empty.
        renditions: smallest first.
        md5_binds: whether the site promises that the original's bytes have this md5.
    """

    id: int
    md5: str
    rating: str
    grade: Grade | Literal[""]
    tags: frozenset[str]
    artist: str
    parent: int
    origin: str
    page: str
    width: int
    height: int
    flaw: str
    renditions: tuple[Rendition, ...]
    md5_binds: bool


def falling(posts: Iterable[Post]) -> list[Post]:
    """Order posts from the newest to the oldest, each id once."""
    return [post for _, post in sorted({post.id: post for post in posts}.items(), reverse=True)]


def judge(post: Post, query: Query) -> str:
    """Tell by what the site says why a post is left out; empty if it is wanted."""
    short, long = sorted((post.width, post.height))
    if post.flaw:
        return post.flaw
    if post.grade not in query.ratings:
        return "rating"
    if not post.tags.isdisjoint(query.exclude):
        return "excluded"
    if short < query.min_side:
        return "too_small"
    return "too_long" if long > query.max_aspect * short else ""


def choose(renditions: Sequence[Rendition], *, policy: Policy, min_side: int) -> Rendition | None:
    """Choose the file to download.

    Args:
        renditions: of one post.
        policy: as in `Query`.
        min_side: as in `Query`.

    Returns:
        None where no file is large enough.
    """
    factor = 2 if policy == "chroma_safe" else 1
    fit = [
        rendition
        for rendition in renditions
        if min(rendition.width, rendition.height)
        >= (min_side if rendition.original else factor * min_side)
    ]
    made = [rendition for rendition in fit if not rendition.original]
    return min(made or fit, key=lambda r: r.width * r.height, default=None)
