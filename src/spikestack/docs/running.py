"""Pages whose code runs: the site shows what it printed and drew, and the tests hold it to that.

The ``python`` blocks of a page are one script, executed in order in an empty folder. A ``text``
block right after one is what it prints. A block with a title, ``python title="src/..."``, is a
file and is not executed. A first line ``needs: NAME`` between dashes names an optional package.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .. import __file__ as package_file
from ..errors import ValidationError

__all__ = ["Block", "Outcome", "blocks_of", "missing", "run_page"]

_FENCE = re.compile(r"^```(\w*)(.*)$")
_NEEDS = re.compile(r"\A---\nneeds: (\w+)\n---\n")
_MARK = "\x1d"
_TIMEOUT = 300.0


@dataclass(frozen=True)
class Block:
    """One fenced block: the line of its fence (from 0), language, title, and code."""

    line: int
    language: str
    title: str
    code: str
    follows: bool


@dataclass(frozen=True)
class Outcome:
    """What a page's script did: differences to what the page says, and the files it wrote."""

    differences: list[str]
    files: dict[str, bytes]


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines = page.splitlines()
    number, last_end = 0, -9
    while number < len(lines):
        match = _FENCE.match(lines[number])
        if not match:
            number += 1
            continue
        end = next((n for n in range(number + 1, len(lines)) if lines[n].startswith("```")), None)
        if end is None:
            raise ValidationError(f"line {number + 1}", "a block that does not end", "three ticks")
        title = re.search(r'title="([^"]*)"', match[2])
        code = "\n".join(lines[number + 1 : end]) + "\n"
        only_blank = not any(line.strip() for line in lines[last_end + 1 : number])
        follows = bool(found) and only_blank
        found.append(Block(number, match[1], title[1] if title else "", code, follows))
        number, last_end = end + 1, end
    return found


def missing(page: str) -> str:
    """The optional package that the page needs and this environment lacks; else empty."""
    match = _NEEDS.match(page)
    return match[1] if match and importlib.util.find_spec(match[1]) is None else ""


def run_page(path: Path) -> Outcome:
    """Execute the code of a page in an empty folder and compare what it prints.

    Raises
    ------
    ValidationError
        If the script fails; the message ends with its traceback, whose lines are the page's.
    """
    blocks = blocks_of(path.read_text())
    code = [b for b in blocks if b.language == "python" and not b.title]
    source = Path(package_file).parents[1]
    paths = [str(source), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory() as folder:
        # Under another name than the page's, which may be that of a package it imports.
        script = Path(folder) / f"code_of_{path.stem}.py"
        script.write_text(_script(code))
        done = subprocess.run(
            [sys.executable, script.name],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": "Agg"},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if done.returncode:
            raise ValidationError(path.name, f"its code fails:\n{done.stderr}", "code that runs")
        script.unlink()
        files = {f.name: f.read_bytes() for f in sorted(Path(folder).iterdir()) if f.is_file()}
    return Outcome(_differences(path.name, blocks, code, done.stdout), files)


def _script(code: list[Block]) -> str:
    """The blocks at the lines that they have in the page, with a mark before each one's output."""
    lines: list[str] = []
    for block in code:
        lines += [""] * (block.line - len(lines))
        lines += [f"print(end={_MARK!r}, flush=True)", *block.code.splitlines()]
    return "\n".join(lines) + "\n"


def _differences(name: str, blocks: list[Block], code: list[Block], printed: str) -> list[str]:
    outputs = dict(zip((block.line for block in code), printed.split(_MARK)[1:]))
    found = []
    for block, after in zip(blocks, [*blocks[1:], None]):
        if block.line not in outputs:
            continue
        told = after.code if after and after.follows and after.language == "text" else ""
        if told.strip() != outputs[block.line].strip():
            found.append(
                f"{name}, line {block.line + 1}: prints\n{outputs[block.line]}\nbut shows\n{told}"
            )
    return found
