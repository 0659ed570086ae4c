"""Chips by what users call them."""

from __future__ import annotations

from pathlib import Path

from ..errors import UnknownNameError
from . import all_chips
from .chip import Chip

__all__ = ["chip_named", "chips_named"]


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def chip_named(name: str) -> Chip:
    """A chip of the catalogue, whatever its case and hyphens, or of a file ``*.toml``.

    Raises
    ------
    UnknownNameError
        If there is none; the nearest names are told.
    """
    if name.lower().endswith(".toml"):
        from .user_files import from_file

        return from_file(Path(name))
    known = {_plain(n): kind for n, kind in all_chips().items()}
    if _plain(name) not in known:
        raise UnknownNameError("chips", name, list(all_chips()))
    return known[_plain(name)]()


def chips_named(names: str) -> list[Chip]:
    """Chips by names with commas between them, or ``"all"`` that the catalogue has."""
    if _plain(names) == "all":
        return [kind() for kind in all_chips().values() if kind.complete and kind.compared]
    return [chip_named(name.strip()) for name in names.split(",") if name.strip()]
