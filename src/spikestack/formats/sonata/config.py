"""Configuration files: JSON, variables of the manifest, and paths that stay in their folder."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from ...errors import FileFormatError, UnknownNameError, ValidationError, shorten

__all__ = ["Config", "load_json"]

_LARGEST, _LONGEST, _DEEPEST = 1 << 28, 4096, 20
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
#: The variable that is the folder of the configuration file, where the manifest does not set it.
_FOLDER = "configdir"


def load_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    FileNotFoundError
        If there is none.
    FileFormatError
        If it is no JSON, names a key twice, or is larger than 256 MB.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise FileFormatError(f"{path}: larger than {_LARGEST >> 20} MB, which no JSON here is")
        text = path.read_text(encoding="utf-8-sig")
        return json.loads(text, object_pairs_hook=_without_twins)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{path}: is no JSON: {str(error)[:200]}") from None


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shorten(twin)} stands there twice")
    return found


class Config:
    """A configuration file with its variables replaced.

    Parameters
    ----------
    path
        The file.
    root
        The folder that nothing it names may lie outside of; the file's own by default.
    manifest
        Variables that take the place of those of the file, as ``{"$BASE_DIR": folder}``.

    Attributes
    ----------
    data
        What it says.
    """

    def __init__(
        self, path: str | Path, root: str | Path | None, manifest: Mapping[str, Any] | None
    ) -> None:
        self.path = Path(path)
        self.folder = Path(os.path.realpath(self.path)).parent
        self.root = Path(os.path.realpath(root)) if root is not None else self.folder
        data = load_json(self.path)
        if not isinstance(data, dict):
            self.refuse(f"holds {shorten(data)}", "an object of named sections")
        variables = {**self.section(data, "manifest"), **(manifest or {})}
        self._variables = self._resolved(variables)
        self.data: dict[str, Any] = self._replaced(data, 0)

    def section(self, data: Mapping[str, Any], name: str) -> dict[str, Any]:
        """A part that is an object; empty if there is none."""
        found = data.get(name)
        if found is None:
            return {}
        if not isinstance(found, dict):
            self.refuse(f"{name!r} is {shorten(found)}", "an object")
        return found

    def refuse(self, problem: str, rule: str) -> NoReturn:
        """Raise FileFormatError."""
        raise FileFormatError(f"{self.path}: {problem}; {rule} is needed")

    def file(self, named: Any, what: str) -> Path:
        """The path that the file means, checked to lie in `root`.

        Parameters
        ----------
        named
            As in the file; relative to the file's folder.
        what
            What it is, for messages.

        Raises
        ------
        FileFormatError
            If it is no text.
        ValidationError
            If it leads out of `root`.
        FileNotFoundError
            If there is nothing.
        """
        if not isinstance(named, str) or not named or "\0" in named:
            self.refuse(f"{what} is {shorten(named)}", "a path")
        found = Path(os.path.realpath(self.folder / named))
        if not found.is_relative_to(self.root):
            raise ValidationError(
                f"{self.path}, {what}",
                f"{named!r} leads out of the folder {str(self.root)!r}",
                "files in it",
                "read(..., root=...) names a folder that holds all files, if you trust them",
            )
        if not found.exists():
            raise FileNotFoundError(2, f"{what} of {self.path} is not there", str(found))
        return found

    def _resolved(self, given: Mapping[str, Any]) -> dict[str, str]:
        """The manifest with variables in its values replaced."""
        raw = {_FOLDER: str(self.folder)}
        for name, value in given.items():
            if not isinstance(value, str | os.PathLike):
                self.refuse(f"manifest: {name!r} is {shorten(value)}", "a text")
            raw[name.removeprefix("$").strip("{}")] = os.fspath(value)  # type: ignore[assignment]
        done: dict[str, str] = {}
        for name in raw:
            self._resolve(name, raw, done, ())
        return done

    def _resolve(
        self, name: str, raw: Mapping[str, str], done: dict[str, str], above: tuple[str, ...]
    ) -> str:
        if name in done:
            return done[name]
        if name in above:
            circle = " -> ".join(f"${n}" for n in (*above[above.index(name) :], name))
            raise ValidationError(
                f"{self.path}, manifest", f"goes round in a circle: {circle}", "no circles"
            )
        if name not in raw:
            raise UnknownNameError(f"{self.path}, manifest", f"${name}", [f"${n}" for n in raw])

        def value_of(match: re.Match[str]) -> str:
            return self._resolve(match[1] or match[2], raw, done, (*above, name))

        done[name] = self._bounded(_VARIABLE.sub(value_of, raw[name]))
        return done[name]

    def _replaced(self, value: Any, depth: int) -> Any:
        """`value` with the variables in all of its texts replaced."""
        if depth > _DEEPEST:
            self.refuse(f"is nested more than {_DEEPEST} deep", "less")
        if isinstance(value, dict):
            return {
                k: v if depth == 0 and k == "manifest" else self._replaced(v, depth + 1)
                for k, v in value.items()
            }
        if isinstance(value, list):
            return [self._replaced(item, depth + 1) for item in value]
        if isinstance(value, str) and "$" in value:
            return self._bounded(_VARIABLE.sub(self._value_of, value))
        return value

    def _value_of(self, match: re.Match[str]) -> str:
        return self._resolve(match[1] or match[2], {}, self._variables, ())

    def _bounded(self, text: str) -> str:
        if len(text) > _LONGEST:
            self.refuse(f"a path of {len(text)} characters", f"at most {_LONGEST}")
        return text
