"""git does the same for everybody: of a user's settings only those count that say how a remote is reached."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from asv import repo
from asv.config import Config
from asv.results import get_filename
from conftest import ROOT
from generated import history, stream_of
from private import TOKEN, PrivateServer, serving
from stand_in import ENVIRONMENT, result

from tools import git
from tools.compare.tree import tree_of
from tools.history.asked import ask, own_benchmarks
from tools.history.branch import differing, fetch_results, push_results
from tools.history.repository import Repository
from tools.process import asv_environment
from tools.site.quickgit import quick

MACHINE = {"machine": "vm", "os": "Linux", "arch": "x86_64", "cpu": "a", "num_cpu": "2", "ram": "1000", "version": 1}

HELPER = f"!f() {{ echo username=x-access-token; echo password={TOKEN}; }}; f"

SETTINGS = {
    "signing": "[commit]\ngpgSign = true\n[gpg]\nprogram = false\n[push]\ngpgSign = true\n",
    "hooks": "[core]\nhooksPath = {home}/hooks\n",
    "templates": "[init]\ntemplateDir = {home}/template\ndefaultObjectFormat = sha256\n",
    "line ends": "[core]\nautocrlf = true\nsafecrlf = true\neol = crlf\n",
    "ignored": "[core]\nexcludesFile = {home}/ignore\nattributesFile = {home}/attributes\n",
    "signatures": "[log]\nshowSignature = true\n[gpg]\nprogram = {home}/gpg\n",
    "shown": "[color]\nui = always\n[diff]\nexternal = false\n",
    "told": "[core]\nquotePath = true\nfsmonitor = false\n[i18n]\nlogOutputEncoding = UTF-16\n",
    "names": "[user]\nuseConfigOnly = true\n",
    "ways": '[push]\ndefault = nothing\n[protocol "file"]\nallow = never\n[safe]\nbareRepository = explicit\n',
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home in which nothing is set."""
    home = tmp_path / "home"
    (home / ".config" / "git").mkdir(parents=True)
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


@pytest.fixture
def django(home: Path, tmp_path: Path) -> Path:
    """A repository whose newest commit is signed, as many of Django's are."""
    repository = tmp_path / "django.git"
    newest = history(repository, 2)[-1]
    plain = git.output(repository, "cat-file", "commit", newest)
    head, message = plain.split(b"\n\n", 1)
    signature = b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n abcd\n -----END PGP SIGNATURE-----"
    commit = b"%b\n%b\n\n%b" % (head, signature, message)
    signed = git.text(repository, "hash-object", "-t", "commit", "-w", "--stdin", stdin=commit)
    git.text(repository, "update-ref", "refs/heads/main", signed)
    return repository


