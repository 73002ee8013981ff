"""The release history keeps its promises: against an index of our own, with tiny releases."""

import builtins
import errno
import fcntl
import gzip
import hashlib
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import pytest
from packaging.version import Version

from tools import releases
from tools.index import Release, available, choose

PROJECT = "Django"
OLDEST = Version("3.0")
PYTHON = Version("3.12.1")
UPLOADED = {
    "4.2.9": "2026-02-03T04:05:06.789Z",
    "5.0": "2023-12-04T13:12:41Z",
    "5.0.1": "2023-12-04T13:12:18Z",
}
SECONDS = {"4.2.9": 1770091506, "5.0": 1701695561, "5.0.1": 1701695538}


def sdist(members: Mapping[str, bytes], links: Mapping[str, str] = {}) -> bytes:
    """Return a .tar.gz of files, by path, and symbolic links, by path."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if name.endswith(".sh") else 0o644
            archive.addfile(member, io.BytesIO(content))
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return buffer.getvalue()


def tree(version: str) -> dict[str, bytes]:
    """Return the files of a release; settings of git would change them."""
    files = {
        "django/__init__.py": f"VERSION = '{version}'\r\n".encode(),
        ".gitattributes": b"* text=auto eol=lf\n",
        ".gitignore": b"*\n",
        "run.sh": b"#!/bin/sh\n",
        'odd "näme"\n\\.txt': b"odd",
    }
    return {f"Django-{version}/{path}": content for path, content in files.items()}


class Index:
    """A package index on 127.0.0.1 that counts what is asked of it."""

    def __init__(self) -> None:
        self.files: list[dict[str, Any]] = []
        self.content: dict[str, bytes] = {}
        self.status: dict[str, int] = {}
        self.requests: Counter[str] = Counter()
        self.stalled: str | None = None
        self.reached = threading.Event()
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://user:secret@127.0.0.1:{self.server.server_port}/simple/"

    def add(self, version: str, content: bytes | None = None, /, **fields: object) -> None:
        """Offer the sdist of a version; `fields` replace what the index says of it."""
        name = f"Django-{version}.tar.gz"
        self.content[f"/{name}"] = sdist(tree(version)) if content is None else content
        digest = hashlib.sha256(self.content[f"/{name}"]).hexdigest()
        about = {
            "filename": name,
            "url": f"http://127.0.0.1:{self.server.server_port}/{name}",
            "hashes": {"sha256": digest},
            "upload-time": UPLOADED.get(version, "2024-05-06T07:08:09Z"),
            "size": len(self.content[f"/{name}"]),
        }
        self.files.append({name: value for name, value in {**about, **fields}.items() if value is not None})

    def page(self) -> bytes:
        """Return the project page of PEP 691."""
        names = {"meta": {"api-version": "1.1"}, "name": "django", "versions": []}
        return json.dumps({**names, "files": self.files}).encode()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return the class that answers for this index."""
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.requests[self.path] += 1
                status = index.status.get(self.path, 200)
                is_page = self.path == "/simple/django/"
                body = index.page() if is_page else index.content.get(self.path, b"")
                self.send_response(status if body else 404)
                kind = "application/vnd.pypi.simple.v1+json" if is_page else "application/gzip"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if index.stalled == self.path:
                    self.wfile.write(body[:100])
                    index.reached.set()
                    index.closing.wait(60)
                else:
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index of 4.2.9, 5.0 and 5.0.1, the oldest of which came last."""
    served = Index()
    for version in ("5.0.1", "4.2.9", "5.0"):
        served.add(version)
    monkeypatch.setenv("PIP_INDEX_URL", served.url)
    thread = threading.Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    served.closing.set()
    served.server.shutdown()
    served.server.server_close()
    thread.join()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Where a repository is to be made, in a folder that does not exist yet."""
    return tmp_path / "made" / "django.git"


