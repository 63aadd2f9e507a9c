"""What the transport keys do."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.keys import KeysInOrder
from tui.transport import SPEEDS

if TYPE_CHECKING:
    from engine import Session


class RunActions(KeysInOrder):
    """The actions that drive training. Each is a command to the session, which answers in its snapshots."""

    def __init__(self) -> None:
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._session: Session | None = None
        self._speed = len(SPEEDS) - 1

    @property
    def session(self) -> "Session":
        """The session that trains; there is one as soon as there are panels."""
        if self._session is None:
            raise RuntimeError("the session is not loaded yet")
        return self._session

    @property
    def pace(self) -> float | None:
        """Steps a second while playing; None for full speed."""
        return SPEEDS[self._speed]

    def action_play(self) -> None:
        if self._session is None:
            return
        if self._session.snapshot.activity == "playing":
            self._session.pause()
        else:
            self._train(self._session.play)

    def action_step(self) -> None:
        if self._session is not None:
            self._train(self._session.step)

    def action_epoch(self) -> None:
        if self._session is not None:
            self._train(self._session.epoch)

    def _train(self, command: Callable[[], None]) -> None:
        """Sends a command that trains; where the run has come to its end, a line says how it goes on."""
        command()
        snapshot, key = self.session.snapshot, self.key_of
        if snapshot.activity == "finished":
            epochs = snapshot.experiment.epochs
            done = f"finished after {epochs} epoch{'s' * (epochs != 1)}"
            self.say(f"{done}; {key('app.more_epochs')} doubles them, then {key('app.play')} goes on")
        elif snapshot.activity == "stopped early":
            place = f"{key('app.focus_panel:optimizer')} optimizer"
            self.say(f"stopped early; a higher early_stopping.patience ({place}) lets it go on")

    def key_of(self, name: str) -> str:
        """The first key of an action such as "app.play", as a person reads it; here none is known."""
        return ""

    def say(self, line: str) -> None:
        """A line for the person, unless it still stands there."""
        if all(line != note.message for note in self._notifications):
            self.notify(line, markup=False)

    def action_more_epochs(self) -> None:
        if self._session is not None:
            self._session.edit("epochs", 2 * self._session.snapshot.experiment.epochs)

    async def action_back(self) -> None:
        if self._session is not None:
            self._session.back()

    def action_back_epoch(self) -> None:
        if self._session is not None:
            self._session.back_epoch()

    def action_reset(self) -> None:
        if self._session is not None:
            self._session.reset()

    def action_new_seed(self) -> None:
        if self._session is not None:
            experiment = self._session.snapshot.experiment
            self._session.rebuild(experiment.edited({"seed": (experiment.seed + 1) % 2**32}))

    def action_faster(self) -> None:
        self._set_speed(self._speed + 1)

    def action_slower(self) -> None:
        self._set_speed(self._speed - 1)

    def _set_speed(self, place: int) -> None:
        self._speed = min(max(0, place), len(SPEEDS) - 1)
        if self._session is not None:
            self._session.pace(self.pace)
