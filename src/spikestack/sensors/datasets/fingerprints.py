"""What a transform is, as plain data: the same text for the same work, in every process.

Nothing is executed, and nothing is stored but names, numbers and digests.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import types
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ..events import Events

__all__ = ["content_of", "describe", "digest_of", "package_digest"]

_DEEPEST = 12
_PACKAGE = "spikestack.sensors"
#: Bases of Python's own that hold nothing.
_BASES = ("abc", "collections.abc", "enum", "typing")
_REMEDY = (
    "use an object with parameters (sp.VoxelGrid(5)), its method (ear.hear), a function defined "
    "with def at the top of a file, or functools.partial of these"
)


def digest_of(*described: Any) -> str:
    """SHA-256 of plain data."""
    text = json.dumps(described, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def describe(value: Any, where: str = "transform", depth: int = 0) -> Any:
    """A transform, or what it consists of, as plain data.

    Objects are described by their class, the digest of the files that define it, and all their
    attributes; functions by their name, their code and the digest of their file. So another
    parameter, or another line in the file, is another description. What a function calls in other
    files of yours is not seen.

    Raises
    ------
    ValidationError
        For a lambda, a function within a function, or what holds one, an open file, a generator of
        random numbers or the like: nothing tells whether two of them do the same.
    """
    if depth > _DEEPEST:
        raise ValidationError(where, "holds itself, or too much within it", "", _REMEDY)
    if value is None or isinstance(value, bool | int | float | str):
        return [type(value).__name__, repr(value)]
    if isinstance(value, bytes):
        return ["bytes", hashlib.sha256(value).hexdigest()]
    if isinstance(value, np.ndarray | np.generic):
        return _of_array(np.asarray(value), where)
    if isinstance(value, Mapping):
        pairs = [(describe(k, where, depth + 1), describe(v, f"{where}[{shorten(k)}]", depth + 1))
                 for k, v in value.items()]  # fmt: skip
        return ["mapping", sorted(pairs, key=repr)]
    if isinstance(value, list | tuple):
        parts = [describe(v, f"{where}[{k}]", depth + 1) for k, v in enumerate(value)]
        return [type(value).__name__, parts]
    if isinstance(value, functools.partial):
        bound = (value.func, value.args, value.keywords)
        return ["partial", [describe(part, where, depth + 1) for part in bound]]
    if isinstance(value, type):
        return ["class", _of_class(value, where)]
    if isinstance(value, types.MethodType):
        return ["method", value.__name__, describe(value.__self__, where, depth + 1)]
    if isinstance(value, types.FunctionType):
        return _of_function(value, where)
    if isinstance(value, np.ufunc):
        return ["ufunc", value.__name__, np.__version__]
    return _of_instance(value, where, depth)


def content_of(items: Sequence[Any]) -> str:
    """A digest of what items hold: events and arrays; empty if they are something else."""
    found = []
    for item in items:
        if isinstance(item, Events):
            columns = [getattr(item, name) for name in item.columns]
            about = [type(item).__name__, item._geometry()]
        else:
            columns, about = [np.asarray(item)], []
        if any(column.dtype.hasobject for column in columns):
            return ""
        found.append([about, [_of_array(column, "item") for column in columns]])
    return f"items {digest_of(found)}"


def _of_array(array: np.ndarray, where: str) -> Any:
    if array.dtype.hasobject:
        raise ValidationError(where, "is an array of objects", "numbers", _REMEDY)
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return ["array", array.dtype.str, list(array.shape), digest]


def _of_function(value: types.FunctionType, where: str) -> Any:
    if value.__name__ == "<lambda>":
        raise ValidationError(
            where, "is a lambda, which nothing tells from another", "a named transform", _REMEDY
        )
    if "<locals>" in value.__qualname__:
        raise ValidationError(
            where, f"{value.__qualname__!r} is defined within a function, which may give it "
            "different values each time", "a function at the top of a file", _REMEDY,
        )  # fmt: skip
    file = _file_digest(value.__module__, where)
    return ["function", value.__module__, value.__qualname__, file, _code_digest(value.__code__)]


def _of_class(value: type, where: str) -> Any:
    found = []
    for one in value.__mro__[:-1]:
        file = _file_digest(one.__module__, where)
        # The file may have changed since it was loaded; what runs is the code in memory.
        parts = [getattr(part, "__func__", part) for part in vars(one).values()]
        codes = [p.__code__ for p in parts if isinstance(p, types.FunctionType)]
        found.append([one.__module__, one.__qualname__, file, [_code_digest(c) for c in codes]])
    return found


def _code_digest(code: types.CodeType) -> str:
    digest = hashlib.sha256(sys.version.encode() + code.co_code)
    for part in (*code.co_consts, code.co_names, code.co_varnames):
        if isinstance(part, types.CodeType):
            digest.update(_code_digest(part).encode())
        elif isinstance(part, frozenset):
            digest.update(repr(sorted(map(repr, part))).encode())
        else:
            digest.update(repr(part).encode())
    return digest.hexdigest()


def _of_instance(value: Any, where: str, depth: int) -> Any:
    kind = type(value)
    slots = [s for one in kind.__mro__ for s in _slots(one)]
    if not hasattr(value, "__dict__") and not slots:
        raise ValidationError(where, f"got {shorten(value)}", "plain parameters", _REMEDY)
    held = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    held |= getattr(value, "__dict__", {})
    parts = {n: describe(v, f"{where}.{n}", depth + 1) for n, v in sorted(held.items())}
    return ["object", _of_class(kind, where), parts]


def _slots(kind: type) -> list[str]:
    named = kind.__dict__.get("__slots__", ())
    names = [named] if isinstance(named, str) else list(named)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _file_digest(module: str, where: str) -> str:
    """Of the file that a module is in; of all files of this package for those of its own."""
    if module == _PACKAGE or module.startswith(f"{_PACKAGE}."):
        return package_digest()
    if module in _BASES:
        return sys.version
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file or not file.endswith(".py"):
        raise ValidationError(
            where, f"is defined in {module!r}, which has no readable file", "a file", _REMEDY
        )
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise ValidationError(where, f"its file cannot be read: {error}", "", _REMEDY) from error


@cache
def package_digest() -> str:
    """Of all sources that samples and their transforms may depend on."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for folder in ("numerics", "sensors"):
        for path in sorted((root / folder).rglob("*.py")):
            data = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return digest.hexdigest()
