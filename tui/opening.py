"""The screen that opens a preset, a file, or a run that was saved or kept."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.dialog import AROUND, Choices, Finder
from tui.store import SavedRun

if TYPE_CHECKING:
    from engine import Experiment


@dataclass(frozen=True)
class Preset:
    """An experiment that comes with the program."""

    name: str
    title: str
    notes: str
    experiment: "Experiment | None" = None


Choice = str | Path


class Opening(Finder[Choice]):
    """Type to filter, or type a path; the result is a preset's name, an experiment file or a run's folder."""

    HEADING = "Open"
    FOOT = "type to filter, or a path to a file or run; enter opens, esc closes"

    def __init__(self, presets: Sequence[Preset], kept: Sequence[SavedRun], saved: Sequence[SavedRun]) -> None:
        super().__init__()
        self._presets = presets
        self._runs = [*((run, "kept run") for run in kept), *((run, "saved run") for run in saved)]

    def body(self) -> list[Widget]:
        return [Input(placeholder="preset, or path to an experiment file or a saved run"), Choices()]

    def on_mount(self) -> None:
        self._fill("")

    def on_resize(self, event: Resize) -> None:
        self.query_one(Choices).styles.max_height = min(20, max(5, event.size.height - AROUND))

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        options = self.query_one(Choices)
        path = Path(os.path.expanduser(event.value))
        if event.value.strip() and (options.option_count == 0 or path.suffix or "/" in event.value):
            self.dismiss(path)
        elif options.highlighted is not None:
            self._choose(options.get_option_at_index(options.highlighted))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option)

    def _choose(self, option: Option) -> None:
        kind, _, name = (option.id or "").partition(":")
        self.dismiss(Path(name) if kind == "run" else name)

    def _fill(self, text: str) -> None:
        words = text.lower().split()
        options = self.query_one(Choices)
        options.clear_options()
        for run, kind in self._runs:
            if all(word in f"{run.title} {kind} {run.line()}".lower() for word in words):
                options.add_option(Option(_two_lines(run.title, run.line(), kind), id=f"run:{run.folder}"))
        for preset in self._presets:
            if all(word in f"{preset.name} {preset.title} {preset.notes}".lower() for word in words):
                options.add_option(Option(_two_lines(preset.name, preset.title), id=f"preset:{preset.name}"))
        if options.option_count:
            named = text.strip() in {preset.name for preset in self._presets}
            options.highlighted = options.get_option_index(f"preset:{text.strip()}") if named else 0


def _two_lines(first: str, second: str, kind: str = "") -> Content:
    return Content.assemble((first, "bold"), (f"  {kind}" if kind else "", "$accent"), (f"\n  {second}", "$muted"))
