"""Other digital weights on circuits that stay as they are: for training with the chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...errors import UnknownNameError, ValidationError
from ...network.files import network_of, plain_with_arrays
from ...network.network import Network
from ...values import as_value
from ..circuits.brainscales import AnalogQuantised

__all__ = ["tuned", "with_codes"]


def with_codes(
    quantised: AnalogQuantised, codes: Mapping[str, np.ndarray], most: int = 63
) -> AnalogQuantised:
    """Write other weights into the synapses.

    Parameters
    ----------
    quantised
        From `Chip.quantise`.
    codes
        By projection of ``quantised.network``, a whole number from 0 to `most` for each edge.
    most
        The greatest.

    Raises
    ------
    UnknownNameError, ValidationError
        If there is no such projection, or numbers do not fit.
    """
    made = network_of(*plain_with_arrays(quantised.network))
    kept = dict(quantised.codes)
    for name, given in codes.items():
        if name not in kept:
            raise UnknownNameError("with_codes", name, kept)
        numbers = np.asarray(given)
        if (
            numbers.shape != kept[name].shape
            or (numbers != np.clip(np.rint(numbers), 0, most)).any()
        ):
            raise ValidationError(f"with_codes, {name!r}", f"of shape {numbers.shape}",
                                  f"{len(kept[name])} whole numbers from 0 to {most}")  # fmt: skip
        kept[name] = numbers.astype(np.int64)
        _weigh(made, name, kept[name] * quantised.factors[name])
    return replace(quantised, network=made, codes=kept)


def tuned(quantised: AnalogQuantised, trained: Network, most: int = 63) -> AnalogQuantised:
    """Take over what training has changed: synapses by whole steps, readouts of the host as it is.

    Training sees the circuits as they are, as with a chip in the loop; what is written is each
    digital weight plus the change of the weight as it acts, rounded. Nobody needs to know what a
    synapse makes of its number.

    Parameters
    ----------
    quantised
        From `Chip.quantise`.
    trained
        ``quantised.network`` after training.
    most
        The greatest digital weight.
    """
    codes = {}
    for name, before in quantised.codes.items():
        acts = np.asarray(trained.projections[name].synapse.weight, float)
        wanted = before + (acts - before * quantised.factors[name])
        codes[name] = np.clip(np.rint(wanted), 0, most).astype(np.int64)
    made = with_codes(quantised, codes, most)
    for name in set(made.network.projections) - set(codes):
        given = trained.projections[name]
        matrix = getattr(given.rule, "matrix", None)
        weight = given.synapse.weight if matrix is None else matrix
        _weigh(made.network, name, np.asarray(weight, float).ravel())
    return made


def _weigh(network: Network, name: str, weights: np.ndarray) -> None:
    synapse = network.projections[name].synapse
    synapse.weight = as_value(weights, synapse.unit_of_weight(), f"{name}.weight")
