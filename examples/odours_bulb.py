"""The olfactory bulb of `odours.py`: its cells, a sniff to learn, sniffs to recall.

After Imam and Cleland 2020, Nat Mach Intell 2:181; docs/olfactory_bulb.md says what is different.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import spikestack as sp

DT = 0.5  # ms: a phase of the cycle; all times below are in such steps
CYCLE, PHASES, CYCLES = 50, 12, 5  # length; phases in which mitral cells fire; cycles of a sniff
SENSORS, SILENT = 72, 12  # so many of the weakest do not fire
CELLS, FAN_IN, FAN_OUT = 600, 36, 14  # new granule cells for an odour, and their mitral cells
NEW, LEARNED = 6, 4  # spikes at once that fire a granule cell before and after it has learned
LATEST = 8  # greatest delay from a mitral to a granule cell
ONSET, SETTLED = 24, 48  # delay of inhibition; where in the cycle all of it has come
FEW = 5  # granule cells that are too few to hold a mitral cell

#: Fires once a cycle: where input and rhythm meet, or, if held, when half of what holds it is gone.
MITRAL = sp.NeuronModel(
    """
    phase = (t - cycle*floor(t/cycle))/dt                : 1
    level[t+1] = i_syn/unit                              : 1
    held[t+1]  = where(phase == over, 0, held)           : mV
    most[t+1]  = where(phase == settled, held, most)     : mV
    fired[t+1] = where(phase == over, 0, fired)          : 1
    v[t+1]     = v                                       : mV
    """,
    threshold="(0 < phase <= phases and fired < 0.5 and level > 0 and"
    " ((most < few and level + phase > phases + 0.5) or (most >= few and held <= 0.5*most)))",
    reset="fired = 1",
    compartments={"spine": ("held", "i_spine")},
    parameters={
        "cycle": f"{CYCLE * DT} ms",
        "unit": "1 nA",
        "phases": float(PHASES),
        "over": float(PHASES + LATEST + 2),
        "settled": float(SETTLED),
        "few": f"{FEW} mV",
    },
    name="Mitral",
)
#: Forgets within a step or so, and fires once a cycle.
GRANULE = sp.LIF(tau_m=0.2, v_rest=0.0, v_reset=0.0, v_thresh=1.0, tau_refrac=15.0)
#: Counts steps since a spike of the source. A spike takes a step to the target, which fires at
#: once and tells the synapse a step later: whoever made it fire came two steps ago.
STEPS = {
    "pre_traces": "since[t+1] = since + 1 : 1",
    "pre_spike": "since = 0",
    "initial": {"since": 1000.0},
}
#: The first time a granule cell fires, synapses that took part grow, all others go.
TOGETHER = sp.PlasticityRule(
    name="Together",
    on_post="w = w if signal < 0.5 else where(since == 2, w_max, w_min)",
    w_max=1.05 / LEARNED,
    **STEPS,
)
#: Of many delays, those remain that end inhibition as the mitral cell fires.
RELEASE = sp.PlasticityRule(
    name="Release",
    on_post="w = w if signal < 0.5 else where(since == 2, w_min, w)",
    w_min=-1.0,
    w_max=0.0,
    **STEPS,
)


@dataclass
class Cells:
    """Granule cells that have learned, with all their synapses, one in a column."""

    count: int
    inputs: np.ndarray  # mitral cell, granule cell, delay
    holds: np.ndarray  # granule cell, mitral cell
    releases: np.ndarray  # granule cell, mitral cell, delay

    def joined(self, new: Cells) -> Cells:
        """These, and new ones behind them."""

        def behind(old: np.ndarray, more: np.ndarray, row: int) -> np.ndarray:
            shift = np.where(np.arange(len(more)) == row, self.count, 0)[:, None]
            return np.hstack([old, np.add(more, shift)])

        return Cells(
            self.count + new.count,
            behind(self.inputs, new.inputs, 1),
            behind(self.holds, new.holds, 0),
            behind(self.releases, new.releases, 0),
        )


def no_cells() -> Cells:
    """Nothing learned yet."""
    return Cells(0, *(np.zeros((rows, 0), dtype=np.int64) for rows in (3, 2, 3)))


def bulb(seed: int, known: Cells, young: int = 0) -> sp.Network:
    """Mitral cells, granule cells that have learned, and young ones that are about to."""
    net = sp.Network(seed)
    mitral = net.add(sp.Population("mitral", SENSORS, MITRAL))
    net.drive(mitral, sp.ExternalCurrent(), name="odour")
    net.record(mitral, "spikes")
    if known.count:
        cells = net.add(sp.Population("granule", known.count, GRANULE))
        net.record(cells, "spikes")
        pre, post, late = known.inputs
        excite = sp.Delta(weight=1.05 / LEARNED, delay=late * DT)
        net.connect(mitral, cells, sp.FromArrays(pre, post), excite)
        hold = sp.Delta(weight=1.0, delay=ONSET * DT, compartment="spine")
        net.connect(cells, mitral, sp.FromArrays(*known.holds), hold, name="hold")
        pre, post, late = known.releases
        release = sp.Delta(weight=-1.0, delay=late * DT, compartment="spine")
        net.connect(cells, mitral, sp.FromArrays(pre, post), release, name="release")
    if young:
        add_young(net, mitral, young, rng=numbers(seed, "young", known.count))
    return net


def add_young(net: sp.Network, mitral: sp.Population, n: int, rng: np.random.Generator) -> None:
    """New granule cells, joined at random; learning is let on for a cycle by a signal each."""
    cells = net.add(sp.Population("young", n, GRANULE))
    net.record(cells, "spikes")
    chosen = np.stack([rng.permutation(SENSORS) for _ in range(n)])
    pre, each = chosen[:, :FAN_IN].ravel(), np.arange(n)
    late = DT * rng.integers(0, LATEST, len(pre))
    first, third = sp.Signal([0.0, CYCLE * DT], [1, 0]), sp.Signal([2 * CYCLE * DT], [1])
    net.connect(
        mitral,
        cells,
        sp.FromArrays(pre, each.repeat(FAN_IN)),
        sp.Delta(weight=1.05 / NEW, delay=late, dendritic_delay=DT),
        name="learns together",
        plasticity=TOGETHER,
        modulator=first,
    )
    chosen = np.stack([rng.permutation(SENSORS)[:FAN_OUT] for _ in range(n)])
    delays = np.arange(CYCLE - PHASES - LATEST - 1, CYCLE + PHASES - 1)
    pre, post = each.repeat(FAN_OUT * len(delays)), chosen.ravel().repeat(len(delays))
    late = DT * np.tile(delays, n * FAN_OUT)
    net.connect(
        cells,
        mitral,
        sp.FromArrays(pre, post),
        sp.Delta(weight=0.0, delay=late, dendritic_delay=DT, compartment="spine"),
        name="learns release",
        plasticity=RELEASE,
        modulator=third,
    )


def numbers(seed: int, *purpose: str | int) -> np.random.Generator:
    """Random numbers for one purpose."""
    words = np.frombuffer(repr((seed, *purpose)).encode(), dtype=np.uint8)
    return np.random.default_rng(words.tolist())


def currents(phases: np.ndarray) -> np.ndarray:
    """What makes mitral cells fire at these phases (nA); of those that are silent, too little."""
    return np.where(phases < 0, 0.25, float(PHASES) - phases)


def teach(seed: int, known: Cells, phases: np.ndarray, young: int = CELLS, **run: Any) -> Cells:
    """One sniff of three cycles, and what granule cells there are then; known ones stay."""
    sim = sp.Simulation(bulb(seed, known, young), dt=DT, threads=1, **run)
    sim.set("odour", currents(phases))
    sim.forward(3 * CYCLE)
    recruited = np.unique(sim.recording()["young"].ids)
    place = np.full(young, -1)
    place[recruited] = np.arange(len(recruited))
    found, ends = sim.connections("learns together"), sim.connections("learns release")
    kept = (found.weight > 1.0 / LEARNED) & (place[found.post] >= 0)
    pairs = np.unique(np.stack([place[ends.pre], ends.post]), axis=1)
    released = ends.weight < -0.5
    new = Cells(
        len(recruited),
        np.stack([found.pre, place[found.post], steps(found)])[:, kept],
        pairs[:, pairs[0] >= 0],
        np.stack([place[ends.pre], ends.post, steps(ends)])[:, released],
    )
    return known.joined(new)


def steps(synapses: Any) -> np.ndarray:
    """Their delays, both parts together."""
    return np.rint(np.asarray(synapses.delay, dtype=float) / DT).astype(np.int64)


@dataclass
class Recall:
    """Phases of all mitral cells in all cycles (sniffs, cycles, sensors), -1 for none; spikes."""

    phases: np.ndarray
    spikes: dict[str, float]  # of a sniff


def recall(seed: int, known: Cells, sniffs: np.ndarray, **run: Any) -> Recall:
    """Smell phases (sniffs, sensors) one after the other, a cycle of clean air between them."""
    sim = sp.Simulation(bulb(seed, known), dt=DT, threads=1, **run)
    for phases in sniffs:
        sim.set("odour", currents(phases))
        sim.forward(CYCLES * CYCLE)
        sim.set("odour", 0.0)
        sim.forward(CYCLE)
    got = sim.recording()
    cycle, phase = np.divmod(got["mitral"].steps - 1, CYCLE)
    made = np.full((len(sniffs), CYCLES + 1, SENSORS), -1)
    made[cycle // (CYCLES + 1), cycle % (CYCLES + 1), got["mitral"].ids] = phase
    names = ("mitral", "granule") if known.count else ("mitral",)
    return Recall(made[:, :CYCLES], {name: len(got[name]) / len(sniffs) for name in names})
