"""One measurement in a process of its own: a request on stdin, a row in the last line of stdout."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import EngineError, MemoryLimitError, shorten
from ...program.memory import available_memory
from .catalogue import Peer

__all__ = ["HERE", "check_room", "last_words", "measured", "run_group"]

#: Where the scripts are.
HERE = Path(__file__).parent
#: What every row must hold, besides rates.
TEXTS = ("version", "precision")
NUMBERS = ("build_s", "wall_s_per_s", "cpu_s_per_s", "peak_bytes", "neurons", "synapses")


def measured(command: Sequence[str], request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a command with a request on its stdin and return the row that it prints.

    Raises
    ------
    EngineError
        If it fails, says that it cannot do it, or prints no row.
    """
    with tempfile.TemporaryDirectory(prefix="spikestack-bench-") as folder:
        text = json.dumps({**request, "folder": folder})
        code, output, errors = run_group(command, text, {"TMPDIR": folder})
    if code:
        raise EngineError(f"failed: {last_words(errors, code)}")
    row = _row_in(output)
    if "unavailable" in row:
        raise EngineError(str(row["unavailable"]))
    if not _is_row(row):
        raise EngineError(f"printed no row of measurements, but {shorten(output[-50:])}")
    return row


def _is_row(row: Mapping[str, Any]) -> bool:
    """Whether all is there that is shown; what a tool cannot know is None."""
    rates = row.get("rates")
    return (
        isinstance(rates, dict)
        and all(isinstance(rate, int | float) for rate in rates.values())
        and all(isinstance(row.get(name), str) for name in TEXTS)
        and all(isinstance(row.get(name, ""), int | float | None) for name in NUMBERS)
        and row["wall_s_per_s"] is not None
    )


def check_room(peer: Peer, edges: float) -> None:
    """Raise MemoryLimitError if so many synapses do not fit."""
    need, there = int(edges * peer.bytes_per_synapse), available_memory()
    if need > there:
        raise MemoryLimitError(
            f"needs about {need:,} bytes for {edges:,.0f} synapses; {there:,} bytes "
            "are available; use a larger machine or a smaller network"
        )


def run_group(
    command: Sequence[str], text: str = "", extra: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Run a command as a group of processes that ends with us: its code, stdout and stderr."""
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, **(extra or {})},
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(f"cannot start {command[0]!r}: {error.strerror}") from error
    with child:
        try:
            output, errors = child.communicate(text)
        except BaseException:
            _kill(child)
            raise
    return child.returncode, output, errors


def _kill(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()


def last_words(errors: str, code: int) -> str:
    """The last line that a process wrote on stderr, or else how it ended."""
    if -code == getattr(signal, "SIGKILL", 9):
        return "it was killed, most likely for want of memory"
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR: ") if lines else f"it ended with code {code}"


def _row_in(output: str) -> dict[str, Any]:
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                return dict(json.loads(line))
    return {}
