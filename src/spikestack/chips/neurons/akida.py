"""Layers of Akida 1.0 as neurons without memory, in whole numbers."""

from __future__ import annotations

from functools import cache

from ...equations.model import Parameter
from ...neurons.base import NeuronModel

__all__ = ["MOST_PLACES", "AkidaNeuron", "AkidaPooled", "AkidaPotential", "padded", "pooled"]

_SOURCE = "akida 2.19.3, found out from what it computes; kernels.akida"
#: Potentials that a neuron may take the greatest of.
MOST_PLACES = 9


class AkidaNeuron(NeuronModel):
    """A potential, and the number from 0 to `most` that is sent of it.

    `most` is 1, 3 or 15, for activations of 1, 2 or 4 bits. `width` is the activation step in
    sixteenths of a unit, times 2^(4 - bits): the potential that is worth one more.
    """

    equations = "v[t+1] = 0 : 1"
    threshold = "v > theta"
    emit = "where(most > 1, clip(-floor((theta - v)/width), 0, most), 1)"
    emit_type = "int"
    emit_limit = 15.0
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = _SOURCE

    theta = Parameter(0.0, "1", meaning="threshold, a whole number")
    width = Parameter(1.0, "1", low=0.0625, meaning="potential for each further level")
    most = Parameter(15.0, "1", low=1, high=15, meaning="greatest number")


class AkidaPooled(AkidaNeuron):
    """The same for the greatest of four potentials: max pooling of two by two.

    Each potential is a place of its own: the main one, ``"b"``, ``"c"``, ``"d"``.
    """

    equations = """
        v[t+1] = 0   : 1
        v_b[t+1] = 0 : 1
        v_c[t+1] = 0 : 1
        v_d[t+1] = 0 : 1
        greatest = max(max(v, v_b), max(v_c, v_d)) : 1
    """
    threshold = "greatest > theta"
    emit = "where(most > 1, clip(-floor((theta - greatest)/width), 0, most), 1)"
    compartments = {"b": ("v_b", "i_b"), "c": ("v_c", "i_c"), "d": ("v_d", "i_d")}  # noqa: RUF012
    source = _SOURCE


class AkidaPotential(NeuronModel):
    """A layer without activation: its potential is what is read."""

    equations = "v[t+1] = 0 : 1"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = _SOURCE


class _PaddedPotential(AkidaPotential):
    """The same with what the padding of an image adds."""

    equations = "v[t+1] = around : 1"
    around = Parameter(0.0, "1", meaning="what the values around an image add")


@cache
def pooled(places: int) -> type[NeuronModel]:
    """The neuron that sends of the greatest of so many potentials, 1 to `MOST_PLACES`.

    Its places are the main one, ``"b"``, ``"c"`` and so on.
    """
    return {1: AkidaNeuron, 4: AkidaPooled}.get(places) or _declared(places, False)


@cache
def padded(places: int) -> type[NeuronModel]:
    """The same, each potential of which begins with ``around``, ``around_b``, ...

    For no place, a potential that is read.
    """
    return _declared(places, True) if places else _PaddedPotential


def _declared(places: int, around: bool) -> type[NeuronModel]:
    names = ["", *"bcdefghi"[: places - 1]]
    rows, greatest = [], "v"
    members: dict[str, object] = {}
    for name in names:
        of = f"_{name}" if name else ""
        rows.append(f"v{of}[t+1] = {f'around{of}' if around else 0} : 1")
        if name:
            greatest = f"max({greatest}, v{of})"
        if around:
            members[f"around{of}"] = Parameter(0.0, "1", meaning="what padding adds")
    if places > 1:
        rows.append(f"greatest = {greatest} : 1")
        members |= {
            "threshold": AkidaPooled.threshold, "emit": AkidaPooled.emit,
            "compartments": {n: (f"v_{n}", f"i_{n}") for n in names[1:]},
        }  # fmt: skip
    members |= {
        "equations": "\n".join(rows), "source": _SOURCE, "__module__": __name__,
        "__doc__": f"Sends of the greatest of {places} potentials.",
    }  # fmt: skip
    return type(f"AkidaPooled{places}{'Padded' if around else ''}", (AkidaNeuron,), members)
