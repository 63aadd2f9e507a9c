"""Where data files are: shipped with the program, in the person's own folder, or in the cache of downloads."""

import os
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from engine.data.base import DataSet
from engine.errors import BadInput
from engine.files import expanded

VARIABLE = "NN_TUI_DATA"


class MissingData(BadInput):
    """A public data set that is not on this machine yet; `dataset` is the name that `fetch` takes."""

    def __init__(self, dataset: str, looked_for: str) -> None:
        super().__init__(
            f"{dataset} is not on this machine ({looked_for} not found): run 'nn-tui data fetch {dataset}', "
            f"or name its folder with --data-dir or {VARIABLE}"
        )
        self.dataset = dataset


def shipped(name: str) -> Traversable:
    """A file that ships with the program: inside the installed package, or in `data/` beside it in a checkout."""
    package = resources.files("engine")
    installed = package / "shipped"
    home = installed if installed.is_dir() else Path(__file__).resolve().parents[2] / "data"
    file = home / name
    if not file.is_file():
        raise BadInput(f"{file}: a file of the program is missing; install nn-tui again")
    return file


def own_folder(folder: Path | None) -> Path | None:
    """The person's data folder: the one given, else the one that NN_TUI_DATA names, else None.

    Raises BadInput where that is not a folder.
    """
    named = os.environ.get(VARIABLE, "")
    chosen = folder or (expanded(named) if named else None)
    if chosen is not None and not chosen.is_dir():
        place = "--data-dir" if folder else VARIABLE
        raise BadInput(f"{place} is '{chosen}': no such folder; name the folder that holds the data files")
    return chosen


def cache_folder(name: str = "") -> Path:
    """The folder of downloads, or of the data set `name` in it; it may not exist yet."""
    from platformdirs import user_cache_path

    return user_cache_path("nn-tui", appauthor=False) / "data" / name


def places(name: str, folder: Path | None) -> tuple[Path, ...]:
    """The folders in which the files of data set `name` are looked for, in order."""
    own = own_folder(folder)
    if own is None:
        return (cache_folder(name),)
    # MNIST and Fashion-MNIST name their files alike: a folder that is called after one must not pass for the other.
    is_another = own.name != name and own.name in DataSet.registry
    return (own / name, cache_folder(name)) if is_another else (own / name, own, cache_folder(name))


def own_path(path: str, folder: Path | None, what: str) -> Path:
    """A person's `data.path`: as it is, else inside the data folder. Raises BadInput where there is nothing."""
    if not path:
        raise BadInput(f"data.path is empty: give the path of {what}")
    found = expanded(path)
    if not found.exists() and not found.is_absolute() and (own := own_folder(folder)) and (own / found).exists():
        return own / found
    if not found.exists():
        raise BadInput(
            f"data.path is '{path}': no such file or folder here; give the path of {what}, or with --data-dir the "
            "folder that the path starts from"
        )
    return found
