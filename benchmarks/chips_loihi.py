"""What is published of Loihi, Pohoiki Springs, Loihi 2 and Hala Point, found again.

    python benchmarks/chips_loihi.py [--peer-python PATH]

One row of JSON for each target of reproduction: what was published, what was found, the band. With
an interpreter that has SANA-FE 2.2.9, networks run there as well, and both price what they counted.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import chips_speed
import numpy as np

import spikestack as sp
from spikestack.chips.catalogue.pohoiki import PohoikiSprings
from spikestack.chips.learning.engine import Learner, Widths
from spikestack.chips.ledger import Ledger
from spikestack.chips.replaying import replay

TRACES = Path(__file__).parent.parent / "tests" / "vectors" / "chips"


def row(name: str, what: str, published: Any, found: Any, band: str, ok: bool | None,
        **more: Any) -> dict[str, Any]:  # fmt: skip
    """One line of the table; `ok` is None where nothing can be decided."""
    return {"id": name, "what": what, "published": published, "found": found, "band": band,
            "ok": ok, **more}  # fmt: skip


def keyword_network(steps: int, seed: int = 1) -> sp.Network:
    """390-256-256-29 integrate-and-fire neurons with random weights; about a tenth fire."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=seed)
    model = sp.NeuronModel("v[t+1] = 0.9*v : 1", threshold="v >= 1", reset="v = 0",
                           dimensionless=True, default_synapse="Delta")  # fmt: skip
    sizes = {"audio": 390, "one": 256, "two": 256, "letters": 29}
    at, ids = np.nonzero(rng.random((steps, 390)) < 0.1)
    before = None
    for name, size in sizes.items():
        kind = model if before is not None else sp.SpikeSource()
        now = net.add(sp.Population(name, size, kind))
        if before is None:
            net.drive(now, sp.SpikeTrains(times=at + 1.0, ids=ids))
        else:
            weights = rng.normal(0.0, 0.1, (before.size, size))
            net.connect(before, now, sp.Dense(weights), sp.Delta(weight=1.0, delay=1.0))
            net.record(now, "spikes")
        before = now
    return net


def r1(inferences: int = 20, steps: int = 10) -> dict[str, Any]:
    """Keyword spotting, Blouw et al. 2019: 0.27 mJ of dynamic energy at 296 inferences a second.

    Counted are the events of `steps` steps an inference (an assumption), by the prices fitted to
    silicon. What is counted is a small part: while an inference lasts, the chip's x86 cores, which
    bring spikes in and out, draw the 65 mW that Frady et al. 2020 give for them. Static power is
    in neither, as in the published figure, which is of running less idle.
    """
    run = keyword_network(inferences * steps).run(inferences * steps, on=sp.chips.Loihi())
    bill = run.bill()
    events = sum(bill.dynamic.values()) / inferences
    lasts = 1.0 / 296.0
    processors = float(sp.chips.Loihi.processor_power) * 1e-3 * lasts
    found = events + processors
    fires = run.ledger.total("spikes") / (inferences * steps * 541)
    return row("R1", "J per inference, keywords", 2.7e-4, found, "a factor of 2",
               0.5 < found / 2.7e-4 < 2.0, events=events, processors=processors,
               static=bill.static / inferences, steps=steps, active=fires,
               to_cpu=6.3e-3 / found, to_gpu=29.8e-3 / found)  # fmt: skip


def r4() -> dict[str, Any]:
    """SANA-FE's energies from its counts, and its two worked steps."""
    worst = 0.0
    for case in json.loads((TRACES / "sana_fe.json").read_text()):
        kind = {"loihi_dense_synapse": "dense", "loihi_sparse_synapse": "sparse"}
        counts = {
            "accesses": case["neurons"] * case["steps"], "driven updates": case["updated"],
            "spikes": case["fired"], "messages": case["packets"],
            f"{kind.get(case['synapse'], 'convolutional')} events": case["events"],
            "hops east-west": case["hops_x"], "hops north-south": case["hops_y"],
        }  # fmt: skip
        ledger = Ledger({name: np.array([number]) for name, number in counts.items()})
        total = sp.chips.Loihi.prices["fit"].of(ledger, case["sim_time"], chips=0).total
        worst = max(worst, abs(total / case["energy"]["total"] - 1.0))
    prices, seconds = sp.chips.Loihi.prices["fit"], []
    for driven in (64, 0):
        by_step = {"accesses": np.array([[64]]), "driven updates": np.array([[driven]])}
        ledger = Ledger({n: c.sum(0) for n, c in by_step.items()}, by_step)
        seconds.append(1e9 * float(prices.step_seconds(ledger, 1)[0]))
    close = np.allclose(seconds, [1220.8, 984.0], rtol=1e-9)
    return row("R4", "energy of SANA-FE's counts, relative; ns of two steps", [0, 1220.8, 984.0],
               [worst, *seconds], "1e-9", bool(worst < 1e-9 and close))  # fmt: skip


