"""Pages and books as they are found, through the command as a process.

Scanners, browsers, packers and disks leave each kind of file that is drawn here. All of them lie in
one folder, which the command paints in one run.
"""

import io
import json
import struct
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from colorize.colour import lab
from colorize.model.weights import Model
from tests.imaging.pictures import DOT_GAIN, REFLECTED, page, saved, spoiled, turned
from tests.imports import ROOT
from tests.models import ORANGE
from tests.paint.test_paper import lettered, straight
from tests.paint.zips import Item, grey_page, packed

RGB = NDArray[np.uint8]
GREY = np.asarray(page())
"""The page that most files hold: (420, 300)."""


def encoded(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light to values of sRGB, in 0..255; IEC 61966-2-1."""
    curve = 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055
    return 255 * np.where(light <= 0.0031308, 12.92 * light, curve)


def rich() -> bytes:
    options: dict[str, Any] = {"dpi": (300, 300), "icc_profile": DOT_GAIN}
    return saved(page(), "PNG", exif=turned(1), **options)


def jpeg(**options: Any) -> bytes:
    return saved(page(), "JPEG", quality=90, **options)


EXIF_CUT_SHORT = b"\xff\xe1\x00\x20Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\3\0\0\0\1\0\6\0\0"
"""It announces 65,535 entries and has one, which is whole: turned to the right."""

PROFILED: dict[str, bytes] = {
    "profile L.jpg": jpeg(icc_profile=DOT_GAIN),
    "profile L.png": saved(page(), "PNG", icc_profile=DOT_GAIN),
    "profile LA.png": saved(page().convert("LA"), "PNG", icc_profile=DOT_GAIN),
    "profile P.png": saved(page().quantize(16), "PNG", icc_profile=DOT_GAIN),
    "profile I16.png": saved(
        Image.fromarray(GREY.astype(np.uint16) * 257), "PNG", icc_profile=DOT_GAIN
    ),
    "wrong checksum of pHYs.png": spoiled(rich(), b"pHYs"),
    "wrong checksum of eXIf.png": spoiled(rich(), b"eXIf"),
}
"""Files whose greys are lighter than their values: see `REFLECTED`."""

PLAIN: dict[str, bytes] = {
    "wrong checksum of iCCP.png": spoiled(rich(), b"iCCP"),
    "no end.png": saved(page(), "PNG")[:-12],
    "bytes behind.png": saved(page(), "PNG") + b"<!-- cache -->",
    "no end.jpg": jpeg()[:-2],
    "junk before the end.jpg": jpeg()[:-2] + bytes(12) + jpeg()[-2:],
    "CMYK.jpg": saved(page().convert("CMYK"), "JPEG", quality=90),
    "progressive.jpg": jpeg(progressive=True),
    "line ends behind.jpg": jpeg() + b"\r\n" * 500,
    "line end before.jpg": b"\r\n" + jpeg(),
    "byte order mark.jpg": b"\xef\xbb\xbf" + jpeg(),
}
"""Files whose greys are those of the page."""

TURNED: dict[str, bytes] = {
    "turned.jpg": jpeg(exif=turned(6)),
    "turned.png": saved(page(), "PNG", exif=turned(6)),
    "turned.webp": saved(page().convert("RGB"), "WEBP", exif=turned(6)),
    "EXIF cut short.jpg": jpeg()[:2] + EXIF_CUT_SHORT + jpeg()[2:],
}
"""Files that are to be shown turned to the right."""

DAMAGED: dict[str, tuple[bytes, str]] = {
    "wrong checksum of IDAT.png": (spoiled(rich(), b"IDAT"), "PNG: damaged pixels"),
    "cut.jpg": (jpeg()[: int(len(jpeg()) * 0.99)], "JPEG: cut short"),
    "cut progressive.jpg": (jpeg(progressive=True)[:-200], "JPEG: cut short"),
}
"""Files that lack some of their pixels, and what is said of them."""

BLACKS = {"print": (35, 24, 21), **{str(value): (value,) * 3 for value in (24, 16, 8, 0)}}

RED = (215, 30, 40)
SHARES = (0.25, 0.5, 1, 2, 4, 8)
Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
COVERS: dict[str, tuple[Colour, ...]] = {
    "yellow cover": ((255, 212, 0), (255, 212, 0), (255, 212, 0), WHITE, (255, 212, 0)),
    "red cover": ((200, 20, 40), (200, 20, 40), (200, 20, 40), WHITE, (200, 20, 40)),
    "red and black": (WHITE, (255, 214, 214), WHITE, (235, 90, 90), (200, 30, 40)),
    "blue night": ((20, 30, 90), (30, 50, 130), (60, 90, 180), (190, 205, 240), (120, 150, 220)),
}
"""Colours of paper, upper and lower panel, and of two things."""
ONE_THING = (WHITE, (225,) * 3, (190,) * 3, (140,) * 3, (200, 60, 60))


def drawn(paper: Colour, upper: Colour, lower: Colour, disc: Colour, cone: Colour) -> Image.Image:
    image = Image.new("RGB", (900, 1300), paper)
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 40, 860, 600), outline=0, width=5, fill=upper)
    draw.rectangle((40, 660, 860, 1260), outline=0, width=5, fill=lower)
    draw.ellipse((250, 120, 650, 520), outline=0, width=5, fill=disc)
    draw.ellipse((150, 760, 480, 1180), outline=0, width=5, fill=0)
    draw.polygon([(560, 1200), (700, 720), (840, 1200)], outline=0, fill=cone)
    return image


def spotted(percent: float) -> Image.Image:
    """A page of black, white and greys with a red square that covers a share of it."""
    image = Image.new("RGB", (900, 1300), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 40, 860, 600), outline=0, width=5, fill=(225,) * 3)
    draw.rectangle((40, 660, 860, 1260), outline=0, width=5, fill=(190,) * 3)
    draw.ellipse((550, 120, 850, 520), outline=0, width=5, fill=(140,) * 3)
    side = int((900 * 1300 * percent / 100) ** 0.5)
    draw.rectangle((100, 800, 100 + side, 800 + side), fill=RED, outline=0, width=3)
    return image


def dark(black: Colour) -> Image.Image:
    """Black gutters; white panels with grey things."""
    image = Image.new("RGB", (830, 1170), black)
    draw = ImageDraw.Draw(image)
    for number, top in enumerate((40, 420, 800)):
        left = 120 + 80 * number
        draw.rectangle((40, top, 790, top + 330), fill="white")
        draw.ellipse((left, top + 40, left + 260, top + 300), (150,) * 3, black, 4)
        draw.rectangle((540, top + 60, 740, top + 260), (205,) * 3, black, 4)
    return image


def sparkling() -> Image.Image:
    """Sparkle dots in round patches, speed lines that fan out, and a grey thing."""
    image = Image.new("L", (830 * 3, 1170 * 3), 255)
    draw = ImageDraw.Draw(image)
    random = np.random.default_rng(1)
    draw.rectangle((90, 90, 2400, 1680), outline=0, width=9)
    draw.rectangle((90, 1770, 2400, 3420), outline=0, width=9)
    draw.ellipse((1560, 1860, 2280, 3300), fill=150, outline=0, width=9)
    for x, y, count in ((150, 150, 260), (400, 300, 200), (640, 180, 320)):
        angle, far = random.uniform(0, 2 * np.pi, count), 60 * random.random(count) ** 0.5
        for a, r in zip(angle, far, strict=True):
            cx, cy = 3 * (x + r * np.cos(a)), 3 * (y + r * np.sin(a))
            draw.ellipse((cx - 3, cy - 3, cx + 3, cy + 3), fill=60)
    for number in range(90):
        angle = np.pi * (0.05 + 0.9 * number / 90)
        along = np.array([np.cos(angle), np.sin(angle)])
        start = np.array([250, 640]) + 90 * along
        draw.line((*(3 * start), *(3 * (start + random.uniform(80, 200) * along))), 40, 3)
    return image.resize((830, 1170), Image.Resampling.LANCZOS)


def wide(items: list[Item]) -> bytes:
    """A small book whose sizes and end record are in the wide form of Zip64."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for item in items:
            with file.open(item.info, "w", force_zip64=True) as member:
                member.write(item.content)
    content = bytearray(out.getvalue())
    end = content.rindex(b"PK\5\6")
    count, size, start = struct.unpack_from("<H2L", content, end + 10)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    struct.pack_into("<2H2L", content, end + 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return bytes(content[:end]) + record + locator + bytes(content[end:])


def books() -> dict[str, bytes]:
    """Books whose two pages are painted and whose other members stay."""
    pages = [Item(b"%03d.png" % number, grey_page(number)) for number in range(2)]
    twin = b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(90)
    names = ["表紙.png", "ソ連.png"]  # the last has a backslash as second byte
    dos = {"system": 0, "attributes": 0x20}
    blank = saved(Image.new("L", (1200, 1800), 255), "BMP")
    return {
        "Windows.cbz": packed(
            [
                *(Item(item.name, item.content, **dos) for item in pages),
                Item(b"extra/", b"", system=0, attributes=0x10),
                Item(b"extra/note.txt", b"hello", **dos),
            ]
        ),
        "Finder.cbz": packed(
            [
                *(Item(b"Vol 1/" + item.name, item.content) for item in pages),
                Item(b"__MACOSX/Vol 1/._000.png", twin),
                Item(b"Vol 1/._000.jpg", twin),
                Item(b"Vol 1/Thumbs.db", b"\xd0\xcf\x11\xe0"),
            ]
        ),
        "Shift-JIS.cbz": packed(
            [
                Item(name.encode("cp932"), page.content, **dos)
                for name, page in zip(names, pages, strict=True)
            ],
            "作者 名前".encode("cp932"),
        ),
        "leading slash.cbz": packed([Item(b"/" + item.name, item.content) for item in pages]),
        "book inside.cbz": packed([*pages, Item(b"bonus.zip", packed(pages))]),
        "Zip64.cbz": wide(pages),
        "streamed.cbz": packed(pages, streamed=True),
        "blank bitmap.cbz": packed([*pages, Item(b"2.bmp", blank, method=zipfile.ZIP_DEFLATED)]),
        "zeros behind.cbz": packed(pages) + bytes(70_000),
        "ten zeros behind.cbz": packed(pages) + bytes(10),
        "program before.cbz": b"MZ" + bytes(1000) + packed(pages),
    }


FOREIGN = {"RAR": b"Rar!\x1a\7\1\0" + bytes(200), "7z": b"7z\xbc\xaf\x27\x1c\0\4" + bytes(200)}


@dataclass(frozen=True)
class Run:
    """What the command was given, and what it said and wrote."""

    source: Path
    out: Path
    status: int
    results: dict[tuple[str, str], dict[str, str]]

    def outcome(self, name: str, page: str = "") -> str:
        return self.results[name, page]["outcome"]

    def pixels(self, name: str) -> RGB:
        with Image.open(self.out / name) as image:
            return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory, orange_model: Model) -> Run:
    root = tmp_path_factory.mktemp("trials")
    source, out, model = root / "in", root / "out", root / "orange.safetensors"
    orange_model.save(model)
    source.mkdir()
    files = {**PROFILED, **PLAIN, **TURNED, **books()}
    files |= {name: content for name, (content, _) in DAMAGED.items()}
    files |= {f"{kind}.cbz": content for kind, content in FOREIGN.items()}
    files |= {f"black {name}.png": saved(dark(black), "PNG") for name, black in BLACKS.items()}
    files |= {f"{share} red.png": saved(spotted(share), "PNG") for share in SHARES}
    files |= {f"{name}.png": saved(drawn(*colours), "PNG") for name, colours in COVERS.items()}
    files |= {
        "one thing.png": saved(drawn(*ONE_THING), "PNG"),
        "two tones.png": saved(page().convert("1"), "PNG", icc_profile=DOT_GAIN),
        "sparkling.png": saved(sparkling(), "PNG"),
    }
    files |= {f"gap {n}.png": saved(Image.fromarray(lettered(n, 15)[0]), "PNG") for n in (1, 4, 7)}
    for name, content in files.items():
        (source / name).write_bytes(content)
    command = [sys.executable, "-m", "colorize", source, "-o", out, "--model", model, "--json"]
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    results = {(Path(line["source"]).name, line["page"]): line for line in lines}
    assert {name for name, _ in results} == set(files)
    return Run(source, out, done.returncode, results)


def off(pixels: RGB, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances of L from that of greys (H, W) of 0..255."""
    greys = np.rint(expected).astype(np.uint8)
    wanted = lab.rgb_to_lightness(np.repeat(greys[..., None], 3, axis=2))
    assert pixels.shape[:2] == greys.shape
    return np.abs(lab.rgb_to_lightness(pixels) - wanted).astype(np.float64)


def is_orange(pixels: RGB) -> bool:
    """Tell whether the grey disc of `page` has the colour that the model gives."""
    ab = lab.rgb_to_lab(pixels[100:140, 90:120]).reshape(-1, 3)[:, 1:].mean(axis=0)
    return bool(np.abs(ab - ORANGE).max() < 4)


@pytest.mark.parametrize("name", [*PROFILED, *PLAIN])
def test_a_page_has_the_lightness_of_its_original(painted: Run, name: str) -> None:
    assert painted.outcome(name) == "painted"
    expected = encoded(REFLECTED)[GREY] if name in PROFILED else GREY.astype(np.float64)
    distance = off(painted.pixels(name), expected)
    assert distance.mean() < 0.5
    assert name.endswith(".jpg") or distance.max() < 1
    assert is_orange(painted.pixels(name))


@pytest.mark.parametrize("name", TURNED)
def test_a_turned_page_comes_out_upright(painted: Run, name: str) -> None:
    assert painted.outcome(name) == "painted"
    pixels = painted.pixels(name)
    assert off(pixels, np.rot90(GREY, -1).astype(np.float64)).mean() < 0.5
    assert is_orange(np.rot90(pixels))
    with Image.open(painted.out / name) as image:
        assert image.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("name", DAMAGED)
def test_a_page_that_lacks_pixels_is_told(painted: Run, name: str) -> None:
    result = painted.results[name, ""]
    assert (result["outcome"], result["target"]) == ("failed", "")
    assert DAMAGED[name][1] in result["reason"]
    assert not (painted.out / name).exists()


def test_black_and_white_stay_what_they_are(painted: Run) -> None:
    """Dots of two tones are black and white under any profile of greys."""
    with Image.open(painted.source / "two tones.png") as image:
        np.testing.assert_array_equal(
            painted.pixels("two tones.png"), np.asarray(image.convert("RGB"))
        )


@pytest.mark.parametrize("share", SHARES)
def test_red_stays_and_greys_are_painted(painted: Run, share: float) -> None:
    before, after = np.asarray(spotted(share)), painted.pixels(f"{share} red.png")
    red = (before == RED).all(axis=2)
    np.testing.assert_array_equal(after[red], before[red])
    assert np.abs(lab.rgb_to_lab(after[300, 700])[1:] - ORANGE).max() < 2


def test_one_coloured_thing_stays(painted: Run) -> None:
    before, after = np.asarray(drawn(*ONE_THING)), painted.pixels("one thing.png")
    thing = (before == ONE_THING[-1]).all(axis=2)
    np.testing.assert_array_equal(after[thing], before[thing])
    assert np.abs(lab.rgb_to_lab(after[320, 450])[1:] - ORANGE).max() < 2


@pytest.mark.parametrize("name", COVERS)
def test_a_coloured_page_stays_byte_for_byte(painted: Run, name: str) -> None:
    assert painted.outcome(f"{name}.png") == "coloured"
    paths = (folder / f"{name}.png" for folder in (painted.source, painted.out))
    assert len({path.read_bytes() for path in paths}) == 1


@pytest.mark.parametrize("gap", [1, 4, 7])
def test_lettering_stays_untinted(painted: Run, gap: int) -> None:
    page, where = lettered(gap, 15)
    pixels = lab.rgb_to_lab(painted.pixels(f"gap {gap}.png")[where])
    ink = lab.rgb_to_lightness(page[where]) < 97
    assert (np.hypot(pixels[..., 1], pixels[..., 2]) > 3)[ink].mean() < 0.01


@pytest.mark.parametrize("name", BLACKS)
def test_black_takes_no_colour(painted: Run, name: str) -> None:
    pixels = lab.rgb_to_lab(painted.pixels(f"black {name}.png"))
    black = pixels[..., 0] < 10
    assert black.mean() > 0.2
    assert np.hypot(pixels[black, 1], pixels[black, 2]).max() < 3
    assert np.abs(pixels[200, 250, 1:] - ORANGE).max() < 2


def test_dots_take_no_stain_and_that_of_lines_has_no_stairs(painted: Run) -> None:
    pixels = lab.rgb_to_lab(painted.pixels("sparkling.png"))
    coloured = np.hypot(pixels[..., 1], pixels[..., 2]) > 3
    assert np.abs(pixels[900, 640, 1:] - ORANGE).max() < 2
    assert not coloured[60:540, 60:780].any()
    fan = coloured[600:1120, 40:500]
    assert fan.sum() > 2000
    assert straight(fan, at_least=15) < 0.27


@pytest.mark.parametrize("name", books())
def test_a_book_keeps_all_but_its_pages(painted: Run, name: str) -> None:
    content = books()[name]
    end = content.rindex(b"PK\5\6")
    whole = content[: end + 22 + int.from_bytes(content[end + 20 : end + 22], "little")]
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(painted.out / name) as after:
        assert after.testzip() is None
        assert after.comment == before.comment
        changed = 0
        for one, other in zip(before.infolist(), after.infolist(), strict=True):
            for field in ("orig_filename", "create_system", "external_attr", "date_time"):
                assert getattr(one, field) == getattr(other, field)
            assert not (one.flag_bits ^ other.flag_bits) & 0x800
            if before.read(one) != after.read(other):
                changed += 1
                with Image.open(io.BytesIO(after.read(other))) as image:
                    assert np.ptp(np.asarray(image.convert("RGB")), axis=2).mean() > 30
        assert changed == 2
    outcomes = [r["outcome"] for (book, _), r in painted.results.items() if book == name]
    assert outcomes == ["painted", "painted", *["failed"] * (name == "blank bitmap.cbz")]


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_archive_is_called_what_it_is(painted: Run, kind: str) -> None:
    result = painted.results[f"{kind}.cbz", ""]
    assert (result["outcome"], result["target"]) == ("failed", "")
    assert f"it is a {kind} archive; unpack it" in result["reason"]


def test_what_failed_shows_in_the_exit_status(painted: Run) -> None:
    assert painted.status == 1
    failed = sum(result["outcome"] == "failed" for result in painted.results.values())
    assert failed == len(DAMAGED) + len(FOREIGN) + 1
