"""Pages of docs/, and copies of the package with the files that pages tell to add."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from spikestack.docs.running import blocks_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def package_with(page: Path, folder: Path) -> str:
    """Copy the package to `folder`, add the file of a page, and return the page's other code.

    Compiled code and the times of files come along, so that nothing is compiled again.
    """
    shutil.copytree(ROOT / "src" / "spikestack", folder / "spikestack")
    blocks = [b for b in blocks_of(page.read_text()) if b.language == "python"]
    files = [b for b in blocks if b.title]
    assert len(files) == 1, f"{page.name}: one file, not {len(files)}"
    target = folder / files[0].title.removeprefix("src/")
    assert target.parent.is_dir() and not target.exists()
    target.write_text(files[0].code)
    return "".join(b.code for b in blocks if not b.title)


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the package in `folder`, and no other, to be imported."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
