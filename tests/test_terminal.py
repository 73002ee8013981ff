"""What strangers write is shown as they wrote it: subjects, names and errors are no markup."""

import io
import re

from conftest import ROOT
from rich.table import Table

from tools import terminal
from tools.compare import progress

STRANGE = "Fixed #1 -- [/x] [yes/no] [bold]a[/bold] :bug: \\[b]"


def test_text_is_shown_letter_by_letter() -> None:
    console = terminal.console(file=io.StringIO(), width=300)
    table = Table(f"heading {STRANGE}", title=f"title {STRANGE}")
    table.add_row(f"cell {STRANGE}")
    console.print(f"line {STRANGE}")
    console.print(table)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert [word for word in ("line", "heading", "title", "cell") if f"{word} {STRANGE}" not in shown] == []


def test_a_bar_is_named_letter_by_letter() -> None:
    with progress() as bar:
        bar.console.file = io.StringIO()
        bar.console.width = 300
        bar.add_task(STRANGE)
        bar.console.print(bar.get_renderable())
        shown = bar.console.file.getvalue()
    assert STRANGE in shown


def test_no_other_console_is_made() -> None:
    """Of rich's own, each reads markup unless it is told not to."""
    sources = {path: path.read_text() for path in (ROOT / "tools").rglob("*.py") if "vendor" not in path.parts}
    makers = [path.name for path, source in sources.items() if re.search(r"\bConsole\(", source)]
    assert makers == ["terminal.py"]
    for source in sources.values():
        assert not re.search(r"from_markup|rich\.markup|import print\b|from rich import (?!filesize)", source)
        assert all("markup=False" in column for column in re.findall(r"TextColumn\(.*?\)", source))


def test_what_could_steer_a_terminal_is_not_printed() -> None:
    assert terminal.printable("a\x1b[2Jb\u202ec\u2028") == "a?[2Jb?c?"
