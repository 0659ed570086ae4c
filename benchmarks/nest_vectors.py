"""Records what NEST's models do, for tests/models/test_against_nest.py.

Run by the Python of an environment with NEST 3.10:
``python benchmarks/nest_vectors.py tests/vectors/nest.npz``. Each case is one neuron (two, joined
by a gap junction) with given spikes and currents; its parameters, in NEST's names and units, lie in
the file beside what was recorded, so that a test needs neither NEST nor this script.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import Any

import nest
import numpy as np

DT = 0.1
DELAY = 1.0
EXCITATION = [10.0, 12.0, 14.3, 30.0, 30.1, 30.4, 60.0, 61.0, 62.5, 64.0]
INHIBITION = [20.0, 45.0, 62.0, 95.5]
STEP = [[70.0, 1.0], [120.0, 0.0], [135.0, -0.3]]


def case(model: str, record: str, weight: float, current: float, **more: Any) -> dict[str, Any]:
    """One neuron under spikes of +`weight` and -`weight`/2, and steps of `current` (pA)."""
    parameters = more.pop("parameters", {})
    given = {"dt": DT, "duration": 150.0, "interval": 0.5, "neurons": 1} | more
    return given | {
        "inhibition": -weight / 2,
        "model": model,
        "record": record.split(),
        "parameters": parameters,
        "excitation": weight,
        "step": [[t, share * current] for t, share in STEP],
    }


def glif(switches: dict[str, bool], **more: Any) -> dict[str, Any]:
    """A case of a level of GLIF."""
    parameters = {"tau_syn": [2.0], "asc_init": [0.0, 0.0], **switches}
    return case("glif_psc", "V_m threshold", 150.0, 450.0, parameters=parameters, **more)


CURRENTS = {"tau_syn_ex": 2.0, "tau_syn_in": 6.0}
CONDUCTANCES = {"tau_syn_ex": 3.0, "tau_syn_in": 6.0}
BETA = {"tau_rise_ex": 0.5, "tau_decay_ex": 3.0, "tau_rise_in": 1.0, "tau_decay_in": 6.0}
SQUID = {"Act_m": 0.05293248525724958, "Act_n": 0.3176769140606974, "Inact_h": 0.5961207535084603}
TRAUB = {"Act_m": 0.03, "Act_n": 0.06, "Inact_h": 0.99}
GLIF = {
    "glif1": {},
    "glif2": {"spike_dependent_threshold": True},
    "glif3": {"after_spike_currents": True},
    "glif4": {"spike_dependent_threshold": True, "after_spike_currents": True},
    "glif5": {
        "spike_dependent_threshold": True,
        "after_spike_currents": True,
        "adapting_threshold": True,
    },
}

CASES = {
    "iaf_psc_exp": case("iaf_psc_exp", "V_m", 400.0, 500.0, parameters=CURRENTS),
    "iaf_psc_exp_equal": case(
        "iaf_psc_exp", "V_m", 200.0, 500.0, parameters={"tau_syn_ex": 10.0, "tau_syn_in": 10.0}
    ),
    "iaf_psc_alpha": case("iaf_psc_alpha", "V_m", 300.0, 500.0, parameters=CURRENTS),
    "iaf_psc_delta": case("iaf_psc_delta", "V_m", 4.0, 500.0),
    "mat2_psc_exp": case("mat2_psc_exp", "V_m V_th", 500.0, 550.0, parameters=CURRENTS),
    **{name: glif(switches) for name, switches in GLIF.items()},
    "glif5_fine": glif(GLIF["glif5"], dt=0.01),
    "iaf_cond_exp": case("iaf_cond_exp", "V_m g_ex g_in", 7.0, 500.0, parameters=CONDUCTANCES),
    "iaf_cond_alpha": case("iaf_cond_alpha", "V_m g_ex g_in", 5.0, 500.0, parameters=CONDUCTANCES),
    "iaf_cond_beta": case("iaf_cond_beta", "V_m g_ex g_in", 5.0, 500.0, parameters=BETA),
    "aeif_cond_exp": case(
        "aeif_cond_exp", "V_m w", 8.0, 1000.0, parameters={**CONDUCTANCES, "t_ref": 2.0}
    ),
    "aeif_cond_exp_fine": case(
        "aeif_cond_exp", "V_m w", 8.0, 1000.0, parameters={**CONDUCTANCES, "t_ref": 2.0}, dt=0.01
    ),
    "aeif_psc_exp": case(
        "aeif_psc_exp", "V_m w", 400.0, 1000.0, parameters={**CURRENTS, "t_ref": 2.0}
    ),
    "izhikevich": case("izhikevich", "V_m U_m", 3.0, 12.0),
    "hh_psc_alpha": case(
        "hh_psc_alpha", "V_m Act_m Act_n Inact_h", 300.0, 900.0, parameters=SQUID | CURRENTS
    ),
    "hh_cond_exp_traub": case(
        "hh_cond_exp_traub", "V_m", 6.0, 400.0, parameters=TRAUB | CONDUCTANCES
    ),
    "gap_junction": case(
        "hh_cond_beta_gap_traub",
        "V_m",
        0.0,
        400.0,
        parameters=TRAUB | BETA | {"V_T": -63.0},
        neurons=2,
        gap=3.0,
        dt=0.02,
    ),
}


def start(seed: int = 1, dt: float = DT, **more: Any) -> None:
    """An empty kernel."""
    nest.ResetKernel()
    nest.set(resolution=dt, rng_seed=seed, local_num_threads=1, **more)


def record_case(given: dict[str, Any]) -> dict[str, np.ndarray]:
    """Traces (samples, neurons) of the variables, and steps of the spikes of the first neuron."""
    start(dt=given["dt"], **({"use_wfr": True, "wfr_tol": 1e-8} if "gap" in given else {}))
    neurons = nest.Create(given["model"], given["neurons"], params=given["parameters"])
    defaults = nest.GetDefaults(given["model"])
    kept = {k: v for k, v in defaults.items() if isinstance(v, float) and np.isfinite(v)}
    given["parameters"] = kept | given["parameters"]
    for times, weight in ((EXCITATION, "excitation"), (INHIBITION, "inhibition")):
        source = nest.Create("spike_generator", params={"spike_times": times})
        spec = {"weight": given[weight], "delay": DELAY}
        if given["model"] == "glif_psc":
            spec["receptor_type"] = 1
        nest.Connect(source, neurons[0], syn_spec=spec)
    times, values = zip(*given["step"])
    step = nest.Create(
        "step_current_generator", params={"amplitude_times": times, "amplitude_values": values}
    )
    nest.Connect(step, neurons[0], syn_spec={"delay": DELAY})
    if "gap" in given:
        spec = {"synapse_model": "gap_junction", "weight": given["gap"]}
        nest.Connect(neurons[0], neurons[1], {"rule": "one_to_one", "make_symmetric": True}, spec)
    meter = nest.Create(
        "multimeter", params={"record_from": given["record"], "interval": given["interval"]}
    )
    recorder = nest.Create("spike_recorder")
    nest.Connect(meter, neurons)
    nest.Connect(neurons[0], recorder)
    nest.Simulate(given["duration"] + DT)
    found = {"spikes": np.rint(recorder.events["times"] / given["dt"]).astype(np.int32)}
    order = np.lexsort((meter.events["senders"], meter.events["times"].round(6)))
    for name in given["record"]:
        found[name] = np.asarray(meter.events[name])[order].reshape(-1, given["neurons"])
    return found


def record_nmda() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A neuron that fires once a step of current and opens the NMDA receptors of another."""
    start()
    sender, target = nest.Create("iaf_bw_2001", 2)
    nest.Connect(nest.Create("dc_generator", params={"amplitude": 700.0}), sender)
    target.set(V_th=1e3, conc_Mg2=1.5, gsl_error_tol=1e-9)
    spec = {"synapse_model": "static_synapse", "weight": 25.0, "delay": 1.0, "receptor_type": 3}
    nest.Connect(sender, target, syn_spec=spec)
    step = nest.Create(
        "step_current_generator",
        params={
            "amplitude_times": [40.0, 80.0, 120.0],
            "amplitude_values": [800.0, 1500.0, -400.0],
        },
    )
    nest.Connect(step, target, syn_spec={"delay": DELAY})
    meter = nest.Create("multimeter", params={"record_from": ["V_m", "s_NMDA"], "interval": 0.1})
    nest.Connect(meter, target)
    nest.Simulate(150.0 + DT)
    parameters = {k: v for k, v in target.get().items() if isinstance(v, float)}
    given = {
        "model": "iaf_bw_2001",
        "parameters": {k: v for k, v in parameters.items() if np.isfinite(v)},
        "step": [[40.0, 800.0], [80.0, 1500.0], [120.0, -400.0]],
        "dt": DT,
        "interval": 0.1,
        "duration": 150.0,
    }
    return given, {name: meter.events[name].reshape(-1, 1) for name in ("V_m", "s_NMDA")}


