"""What the transport keys do."""

import os
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
            self._session.play()

    def action_step(self) -> None:
        if self._session is not None:
            self._session.step()

    def action_epoch(self) -> None:
        if self._session is not None:
            self._session.epoch()

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