def update(repository: Path, *versions: str) -> dict[str, str]:
    """Add the named versions of the index, or all of them, in this order."""
    offered = {str(r.version): r for r in available(PROJECT)}
    return releases.update(repository, PROJECT, [offered[v] for v in versions or offered])


def git(repository: Path, *arguments: str) -> str:
    """Return what git prints, run as asv runs it."""
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def leftovers(repository: Path) -> set[str]:
    """Return what lies beside the repository and its lock, and what git left unfinished inside."""
    expected = {repository.name, f"{repository.name}.lock"}
    beside = {path.name for path in repository.parent.iterdir()} - expected
    return beside | {path.name for path in repository.glob("objects/pack/tmp_*")}


def refused(repository: Path, version: str) -> str:
    """Return why a version cannot be added, having checked that nothing of it was kept."""
    with pytest.raises(click.ClickException) as refusal:
        update(repository, version)
    assert version not in releases.at_hand(repository)
    assert leftovers(repository) == set()
    return one_line(refusal)


def one_line(refusal: pytest.ExceptionInfo[click.ClickException]) -> str:
    """Return a message that must be one line without a password."""
    message = refusal.value.message
    assert "\n" not in message
    assert "secret" not in message
    return message


# What the repository holds


def test_history_is_one_commit_a_release_in_version_order(index: Index, repository: Path) -> None:
    hashes = update(repository)
    assert list(hashes) == ["4.2.9", "5.0", "5.0.1"]
    newest_first = [hashes[v] for v in ("5.0.1", "5.0", "4.2.9")]
    assert git(repository, "rev-list", "--first-parent", "main").split() == newest_first
    assert git(repository, "rev-list", f"{hashes['4.2.9']}..main").split() == newest_first[:2]
    assert git(repository, "rev-parse", "HEAD") == hashes["5.0.1"]
    subjects = git(repository, "log", "--first-parent", "--format=%s", "main").splitlines()
    assert subjects == ["Django 5.0.1", "Django 5.0", "Django 4.2.9"]


def test_commit_has_the_date_of_upload_and_a_tag(index: Index, repository: Path) -> None:
    for version, commit in update(repository).items():
        assert int(git(repository, "log", "-1", "--format=%at", commit)) == SECONDS[version]
        assert git(repository, "rev-parse", f"{version}^{{commit}}") == commit
        assert git(repository, "name-rev", "--name-only", commit) == f"tags/{version}"


def test_commit_without_replacement_is_a_root_of_its_own(index: Index, repository: Path) -> None:
    commit = update(repository)["5.0.1"]
    lines = git(repository, "--no-replace-objects", "cat-file", "commit", commit).splitlines()
    identity = f"release history <releases@localhost> {SECONDS['5.0.1']} +0000"
    assert lines[1:] == [f"author {identity}", f"committer {identity}", "", "Django 5.0.1"]


def test_shared_clone_checks_out_the_very_files(index: Index, repository: Path, tmp_path: Path) -> None:
    commit = update(repository)["4.2.9"]
    for path, content in tree("4.2.9").items():
        name = path.partition("/")[2]
        shown = subprocess.run(
            ["git", "-C", str(repository), "cat-file", "blob", f"{commit}:{name}"],
            check=True,
            capture_output=True,
        ).stdout
        assert shown == content
    git(tmp_path, "clone", "--shared", "--recursive", str(repository), "clone")
    git(tmp_path / "clone", "checkout", "-f", commit)
    listed = {p.name for p in (tmp_path / "clone").iterdir()} - {".git"}
    assert listed == {"django", ".gitattributes", ".gitignore", "run.sh", 'odd "näme"\n\\.txt'}
    assert os.access(tmp_path / "clone" / "run.sh", os.X_OK)


def test_symbolic_link_inside_is_kept(index: Index, repository: Path) -> None:
    index.add("5.1", sdist({"Django-5.1/a": b"a"}, {"Django-5.1/b": "a"}))
    commit = update(repository, "5.1")["5.1"]
    assert git(repository, "ls-tree", commit, "b").startswith("120000 blob")
    assert git(repository, "cat-file", "blob", f"{commit}:b") == "a"


