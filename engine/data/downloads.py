"""Downloads of public data sets into the cache: several mirrors, every file checked by its MD5 before it is kept."""

import errno
import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.component import nearest
from engine.data.folders import VARIABLE, cache_folder
from engine.errors import BadInput, Failure, RunFailed
from engine.files import reason

Progress = Callable[[str, int, int], None]
"""Told (file, bytes so far, bytes in all, or 0 where the server does not say) while a download runs."""

TIMEOUT = 30
PIECE = 1 << 20
SUMS = "MD5SUMS"


@dataclass(frozen=True)
class Download:
    """A file on every mirror; its MD5 is of the bytes as they come, or of what they unpack to (mirrors pack anew)."""

    name: str
    md5: str
    unpacked: bool = False


@dataclass(frozen=True)
class Source:
    """Where a data set can be had: folders on the web and files in them; `members` are what is kept of an archive."""

    mirrors: tuple[str, ...]
    files: tuple[Download, ...]
    members: tuple[str, ...] = ()


SOURCES = {
    "mnist": Source(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        files=(
            Download("train-images-idx3-ubyte.gz", "6bbc9ace898e44ae57da46a324031adb", unpacked=True),
            Download("train-labels-idx1-ubyte.gz", "a25bea736e30d166cdddb491f175f624", unpacked=True),
            Download("t10k-images-idx3-ubyte.gz", "2646ac647ad5339dbf082846283269ea", unpacked=True),
            Download("t10k-labels-idx1-ubyte.gz", "27ae3e4e09519cfbb04c329615203637", unpacked=True),
        ),
    ),
    "fashion_mnist": Source(
        mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        files=(
            Download("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            Download("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
            Download("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
            Download("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
        ),
    ),
    "cifar10": Source(
        mirrors=("https://www.cs.toronto.edu/~kriz/",),
        files=(Download("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"),),
        members=tuple(
            f"cifar-10-batches-bin/{name}"
            for name in (*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin", "batches.meta.txt")
        ),
    ),
}


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Downloads what is missing or damaged of a public data set; returns its folder in the cache.

    Raises BadInput for an unknown name or a cache that cannot be written, RunFailed where no mirror gives the right
    bytes or the disk is full; nothing half-done stays behind.
    """
    if name not in SOURCES:
        raise BadInput(f"data fetch {name!r}: no such public data set{nearest(name, SOURCES)}")
    source, home = SOURCES[name], cache_folder(name)
    try:
        home.mkdir(parents=True, exist_ok=True)
        for file in source.files:
            if _is_there(home, source, file):
                continue
            with tempfile.TemporaryDirectory(prefix=".partial-", dir=home) as scratch:
                arrived = _from_mirrors(name, source.mirrors, file, Path(scratch), progress)
                if source.members:
                    _keep_members(arrived, source.members, Path(scratch), home)
                else:
                    os.replace(arrived, home / file.name)
    except OSError as error:
        raise _disk_error(error, home) from None
    return home


def _is_there(home: Path, source: Source, file: Download) -> bool:
    """Whether what a download gives is in the cache with its MD5: of members, the one that they had in the archive."""
    if source.members:
        sums = _sums(home)
        return all((home / name).is_file() and _md5(home / name, False) == sums.get(name) for name in source.members)
    return (home / file.name).is_file() and _md5(home / file.name, file.unpacked) == file.md5


def _sums(home: Path) -> dict[str, str]:
    """The MD5 of every member that was kept, as md5sum writes them; none where they were not written down."""
    try:
        lines = (home / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return {name: md5 for md5, _, name in (line.partition("  ") for line in lines)}


def _from_mirrors(
    name: str, mirrors: tuple[str, ...], file: Download, scratch: Path, progress: Progress | None
) -> Path:
    target = scratch / file.name
    problems = []
    for mirror in mirrors:
        try:
            _download(mirror + file.name, target, progress)
        except _MirrorError as problem:
            problems.append(f"{mirror} {problem}")
            continue
        found = _md5(target, file.unpacked)
        if found == file.md5:
            return target
        problems.append(f"{mirror} gave other bytes than expected (MD5 {found}, not {file.md5})")
    raise RunFailed(
        f"{name}: {file.name} could not be downloaded: {'; '.join(problems)}; "
        f"try again, or put the files into a folder and name it with {VARIABLE}"
    )


class _MirrorError(Exception):
    """Why one mirror did not give the file."""


def _download(url: str, target: Path, progress: Progress | None) -> None:
    import pooch
    import requests

    bar = _Bar(target.name, progress) if progress else False
    try:
        pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=TIMEOUT)(url, str(target), None)
    except requests.HTTPError as error:
        status = "an error" if error.response is None else error.response.status_code
        raise _MirrorError(f"answered {status}") from None
    except requests.Timeout:
        raise _MirrorError(f"did not answer within {TIMEOUT} s") from None
    except requests.ConnectionError:
        raise _MirrorError("cannot be reached") from None
    except requests.RequestException as error:
        raise _MirrorError(f"failed ({error})") from None


class _Bar:
    """What pooch calls while it downloads, turned into calls of `Progress`."""

    def __init__(self, name: str, progress: Progress) -> None:
        self.name, self.progress = name, progress
        self.done = self.total = 0

    def update(self, count: int) -> None:
        self.done += count
        self.progress(self.name, self.done, self.total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        return


def _md5(path: Path, unpacked: bool) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with gzip.open(path) if unpacked else path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return "of a damaged gzip file"
    return digest.hexdigest()


def _keep_members(archive: Path, members: tuple[str, ...], scratch: Path, home: Path) -> None:
    """Unpacks all members before the first is kept; the first named is kept last, since it stands for the set."""
    try:
        with tarfile.open(archive) as tar:
            for member in members:
                content = tar.extractfile(member)
                if content is None:
                    raise KeyError(member)
                (scratch / member).parent.mkdir(parents=True, exist_ok=True)
                with content, (scratch / member).open("wb") as file:
                    shutil.copyfileobj(content, file, PIECE)
    except (tarfile.TarError, KeyError, EOFError, zlib.error) as error:
        raise RunFailed(f"{archive.name}: not the archive that was expected ({error})") from None
    sums = "".join(f"{_md5(scratch / member, False)}  {member}\n" for member in members)
    (scratch / SUMS).write_text(sums, encoding="utf-8")
    for member in (*reversed(members), SUMS):
        (home / member).parent.mkdir(parents=True, exist_ok=True)
        os.replace(scratch / member, home / member)


def _disk_error(error: OSError, home: Path) -> Failure:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunFailed(f"{home}: the disk is full; make room and fetch again")
    return BadInput(f"{home}: cannot be written ({reason(error)}); set XDG_CACHE_HOME to a folder that can")
