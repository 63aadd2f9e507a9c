import numpy as np
import pytest
from rich.console import Console
from textual.app import App
from textual.geometry import Region

from tui.drawing.chart import Chart
from tui.drawing.curves import draw
from tui.drawing.palette import Palette, palette_of
from tui.drawing.pyramid import Pyramid
from tui.drawing.series import Mark, Series, View

PLAIN = Palette(depth="none")


def curves(length=100_000, spike=None):
    values = np.full(length, 0.5, np.float32)
    if spike is not None:
        values[spike] = 3
    epochs = np.arange(1, 11) * length / 10
    validation = Series("validation", steps=epochs, ys=np.linspace(1, 0.7, 10), role="validation", pattern="dashed")
    return [Series("train", Pyramid(values), role="train"), validation]


class Host(App):
    def compose(self):
        yield Chart()


async def settle(pilot):
    await pilot.pause()
    await pilot.pause()


def test_a_chart_as_text():
    series = Series("train", Pyramid([4, 3, 2, 1, 1, 1, 1, 1]), role="train")
    valid = Series("validation", steps=[4, 8], ys=[2, 1.5], role="validation", pattern="dashed", glyph="◆")
    plot = draw([series, valid], View(), 64, 11, PLAIN, [Mark(4, "★")], title="Loss")
    assert plot.picture.to_text().split("\n") == GOLDEN


@pytest.mark.parametrize(
    "view", [View(), View(log=True), View(beta=0.9), View(low=64_000, high=67_000), View(window=40_000)]
)
def test_one_step_in_a_hundred_thousand_is_seen_at_every_zoom(view):
    series = curves(spike=65_432)
    plain, spiked = (draw(s, view, 90, 20, PLAIN).picture for s in (curves(), series))
    plot = draw(series, view, 90, 20, PLAIN)
    column = plot.column_of(65_433)
    assert spiked.to_text() != plain.to_text()
    body = plot.picture.chars[plot.top : plot.top + plot.height, column - 1 : column + 2]
    assert ((body > 0x2800) & (body < 0x2900)).any(1).sum() >= plot.height * 0.6


@pytest.mark.parametrize(
    "values", [[np.nan], [np.nan] * 50, [1, np.inf, -np.inf, 2], [0, 0, 0], [1e38, -1e38], [-1, -2]]
)
@pytest.mark.parametrize(
    "view", [View(), View(log=True), View(beta=0.99, cursor=2), View(by_epoch=True, low=1, high=2)]
)
def test_values_that_are_not_finite_are_marks_and_gaps(values, view):
    series = [Series("train", Pyramid(values)), Series("v", steps=np.arange(len(values)) + 1.0, ys=values)]
    for width, height in ((80, 20), (30, 6), (12, 4), (9, 3), (1, 1), (0, 0)):
        picture = draw(series, view, width, height, PLAIN, [Mark(1)], 0.0).picture
        assert (picture.width, picture.height) == (width, height)
    if not np.isfinite(values).all() and view == View():
        assert "×" in draw(series, view, 80, 20, PLAIN).picture.to_text().split("\n")[1]


def test_a_gap_stays_a_gap():
    values = np.ones(40)
    values[10:30] = np.nan
    plot = draw([Series("train", Pyramid(values))], View(low=0, high=40), 90, 12, PLAIN)
    chars = plot.picture.chars
    dots = ((chars > 0x2800) & (chars < 0x2900)) | (chars == ord("●"))
    drawn = np.flatnonzero(dots[plot.top :].any(0))
    assert plot.column_of(10) in drawn and plot.column_of(31) in drawn
    assert not set(drawn.tolist()) & set(range(plot.column_of(10) + 2, plot.column_of(31) - 2))


def test_numbers_in_the_legend_are_exact_and_never_cut():
    values = np.arange(1, 20_001) / 7
    series = [
        Series("train", Pyramid(values)),
        Series("validation", steps=[500, 1000], ys=[0.12345, 0.5], pattern="dashed"),
    ]
    for width in range(10, 121):
        first = draw(series, View(cursor=777), width, 12, PLAIN, title="Loss").picture.to_text().split("\n")[0]
        for word in first.split():
            assert not word[0].isdigit() or word in ("111.0", "0.1235", "777")
    assert "111.0" in first and "0.1235" in first and "step 777" in first
    assert "━━" in first and "╍╍" in first


