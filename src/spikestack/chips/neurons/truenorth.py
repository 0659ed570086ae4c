"""TrueNorth's neuron as a model: all of it but chance at single synapses.

Whether a synapse passes an event may be drawn event by event on the chip; a model sees sums only.
`kernels.crossbar` has those draws, too, and is equal to these models without them.
"""

from __future__ import annotations

from ...equations.model import Parameter
from ...neurons.base import NeuronModel

__all__ = ["StochasticTrueNorthNeuron", "TrueNorthNeuron"]

#: 20 bits with a sign, 18 bits, 9 bits with a sign.
_MOST, _THRESHOLD, _LEAK = 2.0**19 - 1, 2.0**18 - 1, 255.0

_SETTLE = """
        v = clip(v, -524288, 524287)
        fires = where(v >= theta + eta, 1, 0)
        below = where(fires < 1 and v < -(beta + (1 - kappa)*eta), 1, 0)
        v = where(below > 0,
                  where(kappa > 0, -beta,
                        where(gamma == 0, -v_reset, where(gamma == 1, v + beta + eta, v))), v)
"""


class TrueNorthNeuron(NeuronModel):
    """Adds weights, then leak; compares with a threshold above and one below.

    A spike sets the potential to `v_reset` (`gamma` 0), subtracts the threshold (1) or leaves it
    (2). Below the negative threshold the potential stays at it (`kappa` 1), or, by `gamma`, is set
    to ``-v_reset``, raised by it, or left. With `reversal` the leak points away from 0 if it is
    positive, towards 0 if negative, and rests at 0.

    The potential saturates at 20 bits, after the synapses and after the leak. What the chip does
    is not published; only neurons that are driven beyond their threshold tick after tick get there
    (`gamma` 1 and 2), and a potential that wrapped would silence them.
    """

    equations = """
        v[t+1] = v     : 1
        eta[t+1] = 0   : 1
        fires[t+1] = 0 : 1
        below[t+1] = 0 : 1
    """
    after_arrivals = (
        """
        v = clip(v, -524288, 524287)
        v += leak*where(reversal > 0, where(v > 0, 1, where(v < 0, -1, 0)), 1)
"""
        + _SETTLE
    )
    threshold = "fires > 0"
    reset = "v = where(gamma == 0, v_reset, where(gamma == 1, v - (theta + eta), v))"
    dimensionless = True
    default_synapse = "Delta"
    fires_at = None
    source = "Cassidy et al. 2013, IJCNN, doi:10.1109/IJCNN.2013.6707077"

    leak = Parameter(0.0, "1", low=-_LEAK, high=_LEAK, meaning="added in every tick")
    reversal = Parameter(0.0, "1", low=0, high=1, meaning="whether the leak has the sign of v")
    theta = Parameter(1.0, "1", low=0, high=_THRESHOLD, meaning="threshold")
    beta = Parameter(_THRESHOLD, "1", low=0, high=_THRESHOLD, meaning="negative threshold, >= 0")
    kappa = Parameter(1.0, "1", low=0, high=1, meaning="whether v stays at the negative threshold")
    gamma = Parameter(0.0, "1", low=0, high=2, meaning="reset: to a value, by the threshold, none")
    v_reset = Parameter(0.0, "1", low=-_MOST, high=_MOST, meaning="potential after a spike")


class StochasticTrueNorthNeuron(TrueNorthNeuron):
    """With chance: a leak of one at random, and a threshold that trembles.

    With `leak_draws` the leak is its sign with probability ``(|leak| + 1)/256``. To the threshold a
    whole number from 0 to `mask` is added, drawn for every neuron and tick, `mask` being a power of
    two less 1.
    """

    equations = TrueNorthNeuron.equations + "    drop[t+1] = 0 : 1"
    after_arrivals = (
        """
        v = clip(v, -524288, 524287)
        eta = floor(rand_threshold*(mask + 1))
        drop = where(leak_draws > 0,
                     where(floor(256*rand_leak) <= abs(leak),
                           where(leak > 0, 1, where(leak < 0, -1, 0)), 0), leak)
        v += drop*where(reversal > 0, where(v > 0, 1, where(v < 0, -1, 0)), 1)
"""
        + _SETTLE
    )

    leak_draws = Parameter(0.0, "1", low=0, high=1, meaning="whether the leak is drawn")
    mask = Parameter(0.0, "1", low=0, high=_THRESHOLD, meaning="greatest rise of the threshold")