def trains(model: str, size: int, ms: float, **parameters: Any) -> list[np.ndarray]:
    """Spike times of `size` trains: of one generator, which gives each target its own."""
    start(seed=7)
    source = nest.Create(model, params=parameters)
    parrots = nest.Create("parrot_neuron", size)
    recorder = nest.Create("spike_recorder")
    nest.Connect(source, parrots, syn_spec={"delay": DT})
    nest.Connect(parrots, recorder)
    nest.Simulate(ms)
    times, senders = recorder.events["times"], recorder.events["senders"]
    return [np.sort(times[senders == parrot]) for parrot in parrots.global_id]


def counts_of(found: list[np.ndarray], bins: np.ndarray) -> np.ndarray:
    """Spikes of each train in each bin."""
    return np.array([np.histogram(times, bins)[0] for times in found])


def record_generators() -> dict[str, dict[str, Any]]:
    """Rate and CV of each train, averaged, with standard errors; and what else defines it."""
    size, ms = 100, 10_000.0
    asked = {
        "poisson_generator": {"rate": 30.0},
        "gamma_sup_generator": {"rate": 30.0, "gamma_shape": 4, "n_proc": 1},
        "sinusoidal_poisson_generator": {"rate": 30.0, "amplitude": 20.0, "frequency": 5.0},
        "mip_generator": {"rate": 30.0, "p_copy": 0.3},
    }
    results = {}
    for model, parameters in asked.items():
        found = trains(model, size, ms, **parameters)
        rates = [len(times) / ms * 1e3 for times in found]
        cvs = [np.diff(times).std() / np.diff(times).mean() for times in found]
        results[model] = {"parameters": parameters, **mean_of("rate", rates), **mean_of("cv", cvs)}
        if model == "mip_generator":
            pairs = np.corrcoef(counts_of(found, np.arange(0, ms + 1, 20.0)))
            results[model]["correlation"] = float(pairs[np.triu_indices(size, 1)].mean())
            results[model]["rate_sem"] = float(0.3 * np.sqrt(30.0 / (ms / 1e3)))
        if model == "sinusoidal_poisson_generator":
            folded = np.concatenate(found) % 200.0
            per_bin = np.histogram(folded, 10, (0, 200.0))[0] / (size * ms / 200.0 * 0.02)
            results[model]["by_phase"] = per_bin.tolist()
    return results


