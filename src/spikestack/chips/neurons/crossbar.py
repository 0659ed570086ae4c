"""Axons and neurons of crossbar cores without chance, as RANC has them after TrueNorth."""

from __future__ import annotations

from ...equations.model import Parameter
from ...neurons.base import NeuronModel

__all__ = ["CrossbarAxon", "RANCNeuron"]


class CrossbarAxon(NeuronModel):
    """A line of the crossbar: however many spikes arrive in a step, it carries one."""

    equations = "v[t+1] = 0 : 1"
    threshold = "v > 0"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Akopyan et al. 2015, IEEE TCAD 34:1537"


class RANCNeuron(NeuronModel):
    """Adds weights and leak; fires at a threshold, and is set back below a negative one.

    At a threshold the potential is set to `v_reset`, at the negative one to its negative; or, with
    `subtracts` = 1, each threshold is subtracted. With `includes` = 1 the negative threshold itself
    counts as below.
    """

    equations = "v[t+1] = v : 1"
    after_arrivals = """
        v += leak
        v = where(v < negative or (v == negative and includes > 0 and v < theta),
                  where(subtracts > 0, v - negative, -v_reset), v)
    """
    threshold = "v >= theta"
    reset = "v = where(subtracts > 0, v - theta, v_reset)"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Mack et al. 2021, IEEE TPDS 32:2265"

    leak = Parameter(0.0, "1", meaning="added in every step")
    theta = Parameter(1.0, "1", meaning="threshold")
    negative = Parameter(-1.0, "1", meaning="negative threshold")
    v_reset = Parameter(0.0, "1", meaning="potential after a spike")
    subtracts = Parameter(0.0, "1", low=0, high=1, meaning="whether thresholds are subtracted")
    includes = Parameter(
        1.0, "1", low=0, high=1, meaning="whether the negative one is below itself"
    )
