"""What a run is called: by its experiment's title as long as that is true, else by its data and network."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine import Experiment

SAME_ANYWAY = {"title", "notes", "seed", "epochs", "evaluate_train"}  # no title speaks of these


class Titles:
    """Remembers what each title stands for: the preset of that title, else the first experiment that had it."""

    def __init__(self) -> None:
        self._meant: dict[str, Experiment] = {}
        self._last: tuple[Experiment, str] | None = None

    def know(self, experiment: "Experiment") -> None:
        """An experiment as its title means it."""
        self._meant[experiment.title] = experiment
        self._last = None

    def of(self, experiment: "Experiment") -> str:
        """The title; "(changed)" behind it where other settings differ; data and network where these do."""
        last = self._last  # which another thread may replace
        if last is None or last[0] is not experiment:
            last = self._last = experiment, self._made(experiment)
        return last[1]

    def _made(self, experiment: "Experiment") -> str:
        if not experiment.title:
            return composed(experiment)
        meant = self._meant.setdefault(experiment.title, experiment)
        fields = set(type(experiment).model_fields) - SAME_ANYWAY
        changed = {name for name in fields if getattr(meant, name) != getattr(experiment, name)}
        if changed & {"data", "model", "layers"}:
            return composed(experiment)
        return f"{experiment.title} (changed)" if changed else experiment.title


def composed(experiment: "Experiment") -> str:
    """Data and network in a few words: "spiral, mlp 8,8", "iris.csv, 5 layers"."""
    from tui.draft import short

    data, model = experiment.data, experiment.model
    file = str(getattr(data, "path", "")).replace("\\", "/").rstrip("/").rpartition("/")[2]
    network = f"{model.name} {short(model)}".strip() if model is not None else _counted(len(experiment.layers))
    return f"{file or data.name}, {network}"


def _counted(layers: int) -> str:
    return f"{layers} layer{'s' * (layers != 1)}" if layers else "no hidden layers"