@pytest.fixture
def shards(django: Path, tmp_path: Path) -> Path:
    """What a job left: a result of each commit."""
    job = tmp_path / "shards" / "job"
    machine = job / "vm"
    machine.mkdir(parents=True)
    (machine / "machine.json").write_text(json.dumps(MACHINE, indent=4, sort_keys=True))
    (job / "benchmarks.json").write_text(json.dumps({**own_benchmarks(), "version": 2}, indent=4, sort_keys=True))
    for number, line in enumerate(git.text(django, "log", "--format=%H %at", "main").splitlines()):
        commit, seconds = line.split()
        document = json.dumps({**result(commit, int(seconds), MACHINE), "job": "7-1-0"}, separators=(",", ":"))
        (job / get_filename("vm", commit, ENVIRONMENT)).write_text(document)
        if number == 0:
            (machine / "7-1-0.anchor").write_text(document)
    return job.parent


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    git.create(tmp_path / "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def private(tmp_path: Path) -> Iterator[PrivateServer]:
    with serving(tmp_path / "served") as server:
        git.create(server.folder / "remote.git")
        yield server


def contents(folder: Path) -> dict[str, bytes]:
    stored = [path for path in folder.rglob("*") if path.suffix in (".json", ".anchor")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in stored}


def on_the_branch(remote: Path) -> dict[str, bytes]:
    names = git.text(remote, "ls-tree", "-r", "--name-only", "results").splitlines()
    return {name.removeprefix("results/"): git.output(remote, "cat-file", "blob", f"results:{name}") for name in names}


@pytest.mark.parametrize("kind", [*SETTINGS, "defaults", "variables"])
def test_a_merge_is_pushed_whatever_is_set(
    kind: str, home: Path, shards: Path, remote: Path, django: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hooks in (home / "hooks", home / "template" / "hooks"):
        hooks.mkdir(parents=True)
        for hook in ("pre-commit", "commit-msg", "pre-push", "post-checkout", "reference-transaction"):
            (hooks / hook).write_text("#!/bin/sh\necho no >&2\nexit 1\n")
            (hooks / hook).chmod(0o755)
    (home / "gpg").write_text("#!/bin/sh\necho gpg: no public key >&2\nexit 2\n")
    (home / "gpg").chmod(0o755)
    # What git reads unasked, where no other file is set.
    for folder in (home, home / ".config" / "git") if kind in ("defaults", "ignored") else ():
        (folder / "ignore").write_text("*.json\n")
        (folder / "attributes").write_text("*.json text eol=crlf working-tree-encoding=UTF-16\n")
    (home / ".gitconfig").write_text(SETTINGS.get(kind, "").format(home=home))
    if kind == "variables":
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_TEMPLATE_DIR"):
            monkeypatch.setenv(name, str(home / "elsewhere"))
        monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    assert push_results(str(remote), "results", shards, ask(Repository(django), None, "main", "vm")) == []
    assert on_the_branch(remote) == contents(shards / "job")
    commit = git.output(remote, "cat-file", "commit", "results").decode()
    assert "author results <results@localhost>" in commit
    assert "gpgsig" not in commit


@pytest.mark.parametrize("way", ["helper", "variables", "address", "token"])
def test_what_the_user_says_of_the_remote_counts(
    way: str,
    home: Path,
    shards: Path,
    private: PrivateServer,
    django: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = f"{private.url}/remote.git"
    with pytest.raises(click.ClickException, match="could not read Username"):
        fetch_results(address, "results", tmp_path / "results")
    if way == "helper":
        (home / ".gitconfig").write_text(f'[credential]\nhelper = "{HELPER}"\n')
    elif way == "variables":
        for name, value in (("COUNT", "1"), ("KEY_0", "credential.helper"), ("VALUE_0", HELPER)):
            monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    elif way == "address":
        known = private.url.replace("//", f"//x-access-token:{TOKEN}@")
        (home / ".gitconfig").write_text(f'[url "{known}/"]\ninsteadOf = mine:\n')
        address = "mine:remote.git"
    else:
        monkeypatch.setenv("GITHUB_SERVER_URL", private.url)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    assert push_results(address, "results", shards, ask(Repository(django), None, "main", "vm")) == []
    fetch_results(address, "results", tmp_path / "results")
    assert contents(tmp_path / "results") == contents(shards / "job")


def test_the_token_is_for_its_own_server_alone(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://own.example")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    assert f"password={TOKEN}" in git.text(tmp_path, "credential", "fill", stdin=b"url=https://own.example/a/b\n\n")
    with pytest.raises(git.GitFailed, match="could not read Username"):
        git.text(tmp_path, "credential", "fill", stdin=b"url=https://other.example/a/b\n\n")
    assert TOKEN not in json.dumps(
        {name: value for name, value in git.environment().items() if name.startswith("GIT_")}
    )


def test_what_is_not_there_after_a_push_is_said(
    home: Path, shards: Path, remote: Path, django: Path, tmp_path: Path
) -> None:
    """The user's git pushes elsewhere than it fetches from."""
    later = next((shards / "job" / "vm").glob("????????-*.json"))
    later.rename(tmp_path / later.name)
    push_results(str(remote), "results", shards, ask(Repository(django), None, "main", "vm"))
    shutil.copytree(remote, tmp_path / "elsewhere.git")
    (tmp_path / later.name).rename(later)
    (home / ".gitconfig").write_text(f'[url "{tmp_path}/elsewhere.git"]\npushInsteadOf = {remote}\n')
    with pytest.raises(click.ClickException, match="results does not hold what was pushed to it"):
        push_results(str(remote), "results", shards, ask(Repository(django), None, "main", "vm"))


def test_a_file_that_git_changes_is_found(home: Path, tmp_path: Path) -> None:
    git.create(tmp_path / "branch", bare=False)
    results = tmp_path / "branch" / "results"
    results.mkdir()
    (results / "a.json").write_text("{}\n")
    (results / "b.json").write_bytes(b"{}\r\n")
    (results / ".gitattributes").write_text("*.json text\n")
    git.text(tmp_path / "branch", "add", "--all")
    (results / "c.json").write_text("{}\n")
    assert differing(tmp_path / "branch") == ["results/b.json", "results/c.json"]


def test_a_tree_is_read_as_it_is_committed(home: Path, tmp_path: Path) -> None:
    """Whatever the user's checkout has set for itself."""
    checkout = tmp_path / "checkout"
    (checkout / "django").mkdir(parents=True)
    (checkout / "django" / "__init__.py").write_bytes(b"VERSION = 1\n")
    (checkout / ".gitattributes").write_text("*.py text\n")
    git.create(checkout, bare=False)
    git.text(checkout, "add", "--all")
    git.text(checkout, "commit", "--quiet", "--message", "é [/x]\x1b[2J")
    for name, value in (("core.autocrlf", "true"), ("color.ui", "always"), ("log.showSignature", "true")):
        git.text(checkout, "config", name, value)
    tree = tree_of("HEAD", checkout, tmp_path / "tree")
    assert (tree.path / "django" / "__init__.py").read_bytes() == b"VERSION = 1\n"
    assert git.describe(checkout, "HEAD").split(" ", 2)[2] == "é [/x]?[2J"


class TestPush:
    """``make push``: what a merge left in a file gets on the branch, and nothing else."""

    @pytest.fixture
    def merged(self, checkout: Path, tmp_path: Path) -> Path:
        """A clone of a branch `results`, with one commit more."""
        folder = tmp_path / "merged"
        git.create(tmp_path / "remote.git", "results")
        git.create(folder, "results", bare=False)
        git.text(folder, "remote", "add", "origin", str(tmp_path / "remote.git"))
        for number in range(2):
            self.commit(folder, f"results/{number}.json")
            if not number:
                git.text(folder, "push", "--quiet", "origin", "HEAD:refs/heads/results")
        return folder

    def commit(self, folder: Path, name: str) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}")
        git.text(folder, "add", "--all")
        git.text(folder, "commit", "--quiet", "--message", name)

    def push(self, merged: Path) -> tuple[int, str, list[str]]:
        """Return the status, what is said, and the files that the branch has then."""
        bundle, remote = merged.with_name("merged.bundle"), merged.with_name("remote.git")
        if merged.exists():
            git.text(merged, "bundle", "create", "--quiet", str(bundle), "HEAD", "^origin/results")
        words = ["make", "--no-print-directory", "push", f"BUNDLE={bundle}", "PUSH=results", f"REMOTE={remote}"]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
        assert not bundle.with_suffix(".bundle.git").exists() or done.returncode
        files = git.text(remote, "ls-tree", "-r", "--name-only", "results").splitlines()
        return done.returncode, done.stdout + done.stderr, files

    def test_what_was_merged_is_pushed(self, merged: Path) -> None:
        assert self.push(merged) == (0, "", ["results/0.json", "results/1.json"])

    def test_what_was_not_merged_is_no_error(self, merged: Path) -> None:
        merged.rename(merged.with_name("elsewhere"))
        status, said, files = self.push(merged)
        assert (status, files) == (0, ["results/0.json"])
        assert "nothing new was merged" in said

    def test_another_push_that_came_first_stays(self, merged: Path, tmp_path: Path) -> None:
        git.text(tmp_path, "clone", "--quiet", str(tmp_path / "remote.git"), str(tmp_path / "other"))
        self.commit(tmp_path / "other", "results/other.json")
        git.text(tmp_path / "other", "push", "--quiet")
        status, said, files = self.push(merged)
        assert status
        assert "another push to results came first: merge again" in said
        assert files == ["results/0.json", "results/other.json"]

    def test_what_is_no_result_is_refused(self, merged: Path) -> None:
        self.commit(merged, ".github/planted.yml")
        status, said, files = self.push(merged)
        assert status
        assert "holds more than results: it is not pushed" in said
        assert files == ["results/0.json"]


def test_a_broken_setting_is_one_line(home: Path, tmp_path: Path) -> None:
    (home / ".gitconfig").write_text("[broken\n")
    with pytest.raises(click.ClickException, match=r"bad config line 1 in file .*gitconfig"):
        git.text(tmp_path, "version")


def test_git_is_called_in_one_place() -> None:
    callers = [path.name for path in (ROOT / "tools").rglob("*.py") if '"git"' in path.read_text()]
    assert set(callers) - {"order.py"} == {"git.py"}  # order.py: the word by which it says what it knows


def test_asv_is_told_of_no_credentials(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it runs is a stranger's code."""
    (home / ".gitconfig").write_text(f'[credential]\nhelper = "{HELPER}"\n[log]\nshowSignature = true\n')
    monkeypatch.setenv("GIT_DIR", "elsewhere")
    environment = asv_environment()
    assert TOKEN not in json.dumps(environment)
    assert "GIT_DIR" not in environment
    shown = subprocess.run(["git", "config", "log.showSignature"], env=environment, capture_output=True, text=True)
    assert shown.stdout == "false\n"


BRANCHING = """commit refs/heads/stable
mark :4
committer Test <test@localhost> 1560300000 +0000
data 7
release
from :2

commit refs/heads/main
mark :5
committer Test <test@localhost> 1560400000 +0000
data 5
merge
from :3
merge :4

commit refs/heads/stable
mark :6
committer Test <test@localhost> 1560500000 +0000
data 4
next
from :4

commit refs/heads/stable
mark :7
committer Test <test@localhost> 1560600000 +0000
data 5
taken
from :6
merge :5

commit refs/heads/stable
mark :8
committer Test <test@localhost> 1560700000 +0000
data 4
last
from :7

commit refs/heads/other
mark :9
committer Test <test@localhost> 1560800000 +0000
data 5
other

"""


def test_ranges_without_git_are_those_of_git(home: Path, tmp_path: Path) -> None:
    """Over a main line, a branch that is merged into it and takes it in, and a commit that has nothing of them."""
    repository = tmp_path / "django.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", repository], check=True)
    stream = "".join(stream_of(3, "Change {}")) + BRANCHING
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository, input=stream, text=True, check=True)
    commits = git.output(repository, "rev-list", "--all").decode().split()
    assert len(commits) == 9
    conf = Config.from_json({"project": "Django", "repo": str(repository), "branches": ["main"]})
    its, quicker = repo.get_repo(conf), quick(conf)
    asked = [f"{old}..{new}" for old in commits for new in commits]
    assert [quicker.get_hashes_from_range(each) for each in asked] == [
        its.get_hashes_from_range(each) for each in asked
    ]
