"""Keys that come faster than the screen follows, as over a slow line, do what they would do one by one."""

from collections import deque
from collections.abc import Sequence
from functools import partial

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.timer import Timer

PATIENCE = 0.25  # seconds after which a key is taken for done whatever became of it
QUITS = {"q", "ctrl+q", "ctrl+c"}
ROUNDS = 2  # the first follows the key itself, the second what it set off: a choice in a list, a dialog that opened


class KeysInOrder(App[int]):
    """Gives a key to the screen when the one before has had its effect: moved the focus, opened or closed a dialog.

    A key goes from the widget in focus from parent to parent up to the app, through the queue of each. A callback is
    sent the same way behind it; when that arrives, the key is done. As long as `takes_keys` is false all wait but those
    that quit.
    """

    takes_keys = True

    def __init__(self, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._waiting: deque[events.Key] = deque()
        self._under_way: events.Key | None = None
        self._alarm: Timer | None = None

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._under_way is None and (self.takes_keys or event.key in QUITS):
            await self._begin(event)
        else:
            self._waiting.append(event)
            self._limit()

    async def _begin(self, key: events.Key) -> None:
        self._under_way = key
        route = self._route()
        await super().on_event(key)
        self._follow(key, route, ROUNDS)

    def _route(self) -> Sequence[MessagePump]:
        """The widget in focus, or else the screen, and its parents up to the app."""
        return tuple((self.focused or self.screen).ancestors_with_self)

    def _follow(self, key: events.Key, route: Sequence[MessagePump], rounds: int) -> None:
        """Sends the callback on to the first of the route that still takes messages."""
        for place, pump in enumerate(route, 1):
            step = partial(self._follow, key, route[place:], rounds)
            if pump is self:
                step = partial(self._arrived, key, rounds)
            if pump.post_message(events.Callback(step)):
                return

    async def _arrived(self, key: events.Key, rounds: int) -> None:
        if rounds > 1:
            self._follow(key, self._route(), rounds - 1)
        else:
            await self._done(key)

    async def _done(self, key: events.Key) -> None:
        if key is not self._under_way:
            return
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None
        self._under_way = None
        await self._go_on()

    async def _go_on(self) -> None:
        if self._waiting and self._under_way is None and self.takes_keys:
            await self._begin(self._waiting.popleft())
            self._limit()

    def take_keys(self) -> None:
        """From now on keys have their effect, those that wait first."""
        self.takes_keys = True
        self.call_later(self._go_on)

    def _limit(self) -> None:
        """Keys that wait do not wait for ever, should the widget that has the callback vanish with it."""
        if self._waiting and self._alarm is None and self._under_way is not None:
            self._alarm = self.set_timer(PATIENCE, partial(self._done, self._under_way))
