"""Product of two inputs."""

from __future__ import annotations

from .base import NeuronModel

__all__ = ["Gate"]


class Gate(NeuronModel):
    """Gate: sends, in the same step, what arrives times what arrives at its ``"gate"``.

    Synapses on ``compartment="gate"`` bring the second factor. It has no memory. Of two plain
    spikes it sends one where both come: the product from which spike-driven attention is built.
    """

    equations = """
        v[t+1] = 0 : 1
        gate[t+1] = 0 : 1
    """
    threshold = "v*gate != 0"
    emit = "v*gate"
    emit_type = "float"
    emit_limit = 256.0
    dimensionless = True
    compartments = {"gate": ("gate", "i_gate")}  # noqa: RUF012
    default_synapse = "Delta"
    fires_at = None
    source = "Hadamard product of spike-driven self-attention: Yao et al. 2023, NeurIPS"
