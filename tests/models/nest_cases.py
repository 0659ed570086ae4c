"""What NEST did, recorded by benchmarks/nest_vectors.py, and the same cases here.

NEST counts in pA, nS, pF where we count in nA, uS, nF.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp

with np.load(Path(__file__).parents[1] / "vectors" / "nest.npz", allow_pickle=False) as file:
    RECORDED = {name: file[name] for name in file.files}
ABOUT: dict[str, Any] = json.loads(str(RECORDED.pop("about")))
Parameters = Mapping[str, Any]


def lif(p: Parameters, **how: Any) -> sp.NeuronModel:
    tau = p["tau_m"] if "tau_m" in p else p["C_m"] / p["g_L"]
    return sp.LIF(
        v_rest=p["E_L"],
        cm=p["C_m"] / 1e3,
        tau_m=tau,
        v_thresh=p["V_th"],
        v_reset=p["V_reset"],
        tau_refrac=p["t_ref"],
        **how,
    )


def mat2(p: Parameters, **how: Any) -> sp.NeuronModel:
    same = {name: p[name] for name in ("tau_m", "tau_1", "tau_2", "alpha_1", "alpha_2")}
    return sp.MAT2(
        v_rest=p["E_L"],
        cm=p["C_m"] / 1e3,
        tau_refrac=p["t_ref"],
        omega=p["omega"] - p["E_L"],
        **same,
        **how,
    )


class GLIFBefore(sp.GLIF):
    """The reset computed from the potential before the step that crossed the threshold."""

    reset = sp.GLIF.reset.replace("f_v*(v -", "f_v*(previous(v) -")


def glif(p: Parameters, **how: Any) -> sp.NeuronModel:
    currents, threshold = p.get("after_spike_currents"), p.get("spike_dependent_threshold")
    level = 5 if p.get("adapting_threshold") else 1 + 2 * bool(currents) + bool(threshold)
    return GLIFBefore.preset(
        f"glif{level}",
        v_rest=p["E_L"],
        cm=p["C_m"] / 1e3,
        g=p["g"] / 1e3,
        tau_refrac=p["t_ref"],
        v_thresh=p["V_th"],
        **how,
    )


def adex(p: Parameters, **how: Any) -> sp.NeuronModel:
    return sp.AdEx(
        v_rest=p["E_L"],
        cm=p["C_m"] / 1e3,
        gl=p["g_L"] / 1e3,
        delta_t=p["Delta_T"],
        v_thresh=p["V_th"],
        v_spike=p["V_peak"],
        v_reset=p["V_reset"],
        tau_refrac=p["t_ref"],
        tau_w=p["tau_w"],
        a=p["a"] / 1e3,
        b=p["b"] / 1e3,
        **how,
    )


def izhikevich(p: Parameters, **how: Any) -> sp.NeuronModel:
    same = {name: p[name] for name in "abcd"}
    return sp.Izhikevich(v=p["V_m"], u=p["U_m"], v_thresh=p["V_th"], gain=1000.0, **same, **how)


def channels(p: Parameters) -> dict[str, float]:
    return {
        "cm": p["C_m"] / 1e3,
        "g_na": p["g_Na"] / 1e3,
        "g_k": p["g_K"] / 1e3,
        "g_l": p["g_L"] / 1e3,
        "e_na": p["E_Na"],
        "e_k": p["E_K"],
        "e_l": p["E_L"],
        "v": p["V_m"],
        "m": p["Act_m"],
        "n": p["Act_n"],
        "h": p["Inact_h"],
    }


def squid(p: Parameters, **how: Any) -> sp.NeuronModel:
    return sp.HodgkinHuxley(**channels(p), **how)


def traub(p: Parameters, **how: Any) -> sp.NeuronModel:
    return sp.TraubMiles(**channels(p), v_t=p["V_T"], **how)


def exponential_currents(p: Parameters, weight: float, side: str) -> sp.Synapse:
    return sp.ExponentialCurrent(weight=weight / 1e3, tau_syn=p[f"tau_syn_{side}"])


def alpha_currents(p: Parameters, weight: float, side: str) -> sp.Synapse:
    tau = p["tau_syn"][0] if "tau_syn" in p else p[f"tau_syn_{side}"]
    return sp.AlphaCurrent(weight=weight / 1e3, tau_syn=tau)


def deltas(p: Parameters, weight: float, side: str) -> sp.Synapse:
    return sp.Delta(weight=weight)


def exponential_conductances(p: Parameters, weight: float, side: str) -> sp.Synapse:
    tau, e_rev = p[f"tau_syn_{side}"], p[f"E_{side}"]
    return sp.ExponentialConductance(weight=abs(weight) / 1e3, tau_syn=tau, e_rev=e_rev)


def alpha_conductances(p: Parameters, weight: float, side: str) -> sp.Synapse:
    tau, e_rev = p[f"tau_syn_{side}"], p[f"E_{side}"]
    return sp.AlphaConductance(weight=abs(weight) / 1e3, tau_syn=tau, e_rev=e_rev)


def beta_conductances(p: Parameters, weight: float, side: str) -> sp.Synapse:
    return sp.DualExponentialConductance(
        weight=abs(weight) / 1e3,
        tau_rise=p[f"tau_rise_{side}"],
        tau_decay=p[f"tau_decay_{side}"],
        e_rev=p[f"E_{side}"],
    )


Pair = tuple[Callable[..., sp.NeuronModel], Callable[..., sp.Synapse]]
PAIRS: dict[str, Pair] = {
    "iaf_psc_exp": (lif, exponential_currents),
    "iaf_psc_alpha": (lif, alpha_currents),
    "iaf_psc_delta": (lif, deltas),
    "mat2_psc_exp": (mat2, exponential_currents),
    "glif_psc": (glif, alpha_currents),
    "iaf_cond_exp": (lif, exponential_conductances),
    "iaf_cond_alpha": (lif, alpha_conductances),
    "iaf_cond_beta": (lif, beta_conductances),
    "aeif_cond_exp": (adex, exponential_conductances),
    "aeif_psc_exp": (adex, exponential_currents),
    "izhikevich": (izhikevich, deltas),
    "hh_psc_alpha": (squid, alpha_currents),
    "hh_cond_exp_traub": (traub, exponential_conductances),
    "hh_cond_beta_gap_traub": (traub, beta_conductances),
}


@dataclass
class Replay:
    """A case here beside the recorded one.

    Attributes
    ----------
    traces
        Variables at the recorded samples: (samples, neurons).
    every
        The potential of the first neuron after each step.
    spikes
        Spike times of the first neuron, in steps.
    nest
        NEST's spike times, in its steps.
    """

    name: str
    traces: dict[str, np.ndarray]
    every: np.ndarray
    spikes: list[int]
    nest: list[int]

    def deviation(self, ours: str = "v", theirs: str = "V_m", scale: float = 1.0) -> float:
        """The largest difference of a variable from NEST's."""
        recorded = RECORDED[f"{self.name}.{theirs}"] * scale
        return float(np.abs(self.traces[ours] - recorded).max())

    def before(self, time: float) -> float:
        """The largest difference of potentials until `time` (ms)."""
        keep = int(time / ABOUT["cases"][self.name]["interval"])
        difference = self.traces["v"][:keep] - RECORDED[f"{self.name}.V_m"][:keep]
        return float(np.abs(difference).max())


