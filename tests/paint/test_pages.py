"""Single pages through the painter, as files in every form that pages come in."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from time import sleep
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from colorize.colour.lab import rgb_to_lightness
from colorize.imaging import chroma
from colorize.imaging.decode import decode
from colorize.model.weights import Model
from colorize.paint import opening, pages
from colorize.paint.jobs import plan
from colorize.paint.pages import Finished, Form, Outcome, Page, Result, paint_files, paint_pages
from colorize.paint.painter import Painter
from tests.paint.conftest import seen

Encoded = Callable[..., bytes]
GREY = np.tile(np.arange(60, 180, dtype=np.uint8), (90, 1))


def paint(
    painter: Painter, root: Path, content: bytes, name: str, form: Form = Form.PAINTED
) -> tuple[Result, Path]:
    source = root / "in" / name
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(content)
    found = plan([source], root / "out", ending=form.ending)
    (result,) = paint_files(painter, found.jobs, form=form, base=found.base)
    return result, Path(result.target)


def opened(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image if image.mode == "RGBA" else image.convert("RGB"))


MODES = {
    "grey": Image.fromarray(GREY),
    "grey and alpha": Image.fromarray(GREY).convert("LA"),
    "RGB": Image.fromarray(GREY).convert("RGB"),
    "RGBA": Image.fromarray(np.dstack([GREY, GREY, GREY, (GREY > 80) * np.uint8(255)])),
    "16-bit": Image.fromarray(GREY.astype(np.uint16) * 257),
    "palette": Image.fromarray(GREY).convert("P"),
    "two tones": Image.fromarray(GREY > 120),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_kind_of_pixel(orange: Painter, tmp_path: Path, mode: str) -> None:
    out = io.BytesIO()
    MODES[mode].save(out, "PNG")
    result, path = paint(orange, tmp_path, out.getvalue(), "p.png")
    assert result.outcome is Outcome.PAINTED
    painted = opened(path)
    expected = decode(out.getvalue(), max_pixels=10**6)
    assert painted.shape == expected.shape
    assert np.abs(rgb_to_lightness(painted) - rgb_to_lightness(expected)).max() < 0.3
    if mode != "two tones":
        assert np.ptp(painted[45, 60].astype(int)) > 50  # it is orange


@pytest.mark.parametrize(
    "suffix", [".jpg", ".JPEG", ".jpe", ".jfif", ".pjpeg", ".webp", ".avif", ".png"]
)
def test_every_format_goes_out_as_it_came_in(
    orange: Painter, tmp_path: Path, encoded: Encoded, suffix: str
) -> None:
    kind = {".webp": "WEBP", ".avif": "AVIF", ".png": "PNG"}.get(suffix, "JPEG")
    content = encoded(GREY, kind)
    _, path = paint(orange, tmp_path, content, f"頁 №1 é{suffix}")
    assert path == tmp_path / "out" / f"頁 №1 é{suffix}"
    with Image.open(path) as image:
        assert image.format == kind
        off = rgb_to_lightness(np.asarray(image.convert("RGB"))) - rgb_to_lightness(
            decode(content, max_pixels=10**6)
        )
    assert np.abs(off).mean() < 1.5


def test_a_coloured_page_stays_as_it_was_byte_for_byte(
    orange: Painter, tmp_path: Path, encoded: Encoded, drawing: Callable[..., NDArray[np.uint8]]
) -> None:
    content = encoded(drawing(3, 300, 200), "JPEG", quality=80)
    for form in (Form.PAINTED, Form.COMPARE):
        result, path = paint(orange, tmp_path, content, "p.jpg", form)
        assert result.outcome is Outcome.COLOURED
        assert path.read_bytes() == content


def test_a_coloured_page_changes_format_where_asked_to(
    orange: Painter, tmp_path: Path, encoded: Encoded, drawing: Callable[..., NDArray[np.uint8]]
) -> None:
    rgb = drawing(3, 300, 200)
    (tmp_path / "p.webp").write_bytes(encoded(rgb, "WEBP", lossless=True))
    found = plan([tmp_path / "p.webp"], tmp_path / "p.png")
    (result,) = paint_files(orange, found.jobs, form=Form.PAINTED, base=tmp_path)
    assert result.outcome is Outcome.COLOURED
    np.testing.assert_array_equal(opened(tmp_path / "p.png"), rgb)


def test_a_coloured_page_keeps_its_bytes_under_another_suffix_of_its_format(
    orange: Painter, tmp_path: Path, encoded: Encoded, drawing: Callable[..., NDArray[np.uint8]]
) -> None:
    coloured = encoded(drawing(3, 300, 200), "JPEG")
    (tmp_path / "a.jpeg").write_bytes(coloured)
    found = plan([tmp_path / "a.jpeg"], tmp_path / "c.jpg")
    (result,) = paint_files(orange, found.jobs, form=Form.PAINTED, base=found.base)
    assert result.target == str(tmp_path / "c.jpg")
    assert (tmp_path / "c.jpg").read_bytes() == coloured


def test_names_as_long_as_a_disk_allows(orange: Painter, tmp_path: Path, encoded: Encoded) -> None:
    name = "頁" * 83 + ".png"  # 253 bytes
    result, path = paint(orange, tmp_path, encoded(GREY), name)
    assert (result.outcome, path.name) == (Outcome.PAINTED, name)


def test_compare_shows_the_original_on_the_left(
    orange: Painter, tmp_path: Path, encoded: Encoded
) -> None:
    _, path = paint(orange, tmp_path, encoded(GREY), "p.png", Form.COMPARE)
    both = opened(path)
    height, width = GREY.shape
    assert both.shape == (height, 2 * width, 3)
    np.testing.assert_array_equal(both[:, :width], np.repeat(GREY[..., None], 3, axis=2))
    np.testing.assert_array_equal(both[:, width:], orange.paint(both[:, :width].copy()))


def test_a_layer_has_alpha_and_is_empty_where_there_is_colour_already(
    orange: Painter, tmp_path: Path, encoded: Encoded, drawing: Callable[..., NDArray[np.uint8]]
) -> None:
    _, path = paint(orange, tmp_path, encoded(GREY, "JPEG"), "p.jpg", Form.LAYER)
    assert path.name == "p.png"
    assert opened(path)[..., 3].min() == 255
    _, path = paint(orange, tmp_path, encoded(drawing(3, 300, 200)), "q.png", Form.LAYER)
    assert not opened(path).any()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.png", b"no picture", "unreadable"),
        ("a.jpg", b"", "unreadable: an empty file"),
        ("a.png", b" <!DOCTYPE HTML><html>", "unreadable: it is a web page"),
        ("a.gif", b"GIF89a", "not supported"),
    ],
)
def test_an_unreadable_page_is_told_and_nothing_written(
    orange: Painter, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    result, _ = paint(orange, tmp_path, content, name)
    assert (result.outcome, result.target) == (Outcome.FAILED, "")
    assert reason in result.reason
    assert " at 0x" not in result.reason
    assert list((tmp_path / "out").iterdir()) == []


def test_a_page_cut_short_does_not_replace_a_good_result(
    orange: Painter, tmp_path: Path, encoded: Encoded
) -> None:
    _, path = paint(orange, tmp_path, encoded(GREY), "p.png")
    good = path.read_bytes()
    result, _ = paint(orange, tmp_path, encoded(GREY)[:-100], "p.png")
    assert (result.outcome, result.target) == (Outcome.FAILED, str(path))
    assert path.read_bytes() == good


def test_too_many_pixels_are_never_decoded(
    orange: Painter, tmp_path: Path, encoded: Encoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded(GREY)
    monkeypatch.setattr(opening, "MAX_PIXELS", GREY.size)
    assert paint(orange, tmp_path, content, "p.png")[0].outcome is Outcome.PAINTED
    monkeypatch.setattr(opening, "MAX_PIXELS", GREY.size - 1)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("was decoded"))
    result, _ = paint(orange, tmp_path, content, "q.png")
    assert "too_many_pixels" in result.reason
    assert result.target == ""


def test_too_many_bytes_are_neither_read_nor_copied(
    orange: Painter, tmp_path: Path, encoded: Encoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_BYTES", 10)
    result, _ = paint(orange, tmp_path, encoded(GREY), "p.png")
    assert "too_many_bytes" in result.reason
    assert result.target == ""


def test_a_format_that_cannot_hold_the_result_is_told(
    orange: Painter, tmp_path: Path, encoded: Encoded
) -> None:
    """WebP ends at 16,383 pixels, and two pages side by side are wider."""
    content = encoded(np.full((2, 9000), 128, np.uint8), "WEBP")
    result, _ = paint(orange, tmp_path, content, "p.webp", Form.COMPARE)
    assert "unwritable" in result.reason
    assert result.target == ""


def test_a_source_that_vanished_stops_nothing(
    orange: Painter, tmp_path: Path, encoded: Encoded
) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(encoded(GREY))
    found = plan([tmp_path / "1.png", tmp_path / "2.png"], tmp_path / "out")
    (tmp_path / "1.png").unlink()
    results = paint_files(orange, found.jobs, form=Form.PAINTED, base=found.base)
    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.PAINTED]
    assert seen(tmp_path / "out") == ["2.png"]


def test_pages_come_in_order_and_few_wait(orange: Painter, encoded: Encoded) -> None:
    """Reading runs ahead of what is taken by the pages in hand only."""
    contents = [encoded(np.full((40 + number, 30), 90, np.uint8)) for number in range(12)]
    read: list[int] = []

    def reader(number: int) -> Callable[[], bytes]:
        def give() -> bytes:
            read.append(number)
            return contents[number]

        return give

    names = [str(number) for number in range(12)]
    todo = (Page(name=name, original=".png", kind=".png", read=reader(int(name))) for name in names)
    taken: list[Finished] = []
    for page in paint_pages(orange, todo, form=Form.PAINTED):
        taken.append(page)
        assert len(read) <= len(taken) + 2 * pages.WAITING + pages.SIDE_BY_SIDE
    assert [page.name for page in taken] == names
    sizes = [Image.open(io.BytesIO(page.content or b"")).size for page in taken]
    assert sizes == [(30, 40 + number) for number in range(12)]


@pytest.fixture
def cores() -> Iterator[int]:
    """Let PyTorch have several, whatever this machine has."""
    own = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(own)


def grey_pages(encoded: Encoded, sizes: Sequence[int]) -> list[Page]:
    """Pages of one column of pixels each, and so high."""
    contents = [encoded(np.full((size, 8), 90, np.uint8)) for size in sizes]
    return [
        Page(name=str(number), original=".png", kind=".png", read=lambda content=content: content)
        for number, content in enumerate(contents)
    ]


def test_pages_are_painted_side_by_side(
    orange: Painter, encoded: Encoded, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = Barrier(cores, timeout=30)
    threads: list[int] = []
    paint_one = Painter.paint

    def waiting(self: Painter, rgb: NDArray[np.uint8], **given: Any) -> NDArray[np.uint8]:
        threads.append(torch.get_num_threads())
        met.wait()
        return paint_one(self, rgb, **given)

    monkeypatch.setattr(Painter, "paint", waiting)
    found = list(paint_pages(orange, grey_pages(encoded, [40] * 2 * cores), form=Form.PAINTED))
    assert [page.outcome for page in found] == [Outcome.PAINTED] * 2 * cores
    assert threads == [1] * 2 * cores
    assert torch.get_num_threads() == cores


def test_a_large_page_is_painted_alone(
    orange: Painter, encoded: Encoded, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[list[int]] = []
    now: list[int] = []
    paint_one = Painter.paint

    def watched(self: Painter, rgb: NDArray[np.uint8], **given: Any) -> NDArray[np.uint8]:
        now.append(len(rgb))
        at_once.append(list(now))
        sleep(0.05)
        now.remove(len(rgb))
        return paint_one(self, rgb, **given)

    monkeypatch.setattr(pages, "LARGE", 8 * 100)
    monkeypatch.setattr(Painter, "paint", watched)
    sizes = [40, 41, 100, 42, 43, 101, 102, 44, 45]
    found = list(paint_pages(orange, grey_pages(encoded, sizes), form=Form.PAINTED))
    assert [page.name for page in found] == [str(number) for number in range(len(sizes))]
    assert [Image.open(io.BytesIO(page.content or b"")).height for page in found] == sizes
    assert max(map(len, at_once)) > 1
    assert all(len(seen) == 1 for seen in at_once if max(seen) >= 100)


def test_one_page_gets_all_cores(
    orange: Painter, encoded: Encoded, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def watched(self: Painter, rgb: NDArray[np.uint8], **given: Any) -> NDArray[np.uint8]:
        threads.append(torch.get_num_threads())
        return rgb

    monkeypatch.setattr(Painter, "paint", watched)
    list(paint_pages(orange, grey_pages(encoded, [40]), form=Form.PAINTED))
    assert threads == [cores]


def test_nothing_half_written_when_the_disk_is_full(
    orange: Painter, tmp_path: Path, encoded: Encoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space.*p\.png"):
        paint(orange, tmp_path, encoded(GREY), "p.png")
    assert seen(tmp_path / "out") == []


class Faulty(torch.nn.Module):
    """Gives what `fault` does of a page of 64 x 64 pixels, and of others what the network gives."""

    def __init__(self, network: torch.nn.Module, fault: Callable[[torch.Tensor], object]) -> None:
        super().__init__()
        self.network, self.fault = network, fault

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        given: torch.Tensor = self.network(seen)
        if seen.shape[2:] == (64, 64):
            self.fault(given)
        return given


def opencv_allocates(_: object) -> None:
    cv2.resize(np.zeros((1, 1), np.uint8), (1 << 30, 1 << 30))


ALLOCATIONS: dict[str, Callable[[object], object]] = {
    "torch": lambda _: torch.empty(1 << 60),
    "numpy": lambda _: np.empty(1 << 60, np.uint8),
    "OpenCV": opencv_allocates,
}
"""Each asks for more than there is address space for, and is refused by the real allocator."""


def faulty(model: Model, fault: Callable[[torch.Tensor], object]) -> Painter:
    return Painter(replace(model, network=Faulty(model.network, fault)))


def three(painter: Painter, root: Path, encoded: Encoded, form: Form) -> list[Result]:
    """Paint three pages; the second one is the one that fails."""
    (root / "in").mkdir()
    for number, size in enumerate(((90, 64), (64, 64), (64, 80))):
        content = encoded(np.full(size, 128, np.uint8))
        (root / "in" / f"{number}.png").write_bytes(content)
    found = plan([root / "in"], root / "out")
    return list(paint_files(painter, found.jobs, form=form, base=found.base))


@pytest.mark.parametrize("allocator", ALLOCATIONS)
@pytest.mark.parametrize("form", Form)
def test_a_page_for_which_memory_does_not_suffice_fails_alone(
    orange_model: Model, tmp_path: Path, encoded: Encoded, allocator: str, form: Form
) -> None:
    painter = faulty(orange_model, ALLOCATIONS[allocator])
    results = three(painter, tmp_path, encoded, form)
    assert [result.outcome for result in results] == ["painted", "failed", "painted"]
    assert results[1].reason == "too_large: not enough memory to paint 64 x 64 pixels"
    assert results[1].target == ""
    assert seen(tmp_path / "out") == ["0.png", "2.png"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_page_for_which_the_network_gives_no_numbers_fails_alone(
    orange_model: Model, tmp_path: Path, encoded: Encoded, value: float
) -> None:
    def fault(given: torch.Tensor) -> None:
        given[:, :, 3, 4] = value

    results = three(faulty(orange_model, fault), tmp_path, encoded, Form.PAINTED)
    assert [result.outcome for result in results] == ["painted", "failed", "painted"]
    assert results[1].reason == "no_colours: the network gave no number for some of its pixels"
    assert seen(tmp_path / "out") == ["0.png", "2.png"]


@pytest.mark.parametrize("step", ["read", "kept", "concatenate"])
def test_memory_that_is_short_beside_the_network_fails_one_page(
    orange: Painter,
    tmp_path: Path,
    encoded: Encoded,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """While a file is read, its colours are looked for, or two pictures are put side by side."""
    places: dict[str, tuple[Any, Callable[[Any], bool]]] = {
        "read": (pages, lambda path: path.name == "1.png"),
        "kept": (chroma, lambda rgb: rgb.shape == (64, 64, 3)),
        "concatenate": (np, lambda parts: [np.shape(part) for part in parts] == [(64, 64, 3)] * 2),
    }
    place, is_second = places[step]
    real = getattr(place, step)

    def short(given: Any, *others: Any, **options: Any) -> Any:
        if is_second(given):
            raise MemoryError
        return real(given, *others, **options)

    monkeypatch.setattr(place, step, short)
    results = three(orange, tmp_path, encoded, Form.COMPARE)
    assert [result.outcome for result in results] == ["painted", "failed", "painted"]
    assert results[1].reason.startswith("too_large: not enough memory to ")
