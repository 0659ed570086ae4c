"""Record what Brian2 2.9 does with models that are texts alone: ``python make_brian2.py``.

Run it with the Python of an environment that has Brian2; it writes brian2.npz beside itself.
Everything that a model needs is in the file, as text: the test gives the same texts to Spikestack.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    prefs,
    start_scope,
)

prefs.codegen.target = "numpy"
UNITS = {
    name: getattr(brian2, name)
    for name in ["ms", "mV", "pA", "nA", "nS", "uS", "pF", "nF", "Mohm", "Hz"]
}

LIF = {
    "model": "dv/dt = (El - v + R*I)/tau : volt (unless refractory)\nI : amp (constant)",
    "threshold": "v > -50*mV",
    "reset": "v = Vr",
    "refractory": "5 ms",
    "namespace": {"El": "-65 mV", "R": "100 MOhm", "tau": "10 ms", "Vr": "-70 mV"},
    "values": {"I": ["nA", 0.1, 0.16, 0.25, 0.4]},
    "start": {"v": ["mV", -65.0, -60.0, -64.0, -51.0]},
    "watch": "v",
}
COBA = {
    "model": """
        dv/dt = (ge*(Ee - v) + gi*(Ei - v) - (v - El)*gl)/Cm : volt (unless refractory)
        dge/dt = -ge*(1./taue) : siemens  # excitation
        dgi/dt = -gi*(1./taui) : siemens
    """,
    "threshold": "v > Vt",
    "reset": "v = Vr",
    "refractory": "5 ms",
    "namespace": {
        "Ee": "0 mV", "Ei": "-80 mV", "El": "-60 mV", "gl": "10 nS", "Cm": "200 pF",
        "taue": "5 ms", "taui": "10 ms", "Vt": "-50 mV", "Vr": "-60 mV",
    },
    "values": {},
    "start": {"v": ["mV", -60.0, -55.0, -52.0]},
    "watch": "v",
    "input": {"ge": ["12 nS", 3.0, 4.1, 4.2, 9.0, 9.5, 10.0, 10.1, 12.0, 20.0, 20.5, 21.0],
              "gi": ["30 nS", 15.0, 24.0]},
}  # fmt: skip
HH = {
    "model": """
        dv/dt = (gl*(El-v)+
                 g_na*(m*m*m)*h*(ENa-v)+
                 g_kd*(n*n*n*n)*(EK-v) + I)/Cm : volt
        dm/dt = alpha_m*(1-m)-beta_m*m : 1
        dn/dt = alpha_n*(1-n)-beta_n*n : 1
        dh/dt = alpha_h*(1-h)-beta_h*h : 1
        alpha_m = 0.32*(mV**-1)*4*mV/exprel((13*mV-v+VT)/(4*mV))/ms : Hz
        beta_m = 0.28*(mV**-1)*5*mV/exprel((v-VT-40*mV)/(5*mV))/ms : Hz
        alpha_h = 0.128*exp((17*mV-v+VT)/(18*mV))/ms : Hz
        beta_h = 4./(1+exp((40*mV-v+VT)/(5*mV)))/ms : Hz
        alpha_n = 0.032*(mV**-1)*5*mV/exprel((15*mV-v+VT)/(5*mV))/ms : Hz
        beta_n = .5*exp((10*mV-v+VT)/(40*mV))/ms : Hz
        I : amp
    """,
    "threshold": "v > -20*mV",
    "reset": "",
    "refractory": "3 ms",
    "method": "rk4",
    "dt": 0.02,
    "duration": 15.0,
    "namespace": {
        "gl": "10 nS", "El": "-60 mV", "EK": "-90 mV", "ENa": "50 mV", "g_na": "20 uS",
        "g_kd": "6 uS", "VT": "-63 mV", "Cm": "200 pF",
    },
    "values": {"I": ["nA", 0.1, 0.3, 0.6]},
    "start": {"v": ["mV", -60.0, -60.0, -62.0]},
    "watch": "v",
}  # fmt: skip
ADEX = {
    "model": """
        dvm/dt = (gL*(EL - vm) + gL*DeltaT*exp((vm - VT)/DeltaT) + I - w)/C : volt
        dw/dt = (a*(vm - EL) - w)/tauw : amp
        I : amp
    """,
    "threshold": "vm > Vcut",
    "reset": "vm = Vr; w += b",
    "refractory": False,
    "namespace": {
        "C": "281 pF", "gL": "30 nS", "EL": "-70.6 mV", "VT": "-50.4 mV", "DeltaT": "2 mV",
        "Vcut": "-40.4 mV", "tauw": "144 ms", "a": "4 nS", "b": "80.5 pA", "Vr": "-70.6 mV",
    },
    "values": {"I": ["nA", 0.6, 0.8, 1.0]},
    "start": {"vm": ["mV", -70.6, -70.6, -65.0]},
    "watch": "vm",
}  # fmt: skip
IZHIKEVICH = {
    "model": """
        dv/dt = (0.04/ms/mV)*v**2 + (5/ms)*v + 140*mV/ms - u + I : volt
        du/dt = a*(b*v - u) : volt/second
        I : volt/second
    """,
    "threshold": "v >= 30*mV",
    "reset": "v = c\nu += d",
    "refractory": False,
    "namespace": {"a": "0.02 1/ms", "b": "0.2 1/ms", "c": "-65 mV", "d": "8 mV/ms"},
    "values": {"I": ["mV/ms", 5.0, 10.0, 20.0]},
    "start": {"v": ["mV", -70.0, -65.0, -70.0], "u": ["mV/ms", -14.0, -13.0, -14.0]},
    "watch": "v",
}
FUNCTIONS = {
    "model": """
        drive = int(t > 5*ms)*g + sign(x)*0.1 + 0.05*ceil(x*3) + x % 0.3 + x//0.2*0.01 : 1
        more = tan(x)*0.1 + cosh(x)*0.1 + expm1(x)*0.1 + log10(x + 2) + log1p(x + 1) : 1
        dx/dt = (drive + more*0.3 - x**2 - abs(x)**1.5 + clip(x, 0, 1)*pi*0.1)/tau
                - (tau*20*ms)**-0.5*floor(2*x)*0.1 : 1
        g : 1 (constant)
        fired : integer
        on : boolean
    """,
    "threshold": "x > 1.1 and (not on or x > 1.2)",
    "reset": "x = 0.1*exp(-fired*0.5); fired += 1",
    "refractory": "1 ms",
    "namespace": {"tau": "5 ms"},
    "values": {"g": ["1", 2.0, 3.0, 4.0], "on": ["1", 0.0, 1.0, 0.0]},
    "start": {"x": ["1", 0.3, -0.2, 0.0]},
    "watch": "x",
}
HELD = "(unless refractory)"
CASES: dict[str, dict[str, Any]] = {
    "lif_exact": {**LIF, "method": "exact"},
    "lif_euler": {**LIF, "method": "euler"},
    "lif_not_held": {**LIF, "method": "euler", "model": LIF["model"].replace(HELD, "")},
    "coba_euler": {**COBA, "method": "euler"},
    "hh_rk4": HH,
    "hh_exponential_euler": {**HH, "method": "exponential_euler"},
    "adex_euler": {**ADEX, "method": "euler"},
    "izhikevich_euler": {**IZHIKEVICH, "method": "euler"},
    "functions_euler": {**FUNCTIONS, "method": "euler"},
}  # fmt: skip
STDP = {
    "model": """
        w : volt
        dApre/dt = -Apre/taupre : volt (event-driven)
        dApost/dt = -Apost/taupost : volt (event-driven)
    """,
    "on_pre": "v_post += w\nApre += dApre\nw = clip(w + Apost, 0*mV, wmax)",
    "on_post": "Apost += dApost\nw = clip(w + Apre, 0*mV, wmax)",
    "namespace": {
        "taupre": "20 ms", "taupost": "15 ms", "dApre": "0.1 mV", "dApost": "-0.12 mV",
        "wmax": "0.7 mV",
    },
    "pre": [3.0, 11.0, 17.0, 33.3, 41.0, 60.0, 61.5],
    "post": [5.0, 9.0, 19.0, 30.0, 44.0, 58.0, 66.0],
    "w": [0.3, 0.65],
}  # fmt: skip
DURATION = 60.0
#: A network of the conductance-based benchmark's cells, driven by their leak; 20 in 100 inhibit.
NETWORK = {
    "model": COBA["model"],
    "threshold": "v > Vt",
    "reset": "v = Vr",
    "refractory": "5 ms",
    "namespace": {**COBA["namespace"], "El": "-49 mV"},
    "size": 100,
    "excitatory": 80,
    "sources": 12,
    "weights": {"ge": "12 nS", "gi": "80 nS"},
    "delay": 0.5,
    "duration": 120.0,
}


def quantity(text: str) -> Any:
    number, _, unit = text.partition(" ")
    made = float(number)
    top, _, bottom = unit.replace("MOhm", "Mohm").partition("/")
    made = made * (UNITS[top] if top not in ("", "1") else 1)
    return made / UNITS[bottom] if bottom else made


def several(given: list[Any]) -> Any:
    return np.array(given[1:]) * (quantity(f"1 {given[0]}") if given[0] != "1" else 1)


def group(case: dict[str, Any]) -> NeuronGroup:
    refractory = case["refractory"]
    size = len(next(iter(case["start"].values()))) - 1
    made = NeuronGroup(
        size,
        case["model"],
        threshold=case["threshold"],
        reset=case["reset"],
        refractory=quantity(refractory) if refractory else False,
        method=case["method"],
        dt=case.get("dt", 0.1) * ms,
        namespace={name: quantity(text) for name, text in case["namespace"].items()},
    )
    for name, given in {**case["values"], **case["start"]}.items():
        setattr(made, name, several(given).astype(bool) if name == "on" else several(given))
    return made


def run(case: dict[str, Any]) -> dict[str, np.ndarray]:
    start_scope()
    cells = group(case)
    dt = case.get("dt", 0.1) * ms
    net = Network(cells)
    for name, given in case.get("input", {}).items():
        times = given[1:]
        train = SpikeGeneratorGroup(1, [0] * len(times), times * ms, dt=dt)
        synapses = Synapses(train, cells, on_pre=f"{name} += step", dt=dt,
                            namespace={"step": quantity(given[0])})  # fmt: skip
        synapses.connect()
        net.add(train, synapses)
    trace = StateMonitor(cells, case["watch"], record=True, dt=0.5 * ms)
    spikes = SpikeMonitor(cells)
    net.add(trace, spikes)
    net.run(case.get("duration", DURATION) * ms)
    unit = case["start"][case["watch"]][0]
    values = getattr(trace, case["watch"]) / (quantity(f"1 {unit}") if unit != "1" else 1)
    return {
        "trace": np.asarray(values),
        "spike_i": np.asarray(spikes.i),
        "spike_t": np.asarray(spikes.t / ms),
    }


def run_stdp() -> dict[str, np.ndarray]:
    start_scope()
    told, n = STDP, len(STDP["w"])
    space = {name: quantity(text) for name, text in told["namespace"].items()}
    post = SpikeGeneratorGroup(1, [0] * len(told["post"]), told["post"] * ms, dt=0.1 * ms)
    pre = SpikeGeneratorGroup(1, [0] * len(told["pre"]), told["pre"] * ms, dt=0.1 * ms)
    force = 100 * brian2.mV
    cells = NeuronGroup(n, "dv/dt = -v/tau : volt", threshold="v > 50*mV", reset="v = 0*mV",
                        method="exact", namespace={"tau": 10 * ms}, dt=0.1 * ms)  # fmt: skip
    fire = Synapses(post, cells, on_pre="v += force", namespace={"force": force}, dt=0.1 * ms)
    fire.connect()
    plastic = Synapses(pre, cells, told["model"], on_pre=told["on_pre"], on_post=told["on_post"],
                       namespace=space, dt=0.1 * ms)  # fmt: skip
    plastic.connect()
    plastic.w = np.array(told["w"]) * brian2.mV
    weights = StateMonitor(plastic, "w", record=True, dt=1 * ms)
    spikes = SpikeMonitor(cells)
    trace = StateMonitor(cells, "v", record=True, dt=0.5 * ms)
    Network(post, pre, cells, fire, plastic, weights, spikes, trace).run(80 * ms)
    return {
        "w": np.asarray(weights.w / brian2.mV),
        "end": np.asarray(plastic.w / brian2.mV),
        "trace": np.asarray(trace.v / brian2.mV),
        "spike_t": np.asarray(spikes.t / ms),
    }


def run_network() -> dict[str, np.ndarray]:
    start_scope()
    told, dt = NETWORK, 0.1 * ms
    size, k = told["size"], told["sources"]
    rng = np.random.default_rng(7)
    start = rng.uniform(-60.0, -50.0, size)
    pre = np.concatenate([rng.choice(size, k, replace=False) for _ in range(size)])
    post = np.repeat(np.arange(size), k)
    space = {name: quantity(text) for name, text in told["namespace"].items()}
    cells = NeuronGroup(size, told["model"], threshold=told["threshold"], reset=told["reset"],
                        refractory=quantity(told["refractory"]), method="euler", dt=dt,
                        namespace=space)  # fmt: skip
    cells.v = start * brian2.mV
    spikes = SpikeMonitor(cells)
    net = Network(cells, spikes)
    for name, chosen in (("ge", pre < told["excitatory"]), ("gi", pre >= told["excitatory"])):
        synapses = Synapses(cells, cells, on_pre=f"{name}_post += step", dt=dt,
                            delay=told["delay"] * ms,
                            namespace={"step": quantity(told["weights"][name])})  # fmt: skip
        synapses.connect(i=pre[chosen], j=post[chosen])
        net.add(synapses)
    net.run(told["duration"] * ms)
    return {
        "start": start,
        "pre": pre.astype(np.int16),
        "post": post.astype(np.int16),
        "spike_i": np.asarray(spikes.i, dtype=np.int16),
        "spike_step": np.rint(spikes.t / dt).astype(np.int32),
    }


def main() -> None:
    """Write brian2.npz."""
    found = {}
    for name, case in CASES.items():
        for part, array in run(case).items():
            found[f"{name}.{part}"] = array
        print(name, len(found[f"{name}.spike_t"]), "spikes")
    found |= {f"stdp.{part}": array for part, array in run_stdp().items()}
    found |= {f"network.{part}": array for part, array in run_network().items()}
    print("network", len(found["network.spike_i"]), "spikes")
    about = {
        "network": NETWORK,
        "brian2": brian2.__version__,
        "cases": CASES,
        "stdp": STDP,
        "duration": DURATION,
    }
    path = Path(__file__).with_name("brian2.npz")
    np.savez_compressed(path, about=json.dumps(about), **found)
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