def replay(
    name: str, *variables: str, dt: float | None = None, on: str = "reference", **how: Any
) -> Replay:
    """Run a recorded case here, in double precision.

    Parameters
    ----------
    name
        Of the case.
    variables
        To record besides v.
    dt
        Step in ms; NEST's own unless given.
    on
        Engine: the slow one needs no compilation.
    how
        Further values for the neuron model.
    """
    given = ABOUT["cases"][name]
    dt = dt or given["dt"]
    make, synapse = PAIRS[given["model"]]
    net = sp.Network()
    cells = net.add(sp.Population("cells", given["neurons"], make(given["parameters"], **how)))
    for part, side in (("excitation", "ex"), ("inhibition", "in")):
        receptor = synapse(given["parameters"], given[part], side)
        times = [np.array(ABOUT[part]) + ABOUT["delay"]]
        net.drive(cells[:1], sp.SpikeTrains(times, synapse=receptor), name=part)
    drive_steps(net, cells[:1], given)
    if "gap" in given:
        junction = sp.GapJunction(weight=given["gap"] / 1e3)
        net.connect(cells[:1], cells[1:], sp.OneToOne(), junction)
    net.record(cells, "spikes", "v", *variables)
    result = net.run(given["duration"], dt=dt, precision="float64", on=on)
    stride = round(given["interval"] / dt)
    traces = {x: result["cells", x].values[0][stride - 1 :: stride] for x in ("v", *variables)}
    record = result["cells"]
    return Replay(
        name,
        traces,
        result["cells", "v"].values[0, :, 0],
        record.steps[record.ids == 0].tolist(),
        RECORDED[f"{name}.spikes"].tolist(),
    )


def drive_steps(net: sp.Network, cells: Any, given: Mapping[str, Any]) -> None:
    """The steps of current of a case, after the delay of NEST's generator."""
    times, values = np.array(given["step"]).T
    net.drive(cells, sp.StepCurrent(times + ABOUT["delay"], values / 1e3), name="steps")
