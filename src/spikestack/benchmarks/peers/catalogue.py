"""The peers that there are, and what each of them needs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OURS", "PEERS", "Peer"]


@dataclass(frozen=True)
class Peer:
    """A simulator that is measured in a process of its own.

    Parameters
    ----------
    name, title
        On the command line, and for people.
    module
        What its interpreter must be able to import.
    requirements
        For pip, pinned.
    compiler
        Whether it needs make and a C++ compiler.
    bytes_per_synapse
        Of memory at its peak, building included, as measured; guards the machine.
    """

    name: str
    title: str
    module: str
    requirements: tuple[str, ...] = ()
    compiler: bool = False
    bytes_per_synapse: int = 0

    @property
    def script(self) -> str:
        """The file beside this one that the interpreter runs."""
        return f"run_{self.name}.py"


#: Ourselves, treated as a peer so that all are measured alike.
OURS = Peer("spikestack", "Spikestack", "spikestack")
PEERS = {
    peer.name: peer
    for peer in (
        Peer("nest", "NEST", "nest", ("nest-simulator==3.10.*",), bytes_per_synapse=64),
        Peer(
            "brian2",
            "Brian2",
            "brian2",
            ("brian2==2.9.*", "numpy<2.3"),
            compiler=True,
            bytes_per_synapse=150,
        ),
    )
}
