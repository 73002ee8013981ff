"""A file is there whole or not at all, also where several processes write it at once."""

import subprocess
import sys
from pathlib import Path

from conftest import ROOT

WRITE = """
import sys
from pathlib import Path
from tools import files
for _ in range(200):
    files.write(Path(sys.argv[1]), sys.argv[2] * 100_000)
"""


def test_several_processes_write_a_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "written"
    command = [sys.executable, "-c", WRITE, str(path)]
    writers = [subprocess.Popen([*command, letter], cwd=ROOT, stderr=subprocess.PIPE, text=True) for letter in "abc"]
    while any(writer.poll() is None for writer in writers):
        content = path.read_text() if path.exists() else "a" * 100_000
        assert content == content[0] * 100_000
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [("", 0)] * 3
    assert list(tmp_path.iterdir()) == [path]
