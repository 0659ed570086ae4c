"""What models, devices and functions of other tools are called here."""

from __future__ import annotations

from .tables import tables

__all__ = ["named", "pointer"]


def named(name: str) -> dict[str, str]:
    """What a name of other tools is here, in words, by tool.

    Parameters
    ----------
    name
        As the tool writes it: ``"iaf_psc_exp"``, ``"NeuronGroup"``.

    Returns
    -------
    dict of str to str
        ``{"NEST": "LIF with ExponentialCurrent synapses"}``; empty for a name nobody has.
    """
    return {table.tool: table.models[name] for table in tables() if name in table.models}


def pointer(name: str) -> str:
    """A sentence for messages, "" for a name nobody has."""
    found = named(name)
    return "; ".join(f"{tool}'s {name} is {what}" for tool, what in found.items())