def mean_of(name: str, values: Any) -> dict[str, float]:
    """Mean and standard error."""
    values = np.asarray(values)
    return {
        name: float(values.mean()),
        f"{name}_sem": float(values.std(ddof=1) / np.sqrt(len(values))),
    }


def record_noise() -> dict[str, Any]:
    """Potentials of neurons that do not fire, under a noise current of their own.

    Sampled every 0.7 ms, so at every phase of the noise, which changes every millisecond.
    """
    start(seed=3)
    noise = {"mean": 100.0, "std": 300.0, "dt": 1.0}
    neurons = nest.Create("iaf_psc_exp", 400, params={"V_th": 1e6, "tau_m": 5.0})
    nest.Connect(nest.Create("noise_generator", params=noise), neurons)
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 0.7})
    nest.Connect(meter, neurons)
    nest.Simulate(550.5)
    v = meter.events["V_m"].reshape(-1, 400)[70:]
    centred = v - v.mean()
    lag = (centred[10:] * centred[:-10]).mean() / centred.var()
    return {
        "parameters": noise | {"tau_m": 5.0, "C_m": 250.0, "E_L": -70.0},
        **mean_of("mean", v.mean(axis=0)),
        **mean_of("sd", v.std(axis=0)),
        "correlation_7ms": float(lag),
    }


def record_escape() -> dict[str, Any]:
    """Rates of pp_psc_delta for constant currents: exponential escape, reset, dead time."""
    parameters = {"c_1": 0.0, "c_2": 2.0, "c_3": 0.25, "dead_time": 2.0, "tau_m": 10.0}
    rates = {}
    for current in (100.0, 300.0, 500.0):
        start(seed=5)
        neurons = nest.Create("pp_psc_delta", 200, params=parameters | {"I_e": current})
        recorder = nest.Create("spike_recorder", params={"start": 100.0})
        nest.Connect(neurons, recorder)
        nest.Simulate(2100.0)
        each = np.bincount(recorder.events["senders"] - 1, minlength=200) / 2.0
        rates[f"{current:g}"] = mean_of("rate", each)
    return {"parameters": parameters | {"C_m": 250.0}, "rates": rates}


def main() -> None:
    """Record everything into the file that is named."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    arrays = {}
    for name, given in CASES.items():
        for what, values in record_case(given).items():
            arrays[f"{name}.{what}"] = values
    cases: dict[str, Any] = dict(CASES)
    cases["nmda"], found = record_nmda()
    arrays |= {f"nmda.{name}": values for name, values in found.items()}
    about = {
        "nest": nest.__version__,
        "made": datetime.date.today().isoformat(),
        "delay": DELAY,
        "excitation": EXCITATION,
        "inhibition": INHIBITION,
        "cases": cases,
        "trains": record_generators(),
        "noise": record_noise(),
        "escape": record_escape(),
    }
    path = Path(sys.argv[1])
    np.savez_compressed(path, about=np.array(json.dumps(about)), **arrays)
    print(f"{path}: {path.stat().st_size} bytes, {len(cases)} cases, NEST {nest.__version__}")
    for name in cases:
        print(f"{name}: {len(arrays.get(f'{name}.spikes', []))} spikes")


if __name__ == "__main__":
    main()
