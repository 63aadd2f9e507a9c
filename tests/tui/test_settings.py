"""The settings file: what is wrong with it is said in one line, and never stops anything."""

from pathlib import Path

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.theme import Theme

from engine import BadInput
from tui.actions import ACTIONS
from tui.settings import Settings, read_settings, usable_keys, write_settings
from tui.themes import DARK, LIGHT, starting_theme

KNOWN = {f"app.{action.id}": action for action in ACTIONS}


def read(path: Path, text: str) -> tuple[Settings, list[str]]:
    path.write_text(text)
    return read_settings(path, KNOWN)


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none.toml", KNOWN) == (Settings(), [])


def test_what_is_written_is_read_again_and_explained(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    wanted = Settings(theme="light", frames_per_second=20, welcome=False, keys={"app.play": "p"})
    write_settings(path, wanted)
    assert read_settings(path, KNOWN) == (wanted, [])
    text = path.read_text()
    for field in Settings.model_fields.values():
        assert f"# {field.description}" in text


def test_defaults_written_are_defaults_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    write_settings(path, Settings())
    assert read_settings(path, KNOWN) == (Settings(), [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("theme = 'drak'", ["theme", "'drak'", "dark"]),
        ("frames_per_second = 0", ["frames_per_second", "0", "1"]),
        ("frames_per_second = 'many'", ["frames_per_second", "'many'", "integer"]),
        ("welcom = true", ["welcom", "did you mean 'welcome'?"]),
        ("theme = ", ["not valid TOML", "end of document"]),
        ("[keys]\n'app.plya' = 'p'", ["keys.app.plya", "did you mean 'app.play'?"]),
        ("[keys]\n'app.play' = 7", ["keys.app.play", "7", "ctrl+r"]),
        ("[keys]\n'app.play' = 'hyper+p'", ["keys.app.play", "hyper+p"]),
        ("[keys]\n'app.play' = 's'", ["keys.app.play", "app.step"]),
        ("keys = 3", ["keys", "3"]),
    ],
)
def test_a_mistake_is_one_line_with_file_key_value_and_the_rest_holds(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    path = tmp_path / "settings.toml"
    found, problems = read(path, f"offer_last_run = false\n{text}")
    assert len(problems) == 1
    assert "\n" not in problems[0]
    for word in [str(path), *words]:
        assert word.lower() in problems[0].lower()
    assert found.theme == "auto"
    assert found.keys == {}
    if "TOML" not in problems[0]:
        assert found.offer_last_run is False


def test_a_key_may_move_once_its_place_is_free() -> None:
    good, problems = usable_keys({"app.step": "p", "app.play": "s"}, KNOWN)
    assert (good, problems) == ({"app.step": "p", "app.play": "s"}, [])


@pytest.mark.parametrize(("written", "meant"), [("?", "question_mark"), ("f5", "f5"), ("ctrl+r", "ctrl+r"), ("P", "P")])
def test_keys_may_be_written_as_on_the_keyboard(written: str, meant: str) -> None:
    good, problems = usable_keys({"app.help": written}, KNOWN)
    assert (good, problems) == ({"app.help": meant}, [])


def test_a_file_that_is_not_text_or_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert read_settings(path, KNOWN)[0] == Settings()
    assert "UTF-8" in read_settings(path, KNOWN)[1][0]
    assert "cannot be read" in read_settings(tmp_path, KNOWN)[1][0]


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        write_settings(tmp_path / "file" / "settings.toml", Settings())


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 50)
    | st.floats(allow_nan=False, allow_subnormal=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(st.sampled_from([*Settings.model_fields, "other", "a\nb"]), VALUES, max_size=4)
    | st.fixed_dictionaries({"keys": st.dictionaries(st.sampled_from([*KNOWN, "x", "a\nb"]), VALUES, max_size=3)})
)
def test_no_table_stops_the_program(tmp_path: Path, table: dict[str, object]) -> None:
    path = tmp_path / "settings.toml"
    try:
        text = tomli_w.dumps({key: value for key, value in table.items() if value is not None})
    except TypeError:
        return
    found, problems = read(path, text)
    assert isinstance(found, Settings)
    assert all("\n" not in line for line in problems)


def test_the_theme_is_known_before_anything_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    assert starting_theme(path) == "auto"
    for text, theme in (("theme = 'light'", "light"), ("theme = 5", "auto"), ("theme = 'x'", "auto"), ("=", "auto")):
        path.write_text(text)
        assert starting_theme(path) == theme


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.1, relative luminance and all."""

    def light(color: str) -> float:
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_text_can_be_read_on_every_background(theme: Theme) -> None:
    grounds = [theme.background, theme.surface, theme.panel]
    for ground in grounds:
        assert contrast(theme.foreground, ground) >= 10
        for color in (theme.accent, theme.success, theme.warning, theme.error, theme.variables["muted"]):
            assert contrast(color, ground) >= 4.5, (color, ground)
    cursor = theme.variables["block-cursor-background"], theme.variables["block-cursor-foreground"]
    assert contrast(*cursor) >= 7
