"""snnTorch, SpikingJelly, Norse, Sinabs, Lava-DL: neurons in steps, in plain numbers.

The threshold alone is named here: what other names of theirs do depends on the tool, and on how
the step is written there.
"""

from __future__ import annotations

from .tables import Same

TOOL = "snnTorch and others"

PARAMETERS = {
    "DiscreteLIF IntegrateAndFire AdaptiveDiscreteLIF": {
        "threshold": Same("theta", "1"),
        "v_threshold": Same("theta", "1"),
        "v_th": Same("theta", "1"),
        "spike_threshold": Same("theta", "1"),
        "vth": Same("theta", "1"),
    },
}

_SOFT = "a spike takes theta off ('subtract'); for another, declare a subclass with reset = 'v = 0'"
_TRAINING = "it belongs to training: net.compile(engine='torch', surrogates=...)"
ELSEWHERE = {
    "DiscreteLIF IntegrateAndFire AdaptiveDiscreteLIF": {
        "reset_mechanism": _SOFT,
        "spike_grad": _TRAINING,
        "surrogate_function": _TRAINING,
        "v_reset": _SOFT,
    },
}

MODELS = {
    "Leaky": "DiscreteLIF (snnTorch)",
    "Synaptic": "DiscreteLIF with a synapse that decays (snnTorch)",
    "Conv2d": "the rule Convolution()",
}
