"""Source of correlated Poisson trains."""

from __future__ import annotations

from ..equations.model import Parameter
from .base import NeuronModel

__all__ = ["CorrelatedSource"]


class CorrelatedSource(NeuronModel):
    """Poisson trains that share spikes: the multiple-interaction process.

    One hidden train for all, of rate rate/correlation; each neuron copies each of its spikes
    with the probability `correlation`, which is then the correlation of any two trains. At most
    one spike in a step: keep rate dt well below `correlation`.
    """

    equations = "n[t+1] = 0 : 1"
    threshold = "common < 1 - exp(-rate/correlation*dt) and rand < correlation"
    fires_at = None
    source = "Kuhn, Aertsen and Rotter 2003, Neural Comput 15:67, section 2.2 (MIP)"

    rate = Parameter(10.0, "Hz", low=0, meaning="rate of each train")
    correlation = Parameter(0.1, "1", low=0, low_open=True, high=1, meaning="pairwise correlation")
