"""Environments of the peers: made once, in the user's cache, and only when asked for."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from ...engines.cpu.cache import cache_folder
from ...errors import EngineError
from .catalogue import Peer
from .process import last_words, run_group

__all__ = ["check_compiler", "interpreter_of"]

#: Written when an environment is complete, and holding what it was made from.
MARKER = "complete"
COMPILERS = ("g++", "c++", "clang++")


def check_compiler(peer: Peer) -> None:
    """Raise EngineError if `peer` needs a compiler and there is none."""
    if not peer.compiler or os.name == "nt":
        return
    compilers = (os.environ.get("CXX"), *COMPILERS)
    if not any(shutil.which(name) for name in compilers if name) or not shutil.which("make"):
        raise EngineError(
            "compiles its networks, and there is no C++ compiler or no make on PATH; "
            f"install {COMPILERS[0]} and make, or leave {peer.name} out of --against"
        )


def interpreter_of(peer: Peer, tell: Callable[[str], None]) -> Path:
    """The Python of the peer's environment, which is made first if there is none.

    Parameters
    ----------
    peer
        Whose environment.
    tell
        Is told before anything is installed.

    Raises
    ------
    EngineError
        If it cannot be installed here.
    """
    folder = cache_folder() / "peers" / peer.name
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    with _alone(folder.with_name(f"{peer.name}.lock")):
        if not _is_complete(folder, peer):
            tell(f"installing {peer.title} ({', '.join(peer.requirements)}) into {folder} ...")
            try:
                _make(folder, peer)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    return _python(folder)


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _is_complete(folder: Path, peer: Peer) -> bool:
    try:
        return (folder / MARKER).read_text() == _contents(peer) and _python(folder).exists()
    except OSError:
        return False


def _contents(peer: Peer) -> str:
    return "\n".join([*peer.requirements, sys.version])


def _make(folder: Path, peer: Peer) -> None:
    """Make the environment; the marker comes last, so that a part of one never counts."""
    if folder.exists():
        shutil.rmtree(folder)
    python = str(_python(folder))
    quiet = ("--quiet", "--no-input", "--disable-pip-version-check")
    steps = (
        [sys.executable, "-m", "venv", str(folder)],
        [python, "-I", "-m", "pip", "install", *quiet, *peer.requirements],
        [python, "-I", "-c", f"import {peer.module}"],
    )
    for command in steps:
        code, _, errors = run_group(command)
        if code:
            raise EngineError(
                f"cannot install {', '.join(peer.requirements)}: "
                f"{last_words(errors, code)}; install it yourself and pass "
                f"--peer-python {peer.name}=PYTHON"
            )
    (folder / MARKER).write_text(_contents(peer))


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from making the same environment meanwhile."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
