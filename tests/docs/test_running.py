"""Code on pages runs and prints what the pages say; the check itself notices when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikestack.docs.running import blocks_of, missing, run_page
from spikestack.errors import ValidationError

from .helpers import PAGES, ROOT

RUN = [page for page in PAGES if page.parent.name in ("tutorials", "concepts")]


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_page(page: Path) -> None:
    """From top to bottom in an empty folder; what it draws is among the committed figures."""
    if package := missing(page.read_text()):
        pytest.skip(f"{package} is not installed")
    outcome = run_page(page)
    assert not outcome.differences, "\n".join(outcome.differences)
    for name in outcome.files:
        assert (page.parent / name).exists(), f"{page.name} draws {name}, which is not committed"


def test_blocks() -> None:
    """Language, title, place, and whether a block stands right after another."""
    page = 'a\n\n```python\nx = 1\n```\n\n```text\n1\n```\nwords\n```python title="f.py"\ny\n```\n'
    first, second, third = blocks_of(page)
    assert (first.line, first.language, first.code, first.title) == (2, "python", "x = 1\n", "")
    assert second.follows and not first.follows and not third.follows
    assert third.title == "f.py"
    with pytest.raises(ValidationError, match="does not end"):
        blocks_of("```python\n")


def test_a_wrong_output_is_noticed(tmp_path: Path) -> None:
    """Also one that is printed but not shown."""
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(2)\n```\n```text\n3\n```\n```python\nprint(4)\n```\n")
    wrong, hidden = run_page(page).differences
    assert "line 1" in wrong and "2" in wrong and "line 7" in hidden


def test_a_failure_names_the_line_of_the_page(tmp_path: Path) -> None:
    """The traceback's line is the page's."""
    page = tmp_path / "page.md"
    page.write_text("words\n\n```python\nx = 1\n\nx = nothing\n```\n")
    with pytest.raises(ValidationError, match=r'page.py", line 6'):
        run_page(page)


def test_needs() -> None:
    """A page may need a package that is not there."""
    assert missing("---\nneeds: no_such_package\n---\n# Page\n") == "no_such_package"
    assert missing("---\nneeds: numpy\n---\n") == "" == missing("# Page\n")
    assert missing((ROOT / "docs/tutorials/closed_loop.md").read_text()) in ("", "gymnasium")
