"""Loading what was saved."""

from __future__ import annotations

from pathlib import Path

from .network.files import load_network
from .network.network import Network

__all__ = ["load"]


def load(path: str | Path) -> Network:
    """Read a network that ``net.save(path)`` wrote.

    Raises
    ------
    FileFormatError
        If the file is damaged, of another kind, or describes an impossible network.
    """
    return load_network(path)
