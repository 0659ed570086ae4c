"""Other simulators, each in an environment and a process of its own, on the same networks."""

from __future__ import annotations

from .catalogue import OURS, PEERS, Peer
from .description import describe
from .environment import check_compiler, interpreter_of
from .process import HERE, check_room, measured

__all__ = [
    "HERE",
    "OURS",
    "PEERS",
    "Peer",
    "check_compiler",
    "check_room",
    "describe",
    "interpreter_of",
    "measured",
]
