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


def copied_package(folder: Path) -> None:
    """Copy the package; compiled code and the times of files come along, so that they still fit."""
    shutil.copytree(ROOT / "src" / "spikestack", folder / "spikestack")


def add_file_of(page: Path, folder: Path) -> None:
    """Put the file that a page shows where its title says."""
    (block,) = [b for b in blocks_of(page.read_text()) if b.title]
    target = folder / block.title.removeprefix("src/")
    assert target.parent.is_dir() and not target.exists()
    target.write_text(block.code)


def code_of(page: Path) -> str:
    """What the page does with its file."""
    blocks = blocks_of(page.read_text())
    return "".join(b.code for b in blocks if b.language == "python" and not b.title)


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
