"""What a person may change about the program: a TOML file in the configuration folder, and nothing else.

A bad file never prevents the start: what is wrong keeps its default, and one line says which file, key and value, and
what to do.
"""

import string
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from textual.keys import Keys, _character_to_key

from engine.errors import printable
from engine.files import disk_failure, write_atomically
from tui.actions import Action

OVER_ALL = {"draw", "pad", "seeing", "unit"}  # screens of their own, whose keys come before those of the program


class Settings(BaseModel):
    """The settings file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    theme: Literal["auto", "dark", "light", "ansi"] = Field(
        "auto", description="auto follows the terminal; ansi uses the terminal's own sixteen colours"
    )
    frames_per_second: int = Field(10, ge=1, le=30, description="how often the screen looks for news; 1 to 30")
    welcome: bool = Field(True, description="show the orientation at the next start")
    offer_last_run: bool = Field(True, description="offer to go on with the last run at the start")
    keys: dict[str, str] = Field(
        default_factory=dict, description='other keys for actions, such as "app.play" = "p"; see the settings screen'
    )


def read_settings(path: Path, actions: Mapping[str, Action]) -> tuple[Settings, list[str]]:
    """The settings of a file, and one line for each thing that is wrong with it; no file means the defaults."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings(), []
    except tomllib.TOMLDecodeError as error:
        return Settings(), [f"{path} is not valid TOML: {error}; the defaults are used"]
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is not text in UTF-8"
        return Settings(), [f"{path} cannot be read: {reason}; the defaults are used"]
    good: dict[str, Any] = {}
    problems = []
    for key, value in table.items():
        problem = _problem(key, value)
        if problem:
            problems.append(f"{path}: {problem}")
        elif key == "keys":
            good[key], wrong = usable_keys(value, actions)
            problems += [f"{path}: {line}" for line in wrong]
        else:
            good[key] = value
    return Settings(**good), problems


def write_settings(path: Path, settings: Settings) -> None:
    """Writes every setting with its meaning above it. Raises BadInput or RunFailed where that is not possible."""
    lines = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name == "keys":
            lines += ["", f"# {field.description}", tomli_w.dumps({name: value}).strip() if value else "[keys]"]
        else:
            lines += [f"# {field.description}", tomli_w.dumps({name: value}).strip()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_failure(error, path.parent) from None
    write_atomically(path, ("\n".join(lines) + "\n").encode())


def usable_keys(wanted: Mapping[str, Any], actions: Mapping[str, Action]) -> tuple[dict[str, str], list[str]]:
    """The remappings that make sense, with keys as Textual names them, and a line for each that does not."""
    good: dict[str, str] = {}
    problems = []
    for name, keys in wanted.items():
        problem = ""
        if name not in actions:
            close = get_close_matches(name, list(actions), n=1)
            hint = f"did you mean '{close[0]}'?" if close else "the settings screen lists the actions"
            problem = f"keys.{printable(name)} is not an action: {hint}"
        elif not isinstance(keys, str) or not keys.strip() or not all(map(_is_key, keys.split(","))):
            problem = f"keys.{name} is {keys!r}: write keys such as 'p', 'ctrl+r' or 'f5', separated by commas"
        else:
            keys = ",".join(_named(key) for key in keys.split(","))
            if other := _taken(name, keys, good, actions):
                problem = f"keys.{name} is {wanted[name]!r}: that is the key of {other}; remap that one too"
        if problem:
            problems.append(problem)
        else:
            good[name] = keys
    return good, problems


def _taken(name: str, keys: str, remapped: Mapping[str, str], actions: Mapping[str, Action]) -> str | None:
    """The action of the same place, or of the whole program, that has one of the keys; None if there is none."""
    scope, mine = name.partition(".")[0], set(keys.split(","))
    for other, action in actions.items():
        scopes = {scope, other.partition(".")[0]}
        near = len(scopes) == 1 or scopes == {"draw", "pad"} or ("app" in scopes and not scopes & OVER_ALL)
        theirs = remapped.get(other, action.keys)
        if near and other != name and mine & {_named(key) for key in theirs.split(",") if key}:
            return other
    return None


def _problem(key: str, value: Any) -> str:
    if key not in Settings.model_fields:
        close = get_close_matches(key, list(Settings.model_fields), n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"choose one of {', '.join(Settings.model_fields)}"
        return f"{printable(key)} is not a setting: {hint}"
    if key == "keys" and isinstance(value, Mapping):
        return ""
    try:
        Settings.model_validate({key: value}, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = first["msg"][:1].lower() + first["msg"][1:].replace("Input should be", "must be")
        return f"{key} is {value!r}: {reason.replace('input should be', 'must be')}; the default is used"
    return ""


def _named(key: str) -> str:
    """A key as Textual names it: "question_mark" for "?"."""
    key = key.strip()
    return _character_to_key(key) if len(key) == 1 else key


_KNOWN = {str(key.value) for key in Keys} | {_named(character) for character in string.punctuation}


def _is_key(key: str) -> bool:
    """Whether a terminal can send this: a character, a named key, or one of them with ctrl, alt or shift."""
    name = _named(key)
    *modifiers, last = name.split("+")
    plain = name in _KNOWN or len(last) == 1 or last in _KNOWN
    return bool(last) and plain and all(modifier in ("ctrl", "alt", "shift") for modifier in modifiers)
