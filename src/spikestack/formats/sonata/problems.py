"""What cannot be read or written, collected, so that one error names all of it."""

from __future__ import annotations

from ...errors import ValidationError

__all__ = ["Problems"]

_MOST = 20


class Problems:
    """A list of what is wrong.

    Parameters
    ----------
    where
        What is being read or written, for the message.
    rule
        What is allowed.
    """

    def __init__(self, where: str, rule: str) -> None:
        self.where, self.rule = where, rule
        self.found: dict[str, None] = {}

    def add(self, problem: str) -> None:
        """Note a problem; the same one twice counts once."""
        self.found.setdefault(problem)

    def check(self) -> None:
        """Raise ValidationError, with all that was noted, if anything was."""
        if not self.found:
            return
        named = list(self.found)
        more = f"; and {len(named) - _MOST} more" if len(named) > _MOST else ""
        raise ValidationError(self.where, "; ".join(named[:_MOST]) + more, self.rule)