def r4_run(python: str) -> dict[str, Any]:
    """Random networks run here and by SANA-FE: what both count, and both energies."""
    worst, equal, steps = 0.0, True, []
    for kind in ("dense", "sparse", "convolutional"):
        given = chips_speed.drawn("synapses", fan=20, steps=200) | {"format": np.array(kind)}
        made = chips_speed.mapped(given)
        _, ours = chips_speed.run(given, made, 1)
        theirs = chips_speed.peer(python, given, made, 1, "simple")
        if "counted" not in theirs:
            return row("R4", "run by SANA-FE", 0, None, "1e-9", None, note=theirs["missing"])
        found = chips_speed.compared(ours, theirs)
        equal &= all(mine == other for mine, other in found["compared"].values())
        worst = max(worst, abs(found["energy_apart"]))
        steps.append(found["time_apart"])
    return row("R4", "run by SANA-FE: counts equal; energy, relative; steps longer here, relative",
               [True, 0], [equal, worst, steps], "equal; 1e-9",
               bool(equal and worst < 1e-9))  # fmt: skip


def r5() -> dict[str, Any]:
    """Pohoiki Springs, Frady et al. 2020: its static power, and its barriers."""
    chip = PohoikiSprings()
    none = Ledger({"steps": np.array([0])})
    watts = chip.table().of(none, 1.0, chips=int(chip.box_chips)).static
    waits = [1e6 * float(chip.table().step_seconds(_empty(), 32 * n)[0]) for n in (256, 768)]
    ok = abs(watts / (3.34 / 32 * 768) - 1) < 0.01 and np.allclose(waits, [14.3, 16.2])
    return row("R5", "W static; us of a barrier of 256 and of 768 chips", [80.16, 14.3, 16.2],
               [watts, *waits], "1 %", bool(ok),
               note="steps of 5.8 to 13 us are published too, shorter than these")  # fmt: skip


def _empty() -> Ledger:
    by_step = {"accesses": np.zeros((1, 1), np.int64)}
    return Ledger({"accesses": np.zeros(1, np.int64)}, by_step)


def r6() -> dict[str, Any]:
    """Davies et al. 2021 survey energy times delay against processors; here that of R1 alone.

    37 times is of another network than R1's, sequential digits: of that one nothing measured on a
    processor is at hand. So nothing is decided.
    """
    found = r1()["found"]
    ratio = (6.3e-3 / 1814) / (found / 296)
    return row("R6", "energy times delay, processor to Loihi", 37, ratio, "none", None,
               note="keyword spotting, Blouw's processor; 37 is of another network")  # fmt: skip


def r8() -> dict[str, Any]:
    """Hala Point's totals from those of a chip."""
    box = sp.chips.HalaPoint()
    found = box.totals()
    published = {
        "cores": float(box.box_cores), "neurons": float(box.box_neurons),
        "synapses": float(box.box_synapses), "watts": 2.26, "pJ": 6.8, "ns": 0.37,
    }  # fmt: skip
    apart = {name: found[name] / published[name] - 1 for name in published}
    ok = found["cores"] == published["cores"] and max(map(abs, apart.values())) < 0.05
    return row("R8", "Hala Point", published, found, "cores equal, others 5 %", bool(ok))


def r13(neurons: int = 4000) -> dict[str, Any]:
    """Brian2Loihi: states equal to its traces, and plasticity's traces in distribution."""
    replayed = replay(TRACES / "brian2_loihi_s1.npz")
    rule = sp.chips.LoihiRule(dw="x1*y0", x1=(20.25, 10))
    everyone, nobody = np.arange(neurons), np.zeros(0, int)
    ours = Learner(rule, "r13", 1, everyone, np.zeros(neurons, int), (neurons, 1),
                   np.zeros(neurons), Widths(9, 1))  # fmt: skip
    rng, plain, worst = np.random.default_rng(0), np.zeros(neurons), 0.0
    for step in range(1, 61):
        fires = step % 12 == 1
        ours.step(step, everyone if fires else nobody, nobody)
        plain = np.floor(plain * np.exp(-0.1) + rng.random(neurons))
        plain = np.minimum(plain + (np.floor(20.25 + rng.random(neurons)) if fires else 0), 127)
        spread = max(float(plain.std()), 0.5) * np.sqrt(2 / neurons)
        worst = max(worst, abs(float(ours.traces["x1"].mean() - plain.mean())) / spread)
    return row("R13", "states equal; greatest distance of means in standard errors, 60 steps",
               [True, "below 4"], [replayed.is_equal, worst], "equal; 4",
               bool(replayed.is_equal and worst < 4))  # fmt: skip


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="an interpreter that has SANA-FE")
    python = parser.parse_args().peer_python
    for target in (r1, r4, r5, r6, r8, r13):
        print(json.dumps(target()), flush=True)
    if python:
        print(json.dumps(r4_run(python)), flush=True)


if __name__ == "__main__":
    main()
