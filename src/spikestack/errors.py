"""Every exception that Spikestack raises on purpose, as a tree.

::

    SpikestackError
     ├─ ValidationError (ValueError)      a description that cannot be meant
     │   ├─ UnitError                     a quantity in a unit that does not fit
     │   ├─ EquationError                 an equation that does not parse or does not balance
     │   └─ UnknownNameError (KeyError)   a name that nothing bears
     ├─ MemoryLimitError (MemoryError)    a network larger than the memory there is
     ├─ FileFormatError (ValueError)      a file that is damaged or of another kind
     ├─ MissingExtraError (ImportError)   an optional part that is not installed
     └─ EngineError (RuntimeError)        a run that could not go on
         └─ NumericalError                a state that is no longer a number

and of what is not an error: `AliasHint` (UserWarning), a name of another tool that was understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "AliasHint",
    "EngineError",
    "EquationError",
    "FileFormatError",
    "MemoryLimitError",
    "MissingExtraError",
    "NumericalError",
    "SpikestackError",
    "UnitError",
    "UnknownNameError",
    "ValidationError",
]


class SpikestackError(Exception):
    """The base of all of them."""


class ValidationError(SpikestackError, ValueError):
    """A description that cannot be meant.

    Parameters
    ----------
    where
        The object and attribute at fault, such as ``"Population 'exc'.tau_m"``.
    problem
        What is wrong, with the offending value.
    rule
        What is allowed.
    remedy
        What to do about it.
    """

    def __init__(self, where: str, problem: str, rule: str = "", remedy: str = "") -> None:
        self.where, self.problem, self.rule, self.remedy = where, problem, rule, remedy
        super().__init__("; ".join(part for part in (f"{where}: {problem}", rule, remedy) if part))

    def __str__(self) -> str:
        return str(self.args[0])


class UnitError(ValidationError):
    """A quantity in a unit that does not fit, or a unit nobody knows."""


class EquationError(ValidationError):
    """An equation that does not parse, names the unknown, or does not balance in its units."""


class UnknownNameError(ValidationError, KeyError):
    """A name that nothing bears; the message lists the nearest ones."""

    def __init__(self, where: str, name: object, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(str(name), names, n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else ""
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        rule = f"known: {', '.join(names[:20])}{more}" if names else "nothing is defined here yet"
        super().__init__(where, f"unknown name {shorten(name)}", rule, hint)


class MemoryLimitError(SpikestackError, MemoryError):
    """A network that would not fit; raised before anything is allocated."""


class FileFormatError(SpikestackError, ValueError):
    """A file that is damaged, of another kind, or of a later version."""


class MissingExtraError(SpikestackError, ImportError):
    """An optional part that is not installed; the message names the extra."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs an optional part; run: pip install 'spikestack[{extra}]'"
        )


class EngineError(SpikestackError, RuntimeError):
    """A run that could not go on."""


class NumericalError(EngineError):
    """A state variable that is no longer a finite number."""


class AliasHint(UserWarning):
    """A name of another tool that was understood: what it was read as, and in which unit."""


def shorten(value: object, limit: int = 60) -> str:
    """Show a value in a message: its ``repr``, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