@pytest.mark.parametrize("cursor", [None, 800.0])
@pytest.mark.parametrize(("width", "title"), [(36, ""), (43, "loss"), (48, "")])
def test_the_names_of_three_curves_are_words_where_it_is_narrow(cursor, width, title):
    series = [
        Series("train", steps=[0, 1000], ys=[0.16164, 0.16164]),
        Series("validation", steps=[0, 1000], ys=[0.30252, 0.30252], pattern="dashed", short="val"),
        Series("batch", Pyramid(np.full(1000, 0.17983))),
    ]
    plot = draw(series, View(cursor=cursor), width, 20, PLAIN, title=title)
    lines = plot.picture.to_text().split("\n")
    entries = lines[plot.top - 1].split()
    names = [word for word in entries if word.isalpha()]
    assert names in (["train", "valid", "batch"], ["train", "val", "batch"])
    values = [float(word) for word in entries if word[0].isdigit()]
    assert np.allclose(values, [0.16164, 0.30252, 0.17983], atol=0.00006 if cursor else 0.006)
    if title:
        assert lines[0].split() == [title, "step", "800" if cursor else "1000"], "a title has a row of its own"


def test_without_a_line_a_name_has_the_colour_of_its_curve():
    series = [
        Series("train", steps=[0, 10], ys=[0.16164, 0.16164], role="train"),
        Series("validation", steps=[0, 10], ys=[0.30252, 0.30252], role="validation", short="val"),
    ]
    palette = Palette()
    picture = draw(series, View(cursor=8), 24, 8, palette).picture
    assert picture.to_text().startswith("train 0.1616 val 0.3025\n")
    assert picture.fg[0, 0] == palette.color("train")
    assert picture.fg[0, 13] == palette.color("validation")


def test_the_range_is_that_of_what_is_visible():
    values = np.concatenate([np.full(500, 100.0), np.full(500, 0.5), [0.6]])
    plot = draw([Series("train", Pyramid(values))], View(low=600, high=1000), 80, 16, PLAIN)
    assert 0 <= plot.values.low <= 0.5 and 0.5 <= plot.values.high < 2


def test_epochs_on_the_axis():
    text = draw(curves(1000), View(by_epoch=True), 80, 16, PLAIN, steps_per_epoch=100).picture.to_text()
    assert text.split("\n")[-1].split()[:3] == ["epoch", "0", "2"]
    assert "epoch 10.00" in text.split("\n")[0]


@pytest.mark.asyncio
async def test_only_what_changed_is_repainted_and_it_is_little():
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        chart = app.query_one(Chart)
        random, pyramid = np.random.default_rng(0), Pyramid(np.random.default_rng(0).standard_normal(100_000) + 9)
        series = [Series("train", pyramid, role="train")]
        chart.view = View(beta=0.9)
        chart.show(series)
        await settle(pilot)
        regions, sizes, console = [], [], Console(color_system="truecolor", width=100)
        refresh = chart.refresh

        def spy(*areas: Region, **options):
            regions.extend(areas)
            return refresh(*areas, **options)

        chart.refresh = spy
        for _ in range(60):
            regions.clear()
            pyramid.extend(random.standard_normal(20) + 9)
            chart.show(series)
            assert all(region.height == 1 for region in regions)
            crops = [chart.render_line(r.y).crop(r.x, r.right) for r in regions]
            sizes.append(sum(len(crop.render(console).encode()) + 8 for crop in crops))
        assert 0 < np.median(sizes) < 2000 and max(sizes) < 6000
        regions.clear()
        chart.show(series)
        assert regions == []


