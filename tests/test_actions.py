"""The actions that the workflows use, as tests/workflows.py imitates them: what their sources say comes out."""

from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from workflows import StepFailed, download, upload, upload_pages

PATTERN = next(
    step["with"]["pattern"]
    for step in yaml.safe_load((ROOT / ".github/workflows/measure.yml").read_text())["jobs"]["merge"]["steps"]
    if "download-artifact" in step.get("uses", "")
)


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"b/c.txt", "d.txt"}),
        ("a/d.txt", {"d.txt"}),
        ("a/b\na/d.txt", {"b/c.txt", "d.txt"}),
        ("a/b\nnone/e.txt", {"a/b/c.txt"}),
        ("a\na/b", {"b/c.txt", "d.txt"}),
    ],
    ids=["folder", "file", "common", "missing", "within"],
)
def test_an_artifact_begins_below_what_its_paths_share(path: str, expected: set[str], tmp_path: Path) -> None:
    write(tmp_path / "work", "a/b/c.txt", "a/d.txt", "a/.leases/e", "a/.f")
    upload(tmp_path / "work", {"name": "x", "path": path}, tmp_path / "artifacts")
    assert files(tmp_path / "artifacts" / "x") == expected


def test_what_is_not_there_makes_no_artifact(tmp_path: Path) -> None:
    write(tmp_path / "work", ".hidden/a")
    for path in ("none", ".hidden"):
        upload(tmp_path / "work", {"name": "x", "path": path}, tmp_path / "artifacts")
        with pytest.raises(StepFailed, match="No files were found"):
            upload(tmp_path / "work", {"path": path, "if-no-files-found": "error"}, tmp_path / "artifacts")
    assert not (tmp_path / "artifacts").exists()
    with pytest.raises(StepFailed, match="none"):
        upload_pages(tmp_path / "work", {"path": "none"}, tmp_path / "artifacts")


def test_an_artifact_is_written_once(tmp_path: Path) -> None:
    write(tmp_path / "work", "a", "b:c")
    upload(tmp_path / "work", {"name": "x", "path": "a"}, tmp_path / "artifacts")
    with pytest.raises(StepFailed, match="already exists"):
        upload(tmp_path / "work", {"name": "x", "path": "a"}, tmp_path / "artifacts")
    with pytest.raises(StepFailed, match="not valid"):
        upload(tmp_path / "work", {"name": "y", "path": "b:c"}, tmp_path / "artifacts")


@pytest.mark.parametrize(
    ("pattern", "artifacts", "expected"),
    [
        ("measured-*", ["measured-0/a", "commits/c"], {"a"}),
        ("measured-*", ["measured-0/a", "measured-1/a"], {"measured-0/a", "measured-1/a"}),
        ("measured-*", ["commits/c"], None),
        (PATTERN, ["commits/commits.txt", "measured-0/a"], {"commits/commits.txt", "measured-0/a"}),
        (PATTERN, ["commits/commits.txt"], {"commits.txt"}),
    ],
    ids=["one", "two", "none", "list and one", "list alone"],
)
def test_an_artifact_has_its_folder_unless_it_is_alone(
    pattern: str, artifacts: list[str], expected: set[str] | None, tmp_path: Path
) -> None:
    write(tmp_path / "artifacts", *artifacts)
    download(tmp_path / "artifacts", {"pattern": pattern, "path": "shards"}, tmp_path / "work")
    assert (files(tmp_path / "work" / "shards") if (tmp_path / "work").exists() else None) == expected
    with pytest.raises(StepFailed, match="Artifact 'other' not found"):
        download(tmp_path / "artifacts", {"name": "other"}, tmp_path / "work")
