"""Questions to the worker: one in flight, seldom enough that training keeps its speed."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Generic, TypeVar

from engine.errors import Failure

if TYPE_CHECKING:
    from engine import Session, Snapshot, Trainer

T = TypeVar("T")


def moment(snapshot: "Snapshot") -> Hashable:
    """What the weights depend on: as long as it is equal, no answer changes."""
    edits = tuple((edit.step, edit.key, repr(edit.value)) for edit in snapshot.edits)
    return snapshot.run, snapshot.step, edits, snapshot.activity in ("stopped early", "diverged")


class Asking(Generic[T]):
    """The last answer, what it is about, of which run it is, and what it cost; asks again when told of something else.

    While the session plays, `least` is the shortest time in seconds between two questions, and `share` the most of the
    worker's time that they may take.
    """

    def __init__(self, least: float = 0.125, share: float = 0.03) -> None:
        self.least, self.share = least, share
        self.answer: T | None = None
        self.about: Hashable = None
        self.run: int | None = None
        self.problem: str | None = None
        self.seconds = 0.0
        self._step: int | None = None
        self._future: Future[tuple[T, float, int, int]] | None = None
        self._next: Hashable = None
        self._session: Session | None = None
        self._asked = 0.0

    def forget(self) -> None:
        """Drops the answer, and the one that is on its way."""
        if self._future is not None:
            self._future.cancel()
        self._future, self.answer, self.about, self.problem = None, None, None, None

    def ask(
        self, session: "Session", about: Hashable, question: "Callable[[Trainer], T]", playing: bool = False
    ) -> bool:
        """Takes in an answer that has come; then asks, unless `about` is known or it is too soon.

        An answer from another step than the one at which the session rests now counts as unknown. Returns whether
        `answer` is new. Errors of the question's own are kept in `problem`; bugs are raised.
        """
        if session is not self._session:
            self.forget()
            self._session = session
        fresh = self._take()
        known = about == self.about and (playing or self._step in (None, session.snapshot.step))
        if self._future is not None or known:
            return fresh
        if playing and monotonic() - self._asked < max(self.least, self.seconds / self.share):
            return fresh

        def timed(trainer: "Trainer") -> tuple[T, float, int, int]:
            began = perf_counter()
            return question(trainer), perf_counter() - began, trainer.state.step, session.snapshot.run

        self._asked, self._next = monotonic(), about
        self._future = session.ask(timed)
        return fresh

    def _take(self) -> bool:
        if self._future is None or not self._future.done():
            return False
        future, self._future = self._future, None
        self.about = self._next
        try:
            self.answer, self.seconds, self._step, self.run = future.result()
            self.problem = None
        except (Failure, MemoryError) as error:
            self.answer, self._step, self.problem = None, None, str(error) or "not enough memory"
        return True
