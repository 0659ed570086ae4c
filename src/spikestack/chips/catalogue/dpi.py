"""Subthreshold analog neurons: a chip in one file, as anyone might add one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...equations.model import Parameter
from ...errors import ValidationError
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...neurons.base import NeuronModel
from ...program.lower import lower
from ...synapses.base import Synapse
from ..analog.knobs import fixed_pattern
from ..analog.wanted import Wanted, wanted_of
from ..chip import Chip
from ..circuits.brainscales import outside_of, timed
from ..circuits.brainscales_network import copied, to_host
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope
from ..quantising import Quantised, loss_of

__all__ = ["SubthresholdDPI"]

_CHICCA = "Chicca et al. 2014, Proc IEEE 102:1367, doi:10.1109/JPROC.2014.2313954; from memory"
_MORADI = "Moradi et al. 2018, IEEE TBCAS 12:106 (DYNAP-SE at 1.8 V); from memory"
#: Membrane currents at the lowest potential and at the threshold, and gain of the membrane (pA).
_LOW, _HIGH, _I_TH = 100.0, 500.0, 10.0


def _guess(value: float | None, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, _CHICCA, note)


class DPIExcitation(Synapse):
    """Differential-pair integrator in its linear range: a pulse adds to a decaying current."""

    receives, weight_unit, source = "i_exc", "1", _CHICCA


class DPIInhibition(DPIExcitation):
    """The same, taken off."""

    receives = "i_inh"


class DPINeuron(NeuronModel):
    """Adaptive exponential neuron in currents (pA): `v` is that of the membrane.

    Above `i_th` the membrane is a low-pass filter; below, its time constant grows. Positive
    feedback sets in at `i_up`; every spike adds `jump` to the adaptation current.
    """

    equations = """
        x = clip(v, 1, i_fire)                                              : 1
        di_exc/dt = -i_exc/tau_exc                                          : 1
        di_inh/dt = -i_inh/tau_inh                                          : 1
        i_in = drive + gain*(i_exc - i_inh) - i_ahp + feedback*exp((x - i_up)/i_norm) : 1
        dv/dt = x/(x + i_th)*(i_in - x)/tau                                 : 1
        di_ahp/dt = (pull*(x - i_rest) - i_ahp)/tau_ahp                     : 1
    """
    after_arrivals = "v = max(v, 1)"
    threshold = "v >= i_fire"
    reset = "v = i_reset; i_ahp += jump"
    refractory = "tau_refrac"
    method = "rk4"
    initial = {"v": "i_rest"}  # noqa: RUF012
    dimensionless, default_synapse, fires_at, source = True, "DPIExcitation", None, _CHICCA

    tau = Parameter(20.0, "ms", low=0, low_open=True, meaning="membrane time constant")
    tau_exc = Parameter(5.0, "ms", low=0, low_open=True, meaning="of excitation")
    tau_inh = Parameter(5.0, "ms", low=0, low_open=True, meaning="of inhibition")
    tau_ahp = Parameter(100.0, "ms", low=0, low_open=True, meaning="of adaptation")
    tau_refrac = Parameter(0.0, "ms", low=0, meaning="refractory period")
    i_th = Parameter(_I_TH, low=0, meaning="below it the membrane slows down")
    i_fire = Parameter(_HIGH, low=1, meaning="current at which it fires")
    i_reset = Parameter(_LOW, low=1, meaning="current after a spike")
    i_rest = Parameter(_LOW, low=1, meaning="current at rest")
    drive = Parameter(_LOW, meaning="constant input")
    gain = Parameter(1.0, low=0, meaning="of synaptic currents")
    feedback = Parameter(0.0, low=0, meaning="of positive feedback at i_up")
    i_up = Parameter(_HIGH, meaning="where it sets in")
    i_norm = Parameter(20.0, low=0, low_open=True, meaning="how steeply")
    pull = Parameter(0.0, meaning="adaptation to the membrane current")
    jump = Parameter(0.0, meaning="adaptation added by a spike")


class SubthresholdDPI(Chip):
    """Silicon neurons of differential-pair integrators, in biological time, not calibrated.

    Parameters
    ----------
    seed
        Which chip it is.
    mismatch
        Factor of all deviations.
    settings
        As of any `Chip`.
    """

    maker, year = "after INI Zurich", 2014
    features = "subthreshold analog adaptive exponential neurons, in real time, with mismatch"
    cores = _guess(4, "cores", "of a generic chip of this kind")
    neurons_per_core = _guess(256, "neurons")
    fan_in = _guess(64, "synapses of a neuron")
    weight_bits = _guess(4, "bits", "and a coarse setting for each population")
    speedup = _guess(1, "times biological time")
    deviation = _guess(0.2, "of every value", "standard deviation between circuits")
    mesh, tile, word_bits = Mesh(2, 2), 1, 16
    synapse_bits: ClassVar[Mapping[str, float]] = {"sparse": 16}
    limits = (
        Limit("neurons", "core", neurons_per_core, LimitKind.WALL, "use more cores"),
        Limit("synapse words", "core", _guess(256 * 64, "words"), LimitKind.BUDGET,
              "project from fewer neurons"),
        Limit("cores", "chip", cores, LimitKind.WALL, "use more chips"),
    )  # fmt: skip
    prices: ClassVar[Mapping[str, Prices]] = {
        "order": Prices(
            "an order of magnitude",
            Scope.PER_TERM,
            {"spikes": Figure(883, "pJ", Grade.UNVERIFIED, _MORADI)},
        ),
    }

    def __init__(self, seed: int = 1, *, mismatch: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.seed, self.mismatch = seed, mismatch

    def transit_steps(self, dt: float) -> int:
        """Events arrive a step after they were sent."""
        return 1

    def off(self, name: str, what: str, size: int) -> np.ndarray:
        """Factors of a population's circuits: the same for ever."""
        drawn = fixed_pattern(self.seed, self.name, f"{what} of {name}", np.arange(size))
        return np.maximum(1.0 + self.mismatch * float(self.deviation) * drawn, 0.1)

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Potentials become currents, weights four bits by the heaviest onto a population."""
        program = lower(network, dt, "float64", 1)
        outside, wanted = outside_of(self, network, program), {}
        for k, p in enumerate(program.populations):
            if k not in outside:
                where = f"{self.name}, population {p.name!r}"
                found = wanted_of(program, k, where, dt)
                if found.soft:
                    raise ValidationError(where, "subtracts at a spike", "a reset to a value")
                # The host computes what never fires.
                if not found.silent:
                    wanted[k] = found
        edges, late, lost = timed(self, program, wanted, outside)
        made, losses = Network(seed=network.seed), {n: loss_of(*d, 0) for n, d in lost.items()}
        scales, zeros, formats = {}, {}, {}
        for k, p in enumerate(program.populations):
            model, shape = network.populations[p.name].model, network.populations[p.name].shape
            if k in wanted:
                scale = (_HIGH - _LOW) / (wanted[k].threshold - wanted[k].reset)
                scales[p.name], zeros[p.name] = scale, wanted[k].reset - _LOW / scale
                model = self._neurons(p.name, wanted[k], scale, zeros[p.name])
            made.add(Population(p.name, shape, model))
        most = 2.0 ** int(self.weight_bits) - 1
        for e in edges:
            if e.post not in wanted:
                to_host(network, program, made, e)
                formats[e.name] = "sparse"
                continue
            w, name = wanted[e.post], program.populations[e.post].name
            tau = np.where(np.isfinite(w.tau_mem), w.tau_mem, 1000.0)
            exact = e.weights * (w.slope[e.receptor] * scales[name] * tau)[e.targets]
            step = np.abs(exact).max(initial=0.0) / most or 1.0
            weights = np.rint(exact / step) * step
            losses[e.name] = loss_of(exact, weights, int(self.weight_bits))
            for kind, chosen in ((DPIExcitation, weights > 0), (DPIInhibition, weights < 0)):
                if chosen.any():
                    label = f"{e.name} ({kind.receives[2:]})"
                    axon = kind(weight=np.abs(weights[chosen]), delay=e.delays[chosen] * dt)
                    ends = FromArrays(e.sources[chosen], e.targets[chosen])
                    pre, post = (made[program.populations[n].name] for n in (e.pre, e.post))
                    made.connect(pre, post, ends, axon, name=label)
                    formats[label] = "sparse"
        copied(network, made)
        later = {p.name: late[k] for k, p in enumerate(program.populations)}
        return Quantised(made, later, scales, zeros, formats, losses, dt)

    def _neurons(self, name: str, w: Wanted, scale: np.ndarray, zero: np.ndarray) -> DPINeuron:
        size = len(scale)
        off = {n: self.off(name, n, size) for n in ("tau", "exc", "inh", "ahp", "gain", "fire")}
        tau = np.where(np.isfinite(w.tau_mem), w.tau_mem, 1000.0)
        rest, fast = scale * (w.rest - zero), w.tau_syn[0] if len(w.tau_syn) else np.full(size, 5.0)
        more: dict[str, Any] = {"drive": rest}
        if a := w.adex:
            steep, up = scale * a["delta_t"], scale * (a["v_exp"] - zero)
            more |= {"drive": rest + scale * a["drive"] * tau, "feedback": steep, "i_norm": steep,
                     "i_up": up, "tau_ahp": a["tau_w"] * off["ahp"], "pull": a["a"] * tau,
                     "jump": scale * a["b"] * tau}  # fmt: skip
        return DPINeuron(
            tau=tau * off["tau"], tau_exc=fast * off["exc"], tau_inh=fast * off["inh"],
            gain=off["gain"], i_fire=_HIGH * off["fire"], i_reset=_LOW, i_rest=np.maximum(rest, 1),
            tau_refrac=w.tau_refrac, v=np.maximum(scale * (w.start - zero), 1.0), **more,
        )  # fmt: skip