@pytest.mark.asyncio
async def test_keys_and_mouse_move_the_view_and_the_cursor():
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        chart = app.query_one(Chart)
        chart.show(curves())
        await settle(pilot)
        chart.action_cursor_left()
        assert chart.view.cursor == 100_000
        chart.action_cursor_left()
        assert 98_000 < chart.view.cursor < 100_000
        chart.action_zoom_in()
        low, high = chart.view.limits(chart.last)
        assert low < chart.view.cursor < high and high - low == pytest.approx(106_496 / 2, abs=2)
        chart.action_pan_left()
        assert chart.view.limits(chart.last)[0] < low
        chart.action_fit()
        assert chart.view.limits(chart.last)[0] == 0
        chart.action_cursor_off()
        assert chart.view.cursor is None
        chart.action_zoom_in()
        chart.action_zoom_in()
        low, high = chart.view.limits(chart.last)
        assert high >= chart.last and high - low == pytest.approx(106_496 / 4)
        chart.action_toggle_log()
        chart.action_toggle_epochs()
        chart.action_smooth_more()
        assert (chart.view.log, chart.view.by_epoch, chart.view.beta) == (True, True, 0.6)
        chart.action_smooth_less()
        chart.action_fit()
        await pilot.click(Chart, offset=(50, 10))
        assert 45_000 < chart.view.cursor < 60_000
        await pilot.hover(Chart, offset=(20, 10))
        await settle(pilot)
        assert "epoch 1" in chart.render_line(0).text
        for _ in range(40):
            chart.action_zoom_in()
        low, high = chart.view.limits(chart.last)
        assert 4 <= high - low <= 5
        for _ in range(40):
            chart.action_zoom_out()
        assert chart.view.limits(chart.last)[0] == 0


