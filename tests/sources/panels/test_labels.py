from random import Random

import numpy as np
import pytest

from colorize.sources.panels import emoji, labels, layouts, panel, series


def value(colour: str) -> np.ndarray:
    return np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)])


def test_a_label_covers_the_colour_that_the_table_names() -> None:
    seen = exact = 0
    for number in range(15):
        drawn = panel.numbered(0, number)
        rgb, found = drawn.rgb(96), labels.label(drawn, 96)
        assert found.numbers.shape == rgb.shape[:2]
        assert set(np.unique(found.numbers)) <= {0, *found.parts}
        for place, part in found.parts.items():
            covered = rgb[found.numbers == place]
            if len(covered) > 50:
                seen += 1
                exact += (np.median(covered, axis=0) == value(part.colour)).all()
    assert seen > 30
    assert exact / seen > 0.9  # the rest shows mostly shades of it


def test_figures_hide_the_labels_of_those_behind() -> None:
    skin, hair = "#f3c49b", "#3a2a1e"
    person = emoji.Person(("1F468",), skin, hair, 0)
    behind, before = (
        panel.Layer(person(Random(0), name, 0.01), "translate(0 0) scale(1)", n)
        for n, name in enumerate("ab")
    )
    alone = labels.label(panel.Panel((behind,)), 100)
    both = labels.label(panel.Panel((behind, before)), 100)
    assert {part.figure for part in both.parts.values()} == {0, 1}
    assert set(np.unique(both.numbers)) == {0, *(n + 3 for n in np.unique(alone.numbers) if n)}
    assert ((both.numbers > 0) == (alone.numbers > 0)).all()


def test_a_series_keeps_its_characters() -> None:
    pages = list(series.series(seed=3, pages=3, characters=2, width=300, height=420))
    again = list(series.series(seed=3, pages=2, characters=2, width=300, height=420))
    for one, other in zip(pages, again, strict=False):
        assert (one.rgb == other.rgb).all()
        assert (one.labels.numbers == other.labels.numbers).all()
    assert not (pages[0].rgb == pages[1].rgb).all()
    tables = [page.labels.parts for page in pages]
    everybody = {number: part for table in tables for number, part in table.items()}
    assert all(everybody[n] == part for table in tables for n, part in table.items())
    assert {part.figure for part in everybody.values()} == {0, 1}
    for number in (labels.number_of(0, "skin"), labels.number_of(1, "skin")):
        medians = [
            np.median(page.rgb[page.labels.numbers == number], axis=0)
            for page in pages
            if (page.labels.numbers == number).sum() > 50
        ]
        assert len(medians) >= 2
        assert (np.ptp(medians, axis=0) == 0).all()


def test_more_characters_change_nobody() -> None:
    few, many = (
        {n: p for page in pages for n, p in page.labels.parts.items()}
        for pages in (
            list(series.series(seed=1, pages=4, characters=count, width=120, height=160))
            for count in (1, 4)
        )
    )
    assert few
    assert {n: p for n, p in many.items() if n in few} == few


@pytest.mark.parametrize("count", [0, labels.MOST_FIGURES + 1])
def test_a_cast_that_labels_cannot_number_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="characters"):
        next(series.series(seed=0, pages=1, characters=count))


def test_a_layout_has_three_to_six_panels_that_do_not_touch() -> None:
    counts = set()
    for number in range(40):
        frames = layouts.frames(Random(number), 400, 566)
        counts.add(len(frames))
        taken = np.zeros((566, 400), int)
        for frame in frames:
            grown = np.s_[frame.top - 1 : frame.top + frame.height + 1,
                          frame.left - 1 : frame.left + frame.width + 1]  # fmt: skip
            taken[grown] += 1
            assert frame.width / frame.height < 3.2
        assert taken.max() == 1
        assert taken[:10].sum() == taken[-10:].sum() == 0
    assert counts == {3, 4, 5, 6}
