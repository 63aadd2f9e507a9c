"""Between panels and session: one draft of the run's experiment, sent when it holds together.

It follows what happens to the run elsewhere, so that everything can be undone in the order in which it was done. Undone
changes that replaced a run bring that run back.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ClassVar

from pydantic import BaseModel

from engine import DataSet, Experiment, Session, Snapshot, is_live, prepare
from engine.component import plain
from tui.draft import Draft, Facts, Preview, preview

Key = tuple[DataSet, int]


def live_changes(old: Experiment, new: Experiment) -> dict[str, Any] | None:
    """The dotted settings in which two experiments differ; None where one of them needs a new run."""
    found: dict[str, Any] = {}
    for name in type(new).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if isinstance(after, BaseModel) and type(before) is type(after):
            inner = type(after).model_fields
            parts = {f"{name}.{key}": (getattr(before, key), getattr(after, key)) for key in inner}
        else:
            parts = {name: (before, after)}
        found.update({key: plain(value) for key, (was, value) in parts.items() if was != value})
    return found if all(map(is_live, found)) else None


class Editing:
    """What panels edit. Changes that a run can take go in at the next step, all others start it over.

    `problem` is the sentence that says why the draft is not what runs; None while it is.
    """

    _last: "ClassVar[Editing | None]" = None

    def __init__(self, session: Session) -> None:
        self.session = session
        snapshot = session.snapshot
        self.draft = Draft(snapshot.experiment)
        self.running = snapshot.experiment
        self.problem: str | None = None
        self._seen = snapshot.run, snapshot.edits
        self._fence: Future[Experiment] | None = None
        self._facts: dict[Key, Facts | str] = {}
        self._asked: tuple[Key, Future[Facts]] | None = None

    @classmethod
    def of(cls, session: Session) -> "Editing":
        """The one editing of the session in use, which all panels share."""
        if cls._last is None or cls._last.session is not session:
            cls._last = cls(session)
        return cls._last

    @property
    def experiment(self) -> Experiment:
        """The draft as it stands."""
        return self.draft.experiment

    @property
    def settled(self) -> bool:
        """Whether nothing is on its way: no change sent and unanswered, no data set being looked at."""
        self._collect()
        return self._fence is None and self._asked is None

    # ------------------------------------------------------------------------------------------ changes

    def change(self, experiment: Experiment) -> None:
        """Makes a change and sends it, unless it does not hold together."""
        if self.draft.apply(experiment):
            self._facts = {key: found for key, found in self._facts.items() if isinstance(found, Facts)}
            self._send(self.session.rebuild)

    def undo(self) -> bool:
        """Takes back the last change, whoever made it."""
        self.follow(self.session.snapshot)
        return self._moved(self.draft.undo())

    def redo(self) -> bool:
        """Makes the change that was undone last once more."""
        self.follow(self.session.snapshot)
        return self._moved(self.draft.redo())

    def _moved(self, moved: bool) -> bool:
        if moved:
            self._send(self.session.revisit)
        return moved

    def _send(self, rebuild: Callable[[Experiment], None]) -> None:
        shown = self.preview(self.experiment)
        self.problem = shown.problem if shown is not None else None
        if self.problem is not None:
            return
        changes = live_changes(self.running, self.experiment)
        if changes is None:
            rebuild(self.experiment)
        for key, value in (changes or {}).items():
            self.session.edit(key, value)
        self.running = self.experiment
        self._fence = self.session.ask(lambda trainer: trainer.experiment)

    # ------------------------------------------------------------------------------------------ following

    def follow(self, snapshot: Snapshot) -> None:
        """Takes up what happened to the run: answers to what was sent, changes made elsewhere, time travel."""
        self._collect()
        if self._fence is not None:
            if not self._fence.done():
                return
            self._settle(self._fence, self.session.snapshot)
            return
        now, in_force = (snapshot.run, snapshot.edits), snapshot.experiment
        if in_force != self.running:
            if now != self._seen:
                self.draft.apply(in_force)
                self.problem = None
            elif self.experiment == self.running:
                self.draft.replace(in_force)
            self.running = in_force
        self._seen = now

    def _settle(self, fence: "Future[Experiment]", snapshot: Snapshot) -> None:
        self._fence = None
        try:
            in_force = fence.result()
        except Exception:
            in_force = snapshot.experiment
        self.running, self._seen = in_force, (snapshot.run, snapshot.edits)
        if in_force != self.experiment:
            self.problem = snapshot.notice or "the change was refused"

    # ------------------------------------------------------------------------------------------ looking ahead

    def preview(self, experiment: Experiment) -> Preview | None:
        """The network of an experiment, and what is wrong with it; None while its data is not known yet."""
        facts = self.facts(experiment)
        if isinstance(facts, str):
            return Preview((), (), facts)
        return None if facts is None else preview(experiment, facts)

    def facts(self, experiment: Experiment) -> Facts | str | None:
        """What the data asks of a network, or why it cannot be had; None until the worker has looked."""
        key = experiment.data, experiment.seed
        for known in (key, *self._facts):
            if known[0] == key[0] and known in self._facts:
                return self._facts[known]
        self._collect()
        if self.session.snapshot.nodes and (self._asked is None or self._asked[0] != key):
            if self._asked is not None:
                self._asked[1].cancel()
            folder = self.session.folder

            def look(trainer: Any) -> Facts:
                same = (trainer.experiment.data, trainer.experiment.seed) == key
                return Facts.of(trainer.splits if same else prepare(*key, folder))

            self._asked = key, self.session.ask(look)
        return None

    def _collect(self) -> None:
        if self._asked is None or not self._asked[1].done():
            return
        (key, answer), self._asked = self._asked, None
        if answer.cancelled():
            return
        try:
            self._facts[key] = answer.result()
        except Exception as error:
            self._facts[key] = str(error) or type(error).__name__
        while len(self._facts) > 64:
            del self._facts[next(iter(self._facts))]
