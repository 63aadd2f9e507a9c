"""Where panels go: a pure function of the size of the screen."""

import pytest
from textual.geometry import Region

from tui.arrangement import arrange, mode_of

NAMES = ("architecture", "optimizer", "loss", "gradients", "data", "timeline")


@pytest.mark.parametrize(
    ("size", "mode"),
    [((120, 40), "wide"), ((110, 30), "wide"), ((110, 29), "two"), ((80, 24), "two"), ((75, 24), "one"),
     ((80, 19), "one"), ((40, 10), "one"), ((39, 10), "tiny"), ((40, 9), "tiny"), ((1, 1), "tiny")],
)  # fmt: skip
def test_how_a_screen_is_used(size: tuple[int, int], mode: str) -> None:
    assert mode_of(*size) == mode


@pytest.mark.parametrize("names", [NAMES, NAMES[:1], NAMES[2:], ("data",), ("timeline",), ()])
@pytest.mark.parametrize("zoomed", [False, True])
def test_panels_never_overlap_and_fill_the_desk(names: tuple[str, ...], zoomed: bool) -> None:
    for width in (1, 40, 76, 80, 109, 110, 133, 200, 317):
        for height in (1, 9, 17, 21, 27, 37, 57):
            mode = mode_of(width, height + 3)
            regions = arrange(mode, width, height, names, ("architecture", "loss"), "loss", zoomed)
            if mode == "tiny" or not names:
                assert not regions
                continue
            assert sum(region.area for region in regions.values()) == width * height
            places = list(regions.values())
            for place, region in enumerate(places):
                assert Region(0, 0, width, height).contains_region(region)
                assert region.width >= 20 or width < 40
                assert not any(region.overlaps(other) for other in places[place + 1 :])


@pytest.mark.parametrize(
    ("height", "wanted", "rows"),
    [(57, (17, 38), (17, 34)), (57, (30, 38), (25, 26)), (90, (17, 38), (46, 38)), (37, (17, 38), (16, 16)),
     (57, (2, 38), (13, 38)), (45, (2, 60), (8, 31)), (57, (40, 12), (39, 12)), (57, (20, 20), (31, 20)),
     (57, (), (25, 26))],
)  # fmt: skip
def test_a_panel_gets_what_it_needs_and_the_other_the_rest(
    height: int, wanted: tuple[int, ...], rows: tuple[int, int]
) -> None:
    needs = dict(zip(("architecture", "optimizer"), wanted, strict=False))
    regions = arrange("wide", 200, height, NAMES, ("architecture", "loss"), "loss", wanted=needs)
    assert (regions["architecture"].height, regions["optimizer"].height) == rows