@pytest.mark.asyncio
async def test_any_size_at_any_moment():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        chart.show(curves())
        for size in ((1, 1), (200, 60), (10, 4), (9, 4), (40, 1), (1, 40), (24, 6), (80, 24)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            chart.show(curves())
            assert len([chart.render_line(y) for y in range(size[1])]) == size[1]
            assert all(chart.render_line(y).cell_length == size[0] for y in range(size[1]))
        chart.styles.display = "none"
        await settle(pilot)
        chart.show(curves(10))
        chart.styles.display = "block"
        await settle(pilot)
        assert "step 10" in chart.render_line(0).text


@pytest.mark.asyncio
async def test_a_theme_changes_the_colours_at_once():
    app = Host()
    async with app.run_test(size=(60, 12)) as pilot:
        chart = app.query_one(Chart)
        chart.show(curves())
        await settle(pilot)
        styles = []
        for theme in ("textual-dark", "textual-light", "ansi-dark"):
            app.theme = theme
            await settle(pilot)
            assert palette_of(app).dark == (theme != "textual-light")
            styles.append([segment.style for segment in chart.render_line(5)])
        assert styles[0] != styles[1] and styles[1] != styles[2]


@pytest.mark.asyncio
async def test_a_border_that_changes_draws_nothing_anew(monkeypatch):
    app = Host()
    async with app.run_test(size=(60, 12)) as pilot:
        chart = app.query_one(Chart)
        chart.styles.border = ("round", "red")
        chart.show(curves(10))
        await settle(pilot)
        drawn = []
        monkeypatch.setattr(Chart, "draw", lambda *args: drawn.append(args))
        chart.styles.border = ("round", "blue")
        chart.notify_style_update()
        await settle(pilot)
        assert "step 10" in chart.render_line(0).text
        assert drawn == []


@pytest.mark.asyncio
async def test_a_chart_as_text_at_a_size_of_its_own():
    app = Host()
    async with app.run_test(size=(60, 12)) as pilot:
        chart = app.query_one(Chart)
        chart.show(curves())
        await settle(pilot)
        assert "train 0.5000" in chart.to_text(80, 20) and len(chart.to_text(80, 20).split("\n")) == 20


def test_nothing_to_draw_says_so():
    assert "no data yet" in draw([], View(), 40, 9, PLAIN).picture.to_text()
    assert "no data yet" in draw([Series("train", Pyramid())], View(), 40, 9, PLAIN).picture.to_text()


GOLDEN = [
    "Loss  ━━ train 1.000   ╍╍ validation 1.500                step 8",
    "   4 ┼┈┈┈┈┈┈┈●⠲⢤⣀┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈★┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
    "     │          ⠈⠓⠦⣄⡀              ╎",
    "     │              ●⠓⠦⣄⡀          ╎",
    "     │                  ⠙⠲⢤⣀       ╎",
    "   2 ┼┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈●⠙⠲⢤⡀┈┈⠈◆┈⠈⠉⠁┈⠉⠓┈⠐⠒⠂┈⠒⠲┈⠠⠤⠄┈⠤⠤┈⢀⣀⡀┈⣀◆",
    "     │                         ⠉⠓⠦⣄●⣀⣀⣀⣀⣀⣀●⣀⣀⣀⣀⣀⣀●⣀⣀⣀⣀⣀⣀●⣀⣀⣀⣀⣀⣀●",
    "     │                             ╎",
    "   0 ┼┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈╎┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
    "     └┬─────────────┬──────────────┬─────────────┬─────────────┬",
    "step  0             2              4             6             8",
]


def before(steps, ys, **more):
    """A curve of the run before."""
    return Series("", steps=steps, ys=ys, role="train", pattern="sparse", glyph="○", before=True, **more)


def test_a_run_before_goes_on_behind_the_present_one_and_is_sparse():
    now = Series("train", steps=[0, 5, 10], ys=[1, 0.5, 0.4], role="train")
    for palette in (PLAIN, Palette()):
        plot = draw([now, before(np.arange(21.0), np.linspace(1, 0.2, 21))], View(), 80, 16, palette)
        assert plot.steps.high == 20
        body = plot.picture.chars[plot.top : plot.top + plot.height]
        dots = ((body > 0x2800) & (body < 0x2900)).sum(0)
        middle = plot.column_of(10)
        left, right = dots[plot.left + 2 : middle - 1], dots[middle + 2 :]
        assert (left > 0).mean() > 0.9  # a glyph of the run before may take the place of a gap
        assert 0 < (right > 0).mean() < 0.6
        assert 3 <= (body == ord("○")).sum() <= 6


def test_following_stays_with_the_present_run_though_the_one_before_went_further():
    view = View(window=16)
    series = [Series("train", steps=[0, 40], ys=[1, 0.5]), before([0, 1000], [1, 0.2])]
    low, high = draw(series, view, 80, 16, PLAIN).steps.low, draw(series, view, 80, 16, PLAIN).steps.high
    assert (low, high) == (24, 40)
    assert view.limits(1000, 3) == (0, 16), "never before the first step"


def test_a_spike_of_the_present_run_is_whole_and_one_of_the_run_before_is_cut():
    calm, steps = np.full(21, 0.5), np.arange(21.0)
    spiked = np.where(steps == 7, 40.0, calm)
    assert draw([Series("train", steps=steps, ys=spiked), before(steps, calm)], View(), 80, 16, PLAIN).values.high >= 40
    ours = np.linspace(1, 0.5, 21)
    assert draw([Series("train", steps=steps, ys=ours), before(steps, spiked)], View(), 80, 16, PLAIN).values.high < 6
    log = draw([Series("train", steps=steps, ys=ours), before(steps, spiked)], View(log=True), 80, 16, PLAIN)
    assert log.values.high >= 40


def test_a_curve_of_the_run_before_is_traced_once_for_the_same_columns():
    steps = np.arange(21.0)
    old = before(steps, np.linspace(1, 0.2, 21))
    first = draw([Series("train", steps=[0, 5], ys=[1, 0.5]), old], View(), 80, 16, PLAIN)
    kept = dict(old.traced)
    draw([Series("train", steps=[0, 5, 6], ys=[1, 0.5, 0.4]), old], View(), 80, 16, PLAIN)
    assert len(kept) == 1
    assert all(old.traced[columns] is found for columns, found in kept.items())
    draw([old], View(low=0, high=8), 80, 16, PLAIN)
    assert old.traced.keys() != kept.keys()
    assert first.steps.high == 20


@pytest.mark.parametrize(("width", "batch"), [(80, True), (32, False), (30, False)])
def test_the_values_of_the_run_before_stand_beside_the_cursor_s_and_crowd_out_single_steps_first(width, batch):
    series = [
        Series("train", steps=[0, 10], ys=[1, 0.1616], role="train"),
        before([0, 10], [1, 0.7788]),
        Series("batch", Pyramid(np.full(10, 0.3333))),
    ]
    first = draw(series, View(cursor=10), width, 12, PLAIN).picture.to_text().split("\n")[0]
    assert "0.1616 ○ 0.7788" in " ".join(first.split())
    assert ("0.3333" in first) == batch
    assert "○" not in draw(series, View(), width, 12, PLAIN).picture.to_text().split("\n")[0]