def test_hashes_do_not_depend_on_the_order_of_arrival(index: Index, tmp_path: Path) -> None:
    at_once, one_by_one = tmp_path / "a" / "x.git", tmp_path / "b" / "x.git"
    update(at_once)
    for version in ("5.0.1", "4.2.9", "5.0"):
        update(one_by_one, version)
    assert releases.at_hand(at_once) == releases.at_hand(one_by_one)
    assert git(at_once, "for-each-ref") == git(one_by_one, "for-each-ref")


def test_hashes_do_not_depend_on_the_content_of_others(index: Index, tmp_path: Path) -> None:
    alone, together = tmp_path / "a" / "x.git", tmp_path / "b" / "x.git"
    assert update(alone, "5.0")["5.0"] == update(together)["5.0"]


def test_hostile_git_settings_change_nothing(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = update(tmp_path / "a" / "x.git")
    home = tmp_path / "home"
    home.mkdir()
    (home / "ignore").write_text("*\n")
    (home / "reference-transaction").write_text("#!/bin/sh\nexit 1\n")
    (home / "reference-transaction").chmod(0o755)
    (home / "attributes").write_text("* text eol=crlf\n")
    (home / ".gitconfig").write_text(
        f"[commit]\ngpgsign=true\n[core]\nautocrlf=true\nhooksPath={home}\n"
        f"excludesFile={home}/ignore\nattributesFile={home}/attributes\n"
        "[init]\ndefaultBranch=trunk\ndefaultObjectFormat=sha256\n[i18n]\ncommitEncoding=latin1\n"
    )
    hostile = {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_DIR": str(tmp_path / "elsewhere"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "objects"),
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_AUTHOR_DATE": "1 +0900",
        "TZ": "Asia/Tokyo",
    }
    with monkeypatch.context() as patch:
        for name, value in hostile.items():
            patch.setenv(name, value)
        assert update(tmp_path / "b" / "x.git") == expected
    assert git(tmp_path / "b" / "x.git", "rev-parse", "main") == expected["5.0.1"]


def test_empty_home_is_enough(index: Index, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert list(update(repository)) == ["4.2.9", "5.0", "5.0.1"]


# What is fetched


def test_nothing_is_fetched_twice(index: Index, repository: Path) -> None:
    first = update(repository, "5.0")
    again = update(repository)
    assert again["5.0"] == first["5.0"]
    assert update(repository) == again
    fetched = {path: n for path, n in index.requests.items() if path.endswith(".gz")}
    assert fetched == {f"/Django-{v}.tar.gz": 1 for v in ("4.2.9", "5.0", "5.0.1")}


def test_update_with_nothing_new_writes_no_object(index: Index, repository: Path) -> None:
    update(repository)
    before = git(repository, "count-objects", "-v")
    update(repository)
    assert git(repository, "count-objects", "-v") == before


def test_wrong_digest_is_refused(index: Index, repository: Path) -> None:
    index.add("5.1", hashes={"sha256": "0" * 64})
    assert "digest" in refused(repository, "5.1")


def test_no_digest_is_refused(index: Index, repository: Path) -> None:
    index.add("5.1", hashes={})
    assert "No digests" in refused(repository, "5.1")
    assert index.requests["/Django-5.1.tar.gz"] == 0


def test_no_upload_time_is_refused(index: Index, repository: Path) -> None:
    index.add("5.1", **{"upload-time": None})
    assert "PEP 700" in refused(repository, "5.1")


@pytest.mark.parametrize(
    "members",
    [
        {"Django-5.1/../../evil": b""},
        {"/etc/evil": b"", "Django-5.1/a": b""},
        {"Django-5.1/a": b"", "other/a": b""},
        {"Django-5.1/a": b"", "Django-5.1/../evil": b""},
        {"evil": b""},
    ],
)
def test_path_outside_of_the_one_folder_is_refused(index: Index, repository: Path, members: dict[str, bytes]) -> None:
    index.add("5.1", sdist(members))
    assert "outside" in refused(repository, "5.1")
    assert not list(repository.parent.parent.rglob("evil"))


@pytest.mark.parametrize("target", ["../../../etc/passwd", "/etc/passwd"])
def test_link_that_leaves_is_refused(index: Index, repository: Path, target: str) -> None:
    index.add("5.1", sdist({}, {"Django-5.1/link": target}))
    assert "link" in refused(repository, "5.1")


@pytest.mark.parametrize(
    "content",
    [b"no archive", sdist(tree("5.1"))[:-200], gzip.compress(b"x")],
    ids=["no archive", "cut off", "no tar"],
)
def test_damaged_archive_is_refused(index: Index, repository: Path, content: bytes) -> None:
    index.add("5.1", content)
    assert "cannot add Django 5.1: " in refused(repository, "5.1")


@pytest.mark.parametrize("status", [404, 500, 503])
def test_index_that_fails_is_named_with_its_answer(index: Index, status: int) -> None:
    index.status["/simple/django/"] = status
    with pytest.raises(click.ClickException, match=f"127.0.0.1 answered {status}") as refusal:
        available(PROJECT)
    assert "PIP_INDEX_URL" in one_line(refusal)


@pytest.mark.parametrize("status", [404, 500])
def test_file_that_fails_keeps_what_came_before(index: Index, repository: Path, status: int) -> None:
    index.status["/Django-5.0.1.tar.gz"] = status
    with pytest.raises(click.ClickException, match=f"Django 5.0.1: .* answered {status}"):
        update(repository)
    assert list(releases.at_hand(repository)) == ["4.2.9", "5.0"]
    assert git(repository, "log", "-1", "--format=%s", "main") == "Django 5.0"
    assert leftovers(repository) == set()


def test_no_network_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@127.0.0.1:1/simple")
    with pytest.raises(click.ClickException, match=r"gave no answer.*check the network") as refusal:
        available(PROJECT)
    one_line(refusal)


def test_page_that_is_no_index_is_one_line(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "page", lambda: b"{}")
    with pytest.raises(click.ClickException) as refusal:
        available(PROJECT)
    assert "cannot list the releases of Django" in one_line(refusal)


def test_prerelease_yanked_wheel_and_zip_are_left_out(index: Index) -> None:
    index.add("5.1rc1")
    index.add("5.1", yanked="broken")
    index.add("5.2", filename="Django-5.2-py3-none-any.whl")
    index.add("5.3", filename="Django-5.3.zip")
    assert [str(r.version) for r in available(PROJECT)] == ["4.2.9", "5.0", "5.0.1"]


def test_project_without_sdist_is_one_line(index: Index) -> None:
    index.files.clear()
    with pytest.raises(click.ClickException, match="no source distribution of Django"):
        available(PROJECT)


# What is interrupted

RUN = """
import sys
from pathlib import Path
from tools import releases
from tools.index import available
releases.update(Path(sys.argv[1]), "Django", available("Django"))
"""


def start(repository: Path) -> subprocess.Popen[bytes]:
    """Start an update of all releases in a process of its own."""
    root = Path(releases.__file__).parents[1]
    command = [sys.executable, "-c", RUN, str(repository)]
    return subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_download_is_resumed(index: Index, repository: Path, blow: signal.Signals) -> None:
    index.stalled = "/Django-5.0.1.tar.gz"
    with start(repository) as process:
        assert index.reached.wait(60)
        process.send_signal(blow)
    assert process.returncode != 0
    assert list(releases.at_hand(repository)) == ["4.2.9", "5.0"]
    index.stalled = None
    assert list(update(repository)) == ["4.2.9", "5.0", "5.0.1"]
    assert leftovers(repository) == set()
    assert git(repository, "rev-list", "--count", "--first-parent", "main") == "3"
    assert index.requests["/Django-5.0.tar.gz"] == 1


def test_interruption_while_git_is_fed_leaves_nothing(
    index: Index, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> Iterator[tuple[bytes, str, bytes]]:
        yield b"100644", "first", b"half"
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(releases, "_files", broken)
        with pytest.raises(KeyboardInterrupt):
            update(repository)
    assert releases.at_hand(repository) == {}
    assert leftovers(repository) == set()
    assert len(update(repository)) == 3


def test_what_a_killed_run_left_is_removed_first(
    index: Index, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(repository, "5.0")
    stale = repository.parent / ".django.git.tmp-stale" / "new.git"
    stale.mkdir(parents=True)
    (stale / "HEAD").write_text("ref: ")
    (repository / "objects" / "pack" / "tmp_pack_stale").touch()
    assert leftovers(repository) == {".django.git.tmp-stale", "tmp_pack_stale"}
    seen: list[set[str]] = []
    monkeypatch.setattr(releases, "_add", lambda *_: seen.append(leftovers(repository)))
    update(repository, "5.0")
    assert seen == [set()]


def test_init_killed_half_way_is_repeated(index: Index, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            update(repository)
    assert not repository.exists()
    assert len(update(repository)) == 3


def test_folder_that_is_no_repository_is_left_alone(index: Index, repository: Path) -> None:
    repository.mkdir(parents=True)
    (repository / "thesis.txt").write_text("mine")
    with pytest.raises(click.ClickException, match="is not a git repository: remove it"):
        update(repository)
    assert [path.name for path in repository.iterdir()] == ["thesis.txt"]


def test_second_run_waits_and_says_so(index: Index, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    waiting = threading.Event()

    def hear(message: str, **_: object) -> None:
        said.append(message)
        waiting.set()

    monkeypatch.setattr(builtins, "print", hear)
    repository.parent.mkdir(parents=True)
    second = threading.Thread(target=update, args=(repository,))
    with repository.with_name("django.git.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second.start()
        assert waiting.wait(60)
        assert not repository.exists()
    second.join(60)
    assert said == [f"waiting for another run to finish with {repository}"]
    assert len(releases.at_hand(repository)) == 3


def test_two_runs_at_once_fetch_everything_once(index: Index, repository: Path) -> None:
    with start(repository) as one, start(repository) as other:
        pass
    assert (one.returncode, other.returncode) == (0, 0)
    assert index.requests["/Django-5.0.tar.gz"] == 1
    assert git(repository, "rev-list", "--count", "--first-parent", "main") == "3"


def test_full_disk_is_one_line(index: Index, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> Iterator[tuple[bytes, str, bytes]]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(releases, "_files", full)
    assert refused(repository, "5.0") == "cannot add Django 5.0: No space left on device"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("kilobytes", [900, 1800, 2600], ids=["download", "stream", "git"])
def test_really_full_disk_keeps_what_was_done(index: Index, tmp_path: Path, kilobytes: int) -> None:
    index.add("5.1", sdist({"Django-5.1/big": random.Random(0).randbytes(1 << 20)}))
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let root mount a small disk")
    try:
        repository = small / "django.git"
        kept = update(repository, "4.2.9", "5.0")
        assert re.search("No space left on device|Out of disk", refused(repository, "5.1"))
        assert releases.at_hand(repository) == kept
        assert git(repository, "rev-list", "--count", "main") == "2"
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_missing_git_is_one_line(index: Index, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = available(PROJECT)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(click.ClickException, match=r"No such file or directory \(git\)"):
        releases.update(repository, PROJECT, offered)


# What is at hand


def test_at_hand_is_empty_without_a_repository(repository: Path) -> None:
    assert releases.at_hand(repository) == {}


def test_at_hand_needs_no_index(index: Index, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.add("10.0")
    expected = update(repository)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/")
    assert releases.at_hand(repository) == expected
    assert list(releases.at_hand(repository)) == ["4.2.9", "5.0", "5.0.1", "10.0"]


# What is chosen

OFFERED = (
    "1.11.29",
    "3.0",
    "3.0.14",
    "4.2",
    "4.2.9",
    "4.2.10",
    "5.0",
    "5.2.1",
    "6.0",
    "6.0.1",
    "6.1",
    "6.1.2",
)


@pytest.fixture
def offered(index: Index) -> list[Release]:
    """Releases of many series; 6.1 needs Python 3.13."""
    index.files.clear()
    for version in OFFERED:
        index.add(version, **{"requires-python": ">=3.13" if version.startswith("6.1") else ">=3.8"})
    return available(PROJECT)


@pytest.mark.parametrize(
    ("wanted", "python", "chosen"),
    [
        ([], "3.13.0", ["5.2.1", "6.0.1", "6.1.2"]),
        ([], "3.12.1", ["5.0", "5.2.1", "6.0.1"]),
        (["4.2"], "3.12.1", ["4.2.10"]),
        (["4.2.9"], "3.12.1", ["4.2.9"]),
        (["4.2.0"], "3.12.1", ["4.2"]),
        (["6.0", "4.2", "6.0.1", "4.2"], "3.12.1", ["4.2.10", "6.0.1"]),
        (["all"], "3.12.1", ["3.0.14", "4.2.10", "5.0", "5.2.1", "6.0.1"]),
        (["all"], "3.13.0rc1", ["3.0.14", "4.2.10", "5.0", "5.2.1", "6.0.1", "6.1.2"]),
        (["all", "4.2.9"], "3.12.1", ["3.0.14", "4.2.9", "4.2.10", "5.0", "5.2.1", "6.0.1"]),
    ],
)
def test_choice(offered: list[Release], wanted: Sequence[str], python: str, chosen: list[str]) -> None:
    named = choose(offered, wanted, Version(python), OLDEST)
    assert [str(r.version) for r in named] == chosen


def test_default_count_is_kept(offered: list[Release]) -> None:
    assert [str(r.version) for r in choose(offered, [], PYTHON, OLDEST, 1)] == ["6.0.1"]


@pytest.mark.parametrize("word", ["7.3", "4.2.11", "6", "newest", "", "6.1rc1"])
def test_unknown_release_is_named(offered: list[Release], word: str) -> None:
    with pytest.raises(click.ClickException) as refusal:
        choose(offered, ["5.0", word], PYTHON, OLDEST)
    message = one_line(refusal)
    assert message.startswith(f"unknown release {word}: ")
    assert message.endswith("the series 3.0, 4.2, 5.0, 5.2, 6.0, 6.1")


@pytest.mark.parametrize("word", ["1.11", "2.2", "2.2.28", "2"])
def test_release_that_is_too_old_is_told_the_oldest(offered: list[Release], word: str) -> None:
    with pytest.raises(click.ClickException) as refusal:
        choose(offered, ["5.0", word], PYTHON, OLDEST)
    assert one_line(refusal) == f"release {word} is older than 3.0, the oldest that is measured"


@pytest.mark.parametrize(("word", "nearest"), [("4.2.11", "4.2.10"), ("6.9", "6.1, 6.0")])
def test_nearest_releases_are_named_once(offered: list[Release], word: str, nearest: str) -> None:
    with pytest.raises(click.ClickException) as refusal:
        choose(offered, [word], PYTHON, OLDEST)
    named = refusal.value.message.partition("nearest are ")[2].partition(", the series")[0].split(", ")
    assert len(named) == len(set(named))
    assert set(nearest.split(", ")) <= set(named)


@pytest.mark.parametrize("word", ["6.1", "6.1.2", "6.1.0"])
def test_python_too_old_is_named(offered: list[Release], word: str) -> None:
    with pytest.raises(click.ClickException, match=r"needs Python >=3.13 and this is 3.12.1"):
        choose(offered, [word], PYTHON, OLDEST)


def test_python_that_runs_nothing_is_named(offered: list[Release]) -> None:
    with pytest.raises(click.ClickException, match=r"no release runs on Python 3\.7"):
        choose(offered, [], Version("3.7"), OLDEST)
