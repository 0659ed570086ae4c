"""Where networks come from: a Python file of the user's, or a file that Spikestack saved."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import stat
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from ..errors import FileFormatError, SpikestackError, ValidationError, shorten
from .output import one_line

if TYPE_CHECKING:
    from ..network import Network

__all__ = ["kind_of", "load_network"]

MODULE = "__network__"
ZIP_MAGIC = b"PK"


class UserCodeError(SpikestackError):
    """The user's Python file raised an exception; the message names file and line."""


class _Script(SourceFileLoader):
    """Loads a file as it is now, without reading or leaving byte code beside it."""

    def get_code(self, fullname: str) -> CodeType | None:
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def kind_of(path: Path) -> str:
    """What a file holds, by its content: ``"python"``, or the kind of a saved file.

    Parameters
    ----------
    path
        The file; it is not executed here.

    Returns
    -------
    str
        ``"python"`` for a file named ``*.py`` that is no archive, the kind that a saved file
        states, ``"recording"`` for a folder that a run recorded to, or ``"network"`` for all else,
        so that loading it says what is wrong with it.
    """
    from ..recording.columns import is_column_folder

    if is_column_folder(path):
        return "recording"
    regular = path.exists() and stat.S_ISREG(os.stat(path).st_mode)
    if regular:
        with open(path, "rb") as stream:
            if stream.read(2) == ZIP_MAGIC:
                return _stated_kind(path)
    if path.suffix.lower() in (".py", ".pyw"):
        return "python"
    if regular:
        raise FileFormatError(
            f"{str(path)!r}: is damaged or not a Spikestack file; give a file saved by Spikestack, "
            "or a Python file whose name ends in .py"
        )
    return "network"


def _stated_kind(path: Path) -> str:
    from ..storage import HEADER, LONGEST_HEADER

    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(HEADER)
            fits = entry.file_size <= min(LONGEST_HEADER, os.stat(path).st_size)
            if not fits or entry.compress_type != zipfile.ZIP_STORED:
                return "network"
            kind = json.loads(archive.read(entry))["kind"]
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, zipfile.BadZipFile):
        return "network"
    return kind if isinstance(kind, str) else "network"


def load_network(path: Path, seed: int | None = None) -> Network:
    """Read or make the network that a file describes.

    Parameters
    ----------
    path
        A file saved by ``net.save``, or a Python file, which is executed.
    seed
        Takes the place of the network's own seed.

    Raises
    ------
    FileFormatError
        If a saved file is damaged or holds something else.
    UserCodeError
        If the Python file raises an exception.
    ValidationError
        If the Python file defines no network.
    """
    from ..network import Network

    seed = None if seed is None else Network(seed).seed
    kind = kind_of(path)
    if kind == "python":
        return _from_python(path, seed)
    if kind in ("recording", "state"):
        raise FileFormatError(
            f"{str(path)!r}: holds a {kind}, not a network; show it with 'spikestack inspect'"
        )
    from ..files import load

    network = load(path)
    network.seed = network.seed if seed is None else seed
    return network


def _from_python(path: Path, seed: int | None) -> Network:
    from ..network import Network

    loader = _Script(MODULE, str(path))
    spec = spec_from_loader(MODULE, loader)
    assert spec is not None
    module = module_from_spec(spec)
    with _as_a_script(path), _user_errors(path):
        sys.modules[MODULE] = module
        loader.exec_module(module)
        found, has_seed = _defined(vars(module), path, seed)
    if not isinstance(found, Network):
        raise ValidationError(
            f"{str(path)!r}",
            f"network() returned {shorten(found)}",
            "a spikestack.Network",
        )
    if seed is not None and not has_seed:
        found.seed = seed
    return found


def _defined(names: dict[str, Any], path: Path, seed: int | None) -> tuple[Any, bool]:
    """The network that a module defines, and whether it was made with the seed asked for."""
    from ..network import Network

    for name in ("net", "network"):
        if isinstance(names.get(name), Network):
            return names[name], False
    make = names.get("network")
    if inspect.isfunction(make):
        return _made(make, path, seed)
    problem = "defines no network"
    if "net" in names:
        problem += f" (net is {shorten(names['net'])})"
    raise ValidationError(
        f"{str(path)!r}",
        problem,
        "a variable net, or a function network(seed=...) that returns one",
    )


def _made(make: Callable[..., Any], path: Path, seed: int | None) -> tuple[Any, bool]:
    parameters = inspect.signature(make).parameters.values()
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if set(needed) - {"seed"}:
        raise ValidationError(
            f"{str(path)!r}",
            f"network() needs {', '.join(needed)}",
            "no arguments, or seed alone",
        )
    if any(p.name == "seed" for p in parameters) and (seed is not None or needed):
        return make(seed=seed or 0), True
    return make(), False


@contextlib.contextmanager
def _as_a_script(path: Path) -> Iterator[None]:
    """Give the file what a script expects: its folder to import from, and its own arguments."""
    search, arguments = list(sys.path), list(sys.argv)
    sys.path.insert(0, str(path.resolve().parent))
    sys.argv[:] = [str(path)]
    try:
        yield
    finally:
        sys.path[:], sys.argv[:] = search, arguments


@contextlib.contextmanager
def _user_errors(path: Path) -> Iterator[None]:
    """Turn what the user's code raises into one line with file and line number."""
    try:
        yield
    except (Exception, SystemExit) as error:
        if isinstance(error, OSError | ValidationError) and _line_in(path, error) is None:
            raise
        raise UserCodeError(_account(path, error)) from error


def _account(path: Path, error: BaseException) -> str:
    line = _line_in(path, error)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError):
        what = f"{type(error).__name__}: {error.msg}"
    elif isinstance(error, SpikestackError):
        what = str(error)
    elif isinstance(error, SystemExit):
        what = "the file ends the process itself; put that under if __name__ == '__main__':"
    place = f"{path}, line {line}" if line is not None else str(path)
    if isinstance(error, SyntaxError) and error.filename not in (None, str(path)):
        place = f"{error.filename}, line {error.lineno}"
    return one_line(f"{place}: {what}")


def _line_in(path: Path, error: BaseException) -> int | None:
    """The last line of the user's file that led to `error`."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
