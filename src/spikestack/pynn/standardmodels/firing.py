"""Cells whose spikes change how they fire next: Muller's and the generalised integrate-and-fire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pyNN.standardmodels import cells

from ...errors import ValidationError
from ...synapses.exponential_conductance import ExponentialConductance
from ..native import NativeCell, Recordable
from .cells import LIF_NAMES, V, with_pair
from .models import ConductanceAdaptiveLIF, GIFModel
from .naming import alone, kept, picked

__all__ = ["GIF_cond_exp", "IF_cond_exp_gsfa_grr"]

_ADAPTING = ("tau_sfa", "e_rev_sfa", "q_sfa", "tau_rr", "e_rev_rr", "q_rr")


class IF_cond_exp_gsfa_grr(cells.IF_cond_exp_gsfa_grr):  # type: ignore[misc]
    """`LIF` with conductances of adaptation and of relative refractoriness (Muller et al. 2007)."""

    translations = kept(cells.IF_cond_exp_gsfa_grr.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`."""
        own = picked(parameters, **LIF_NAMES, **{name: name for name in _ADAPTING})
        slow = {"g_s": Recordable("g_s", unit="nS"), "g_r": Recordable("g_r", unit="nS")}
        model = ConductanceAdaptiveLIF(**own)
        return with_pair(model, ExponentialConductance, parameters, V | slow)


class GIF_cond_exp(cells.GIF_cond_exp):  # type: ignore[misc]
    """Generalised integrate-and-fire, with escape noise (Mensi et al. 2012)."""

    translations = kept(cells.GIF_cond_exp.default_parameters)

    @classmethod
    def native(cls, parameters: Mapping[str, Any]) -> NativeCell:
        """Make the model; see `spikestack.pynn.native`.

        Raises
        ------
        ValidationError
            If neurons have different numbers of exponentials.
        """
        names = {k: v for k, v in LIF_NAMES.items() if k != "v_thresh"}
        own = picked(parameters, **names, delta_v="delta_v", v_t_star="v_t_star", lambda0="lambda0")
        counts = []
        for kind in ("eta", "gamma"):
            taus, sizes = (_table(parameters, f"{stem}_{kind}") for stem in ("tau", "a"))
            if len(taus) != len(sizes):
                raise ValidationError(
                    f"a_{kind}", f"has {len(sizes)} values", f"{len(taus)}, as tau_{kind}"
                )
            for k, (tau, size) in enumerate(zip(taus, sizes), 1):
                own |= {f"tau_{kind}_{k}": alone(tau), f"a_{kind}_{k}": alone(size)}
            counts.append(len(taus))
        model = GIFModel((counts[0], counts[1]), **own)
        moved = {"i_eta": Recordable("i_eta", unit="nA"), "v_t": Recordable("v_t")}
        return with_pair(model, ExponentialConductance, parameters, V | moved)


def _table(parameters: Mapping[str, Any], name: str) -> np.ndarray:
    """The values of a sequence, one row for each of its places: (places, neurons)."""
    given = parameters[name]
    rows = [getattr(row, "value", row) for row in np.atleast_1d(np.asarray(given, dtype=object))]
    if rows and np.ndim(rows[0]) == 0:
        rows = [np.asarray(getattr(given, "value", given), dtype=float)]
    if len({len(row) for row in rows}) != 1:
        raise ValidationError(name, "sequences of different lengths", "one length for all neurons")
    return np.array(rows, dtype=float).T
