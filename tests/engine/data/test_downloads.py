"""Downloads from a server on this machine that gives small files."""

import errno
import gzip
import hashlib
import http.server
import io
import os
import socket
import tarfile
import threading

import pytest

from engine.data import SOURCES, DataSet, fetch, prepare
from engine.data.downloads import Download, Source
from engine.data.folders import MissingData
from engine.errors import BadInput, RunFailed

CONTENT = bytes(range(256)) * 40


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NN_TUI_DATA", raising=False)
    return tmp_path / "cache" / "nn-tui" / "data"


@pytest.fixture
def site(monkeypatch):
    """A web server: `site.files` maps paths to bytes, `site.asked` lists what was asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            content = server.files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"") + server.lie))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked, server.lie = {}, [], 0
    server.url = f"http://127.0.0.1:{server.server_port}/"
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def offer(monkeypatch, mirrors, *files, name="mnist", members=()):
    monkeypatch.setitem(SOURCES, name, Source(tuple(mirrors), files, members))


def left_over(cache):
    return [path for path in cache.rglob("*") if path.is_file()]


def test_a_file_is_kept_when_its_hash_is_right_and_progress_is_told(site, cache, monkeypatch):
    site.files["/a.bin"] = CONTENT
    offer(monkeypatch, [site.url], Download("a.bin", md5(CONTENT)))
    told = []
    home = fetch("mnist", lambda *news: told.append(news))
    assert home == cache / "mnist"
    assert (home / "a.bin").read_bytes() == CONTENT
    assert told[-1] == ("a.bin", len(CONTENT), len(CONTENT))
    fetch("mnist")
    assert site.asked == ["/a.bin"]
    assert os.listdir(home) == ["a.bin"]


@pytest.mark.parametrize("unpacked", [False, True])
def test_a_file_that_was_damaged_in_the_cache_is_fetched_again(site, cache, monkeypatch, unpacked):
    site.files["/a.bin"] = gzip.compress(CONTENT) if unpacked else CONTENT
    offer(monkeypatch, [site.url], Download("a.bin", md5(CONTENT), unpacked))
    kept = fetch("mnist") / "a.bin"
    kept.write_bytes(kept.read_bytes()[:-9])
    fetch("mnist")
    assert kept.read_bytes() == site.files["/a.bin"]
    fetch("mnist")
    assert site.asked == ["/a.bin", "/a.bin"]


def test_the_hash_may_be_of_what_the_file_unpacks_to(site, cache, monkeypatch):
    for level in (1, 9):
        site.files["/a.gz"] = gzip.compress(CONTENT, level)
        offer(monkeypatch, [site.url], Download("a.gz", md5(CONTENT), unpacked=True))
        assert gzip.decompress((fetch("mnist") / "a.gz").read_bytes()) == CONTENT
        (cache / "mnist" / "a.gz").unlink()


@pytest.mark.parametrize("unpacked", [False, True])
def test_wrong_bytes_are_not_kept(site, cache, monkeypatch, unpacked):
    site.files["/a.bin"] = CONTENT[:-1]
    offer(monkeypatch, [site.url], Download("a.bin", md5(CONTENT), unpacked))
    with pytest.raises(RunFailed, match="gave other bytes than expected") as error:
        fetch("mnist")
    assert "\n" not in str(error.value)
    assert "NN_TUI_DATA" in str(error.value)
    assert left_over(cache) == []


def test_the_next_mirror_is_asked(site, cache, monkeypatch):
    site.files["/bad/a.bin"] = b"not it"
    site.files["/good/a.bin"] = CONTENT
    mirrors = [f"{site.url}none/", f"{site.url}bad/", f"{site.url}good/"]
    offer(monkeypatch, mirrors, Download("a.bin", md5(CONTENT)))
    assert (fetch("mnist") / "a.bin").read_bytes() == CONTENT
    assert site.asked == ["/none/a.bin", "/bad/a.bin", "/good/a.bin"]


def test_every_mirror_that_failed_is_named(site, cache, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        offer(monkeypatch, [site.url, closed], Download("a.bin", md5(CONTENT)))
        with pytest.raises(RunFailed) as error:
            fetch("mnist")
    assert f"{site.url} answered 404" in str(error.value)
    assert f"{closed} cannot be reached" in str(error.value)
    assert left_over(cache) == []


def test_a_download_cut_short_is_not_kept(site, cache, monkeypatch):
    site.files["/a.bin"] = CONTENT
    site.lie = 100
    offer(monkeypatch, [site.url], Download("a.bin", md5(CONTENT + bytes(100))))
    with pytest.raises(RunFailed, match=r"a\.bin could not be downloaded"):
        fetch("mnist")
    assert left_over(cache) == []


def archive(members):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def test_only_the_expected_members_of_an_archive_are_kept(site, cache, monkeypatch):
    content = archive({"sub/a.bin": CONTENT, "../evil": b"no", "sub/readme.html": b"no"})
    site.files["/a.tar.gz"] = content
    offer(monkeypatch, [site.url], Download("a.tar.gz", md5(content)), name="cifar10", members=("sub/a.bin",))
    home = fetch("cifar10")
    assert set(left_over(cache)) == {home / "sub" / "a.bin", home / "MD5SUMS"}
    assert (home / "MD5SUMS").read_text() == f"{md5(CONTENT)}  sub/a.bin\n"
    assert (home / "sub" / "a.bin").read_bytes() == CONTENT
    fetch("cifar10")
    assert site.asked == ["/a.tar.gz"]


@pytest.mark.parametrize("harm", ["member", "sums"])
def test_a_member_that_is_damaged_later_is_fetched_again(site, cache, monkeypatch, harm):
    content = archive({"sub/a.bin": CONTENT})
    site.files["/a.tar.gz"] = content
    offer(monkeypatch, [site.url], Download("a.tar.gz", md5(content)), name="cifar10", members=("sub/a.bin",))
    home = fetch("cifar10")
    (home / ("sub/a.bin" if harm == "member" else "MD5SUMS")).write_bytes(CONTENT[:-1])
    fetch("cifar10")
    assert (home / "sub" / "a.bin").read_bytes() == CONTENT
    fetch("cifar10")
    assert site.asked == ["/a.tar.gz"] * 2


def test_an_archive_without_its_members_is_refused(site, cache, monkeypatch):
    for content in (archive({"other": b"x"}), b"no archive"):
        site.files["/a.tar.gz"] = content
        offer(monkeypatch, [site.url], Download("a.tar.gz", md5(content)), name="cifar10", members=("sub/a.bin",))
        with pytest.raises(RunFailed, match="not the archive that was expected"):
            fetch("cifar10")


def test_of_an_archive_all_members_are_kept_or_none(site, cache, monkeypatch):
    """Half of them would pass for a smaller data set."""
    content = archive({"sub/a.bin": CONTENT})
    site.files["/a.tar.gz"] = content
    members = ("sub/a.bin", "sub/b.bin")
    offer(monkeypatch, [site.url], Download("a.tar.gz", md5(content)), name="cifar10", members=members)
    with pytest.raises(RunFailed, match="not the archive that was expected"):
        fetch("cifar10")
    assert left_over(cache) == []


def test_an_unknown_name_is_refused():
    with pytest.raises(BadInput, match="did you mean 'mnist'"):
        fetch("mnits")


def test_a_cache_that_cannot_be_written_is_named(site, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(BadInput, match=r"cannot be written .*set XDG_CACHE_HOME"):
        fetch("mnist")


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [(errno.ENOSPC, RunFailed, "disk is full"), (errno.EROFS, BadInput, "cannot be written")],
)
def test_a_full_or_read_only_disk_is_one_line(site, cache, monkeypatch, number, error, words):
    site.files["/a.bin"] = CONTENT
    offer(monkeypatch, [site.url], Download("a.bin", md5(CONTENT)))

    def refuse(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("engine.data.downloads.os.replace", refuse)
    with pytest.raises(error, match=words):
        fetch("mnist")
    assert left_over(cache) == []


def test_what_prepare_misses_can_be_fetched(site, cache, monkeypatch):
    files = {
        "train-images-idx3-ubyte.gz": b"\0\0\x08\x03" + b"\0\0\0\x02" + b"\0\0\0\x01" * 2 + b"\x00\xff",
        "train-labels-idx1-ubyte.gz": b"\0\0\x08\x01" + b"\0\0\0\x02" + b"\x03\x04",
        "t10k-images-idx3-ubyte.gz": b"\0\0\x08\x03" + b"\0\0\0\x01" * 3 + b"\x33",
        "t10k-labels-idx1-ubyte.gz": b"\0\0\x08\x01" + b"\0\0\0\x01" + b"\x05",
    }
    for name, content in files.items():
        site.files[f"/{name}"] = gzip.compress(content)
    downloads = [Download(name, md5(content), unpacked=True) for name, content in files.items()]
    offer(monkeypatch, [site.url], *downloads)
    with pytest.raises(MissingData) as missing:
        prepare(DataSet.parse("mnist"), 0)
    fetch(missing.value.dataset)
    splits = prepare(DataSet.parse("mnist"), 0)
    assert splits.train.x.ravel().tolist() == [0, 1]
    assert splits.train.y.tolist() == [3, 4]
    assert splits.test.x.ravel().tolist() == pytest.approx([0.2])


def test_the_known_sets_can_be_fetched_by_their_names():
    for name, source in SOURCES.items():
        assert name in DataSet.registry
        assert all(mirror.endswith("/") for mirror in source.mirrors)
        assert all(len(bytes.fromhex(file.md5)) == 16 for file in source.files)
