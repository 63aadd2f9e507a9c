"""The pad through the pilot: what mouse and keys do to the ink, at every size."""

import numpy as np
from drawing_hand import answer, drag, drawn, mouse
from hosting import on_screen
from textual import events

from engine import parse_experiment
from tui.drawing.palette import Palette
from tui.screens.draw import DrawScreen
from tui.screens.ink import COLORS, SIDE, Ink
from tui.screens.pad import Pad


async def opened(size, act):
    exp = parse_experiment({"data": {"name": "digits", "limit": 100}, "model": {"name": "mlp", "hidden": [4]}})
    await on_screen(DrawScreen, exp, size, answer, act)


async def test_fast_drags_draw_connected_lines_and_the_right_button_erases():
    async def act(screen, pilot):
        ink = screen.pad.ink
        await drag(screen, pilot, (10, 5), (30, 5))
        row = ink.values[11]
        assert row[10:31].min() == 1
        assert row[:7].max() == 0
        await mouse(screen, pilot, events.MouseMove, 30, 15, 0)
        assert ink.values[25:].max() == 0
        await drag(screen, pilot, (20, 5), (22, 5), button=3)
        assert ink.values[11, 20:23].max() == 0
        assert ink.values[11, 12] == 1
        await drag(screen, pilot, (5, 15), button=2)
        assert ink.values[25:].max() == 0
        await pilot.press("u")
        assert ink.values[11, 20] == 1

    await opened((80, 24), act)


async def test_a_stroke_ends_where_the_button_is_let_go_even_outside():
    async def act(screen, pilot):
        ink = screen.pad.ink
        await drag(screen, pilot, (30, 5), (60, 5))
        assert ink.values[11, SIDE - 1] == 1
        before = ink.values
        await mouse(screen, pilot, events.MouseMove, 10, 15, 0)
        await mouse(screen, pilot, events.MouseMove, 20, 15)
        assert ink.values is before
        assert screen.app.mouse_captured is None

    await opened((80, 24), act)


async def test_a_release_that_never_came_does_not_draw_on():
    async def act(screen, pilot):
        ink = screen.pad.ink
        await mouse(screen, pilot, events.MouseDown, 5, 5)
        before = ink.values
        await mouse(screen, pilot, events.MouseMove, 30, 15, 0)
        assert ink.values is before
        await mouse(screen, pilot, events.MouseMove, 35, 15)
        assert ink.values is before
        await mouse(screen, pilot, events.MouseDown, 5, 5)
        await pilot.press("question_mark")
        await pilot.press("escape")
        assert screen.pad._stroke is None

    await opened((80, 24), act)


async def test_a_resize_ends_the_stroke_and_keeps_the_ink():
    async def act(screen, pilot):
        pad = screen.pad
        await mouse(screen, pilot, events.MouseDown, 10, 5)
        before = pad.ink.values
        await pilot.resize_terminal(50, 16)
        await pilot.pause()
        assert pad.ink.values is before
        await mouse(screen, pilot, events.MouseMove, 20, 10)
        assert pad.ink.values is before
        assert pad.size.width == 2 * pad.size.height < SIDE
        await mouse(screen, pilot, events.MouseDown, pad.size.width - 1, pad.size.height - 1)
        assert pad.ink.values[-2, -2] == 1

    await opened((80, 24), act)


async def test_the_keys_keep_working_after_a_click_elsewhere():
    async def act(screen, pilot):
        await pilot.click(screen.answer)
        await pilot.press("space")
        assert not screen.pad.ink.empty

    await opened((80, 24), act)


async def test_the_border_tells_what_the_pen_does():
    async def act(screen, pilot):
        assert not screen.sheet.border_subtitle
        await pilot.press("x", "p")
        assert screen.sheet.border_subtitle == "eraser, down"
        await pilot.press("i")
        assert screen.pad.color == "white"
        await pilot.press("x", "c")
        assert not screen.sheet.border_subtitle

    await opened((80, 24), act)


def test_the_pad_is_drawn_at_every_size_and_depth():
    class Alone(Pad):
        has_focus = True

    for paper, colorful in (((0.0, 0.0, 0.0), False), ((1.0, 0.9, 0.5), True)):
        pad = Alone()
        pad.prepare("draw a digit", paper, colorful)
        for strokes in ([], [[(5.0, 5.0), (35.0, 30.0)]]):
            pad.ink.values = drawn(strokes).values
            for size in ((1, 1), (6, 3), (16, 8), (40, 20), (60, 30)):
                for palette in (Palette(), Palette(dark=False), Palette(depth="ansi"), Palette(depth="none")):
                    picture = pad.draw(*size, palette)
                    assert (picture.width, picture.height) == size
        assert pad.color == ("black" if colorful else "white")


def test_ink_of_another_colour_covers_what_is_below():
    ink = Ink()
    ink.line((5, 20), (35, 20))
    ink.begin()
    ink.color = COLORS["red"]
    ink.line((20, 5), (20, 35))
    assert np.allclose(ink.colors[20, 20], COLORS["red"])
    assert np.allclose(ink.colors[20, 10], COLORS["white"])
    assert ink.colors.min() >= 0
    ink.undo()
    assert np.allclose(ink.colors[20, 20], COLORS["white"])
