"""A class added from a few shots by a rule of Loihi's learning engine, in the last layer.

    python benchmarks/chips_loihi_learning.py

The convolutions of the zoo's `digits-camera-chips` send spikes; ten neurons on the chip learn from
them, in the order: nine digits, a test, the tenth from a few samples, a test of all. A teacher
makes the neuron of a sample's class fire at its end, and the rule moves that neuron's weights
towards what the sources' traces hold then; a reward of 1 says when there is anything to learn.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.zoo.tasks import task

#: Steps of a sample, silence before it; one learning epoch in all.
STEPS, SILENT = 20, 16
EPOCH = STEPS + SILENT
RULE = "2^-1*r1*x1*y0 - 5*r1*y0 - 2^-2*r1*w*y0"


def features(inputs: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Steps and numbers of the spikes of the last convolution, for each sample, on Loihi 2."""
    quantised = sp.chips.Loihi2().quantise(sp.zoo.load("digits-camera-chips"))
    found = []
    for start in range(0, len(inputs), 15):
        part = inputs[start : start + 15]
        simulation = sp.Simulation(
            quantised.network, dt=1.0, precision="float64", trials=len(part)
        )  # fmt: skip
        for trial, sample in enumerate(part):
            step, unit = np.nonzero(sample)
            simulation.inject("events", times=step + 1.0, ids=unit, trial=trial)
        simulation.advance(STEPS, progress=False)
        record = simulation.recording()["shapes"]
        for trial in range(len(part)):
            mine = record.trials == trial if record.trials is not None else slice(None)
            found.append((np.rint(record.times[mine]).astype(int), record.ids[mine]))
    return found


def network(shown: list[tuple[np.ndarray, np.ndarray]], taught: np.ndarray) -> sp.Network:
    """Samples one after the other; `taught` is the class of each, or -1 where nothing is said."""
    net = sp.Network(seed=1)
    shapes = net.add(sp.Population("shapes", 384, sp.SpikeSource()))
    teacher = net.add(sp.Population("teacher", 10, sp.SpikeSource()))
    model = sp.NeuronModel("v[t+1] = 0.8*v : 1", threshold="v >= 4", reset="v = 0",
                           dimensionless=True, default_synapse="Delta")  # fmt: skip
    named = net.add(sp.Population("named", 10, model))
    at = [EPOCH * k + SILENT + steps for k, (steps, _) in enumerate(shown)]
    ids = [ids for _, ids in shown]
    net.drive(shapes, sp.SpikeTrains(times=np.concatenate(at) * 1.0, ids=np.concatenate(ids)))
    said = np.flatnonzero(taught >= 0)
    ends = EPOCH * (said + 1.0) - 1.0
    net.drive(teacher, sp.SpikeTrains(times=ends, ids=taught[said]))
    net.connect(shapes, named, sp.AllToAll(), sp.Delta(weight=0.0, delay=1.0), name="learned")
    net.connect(teacher, named, sp.OneToOne(), sp.Delta(weight=8.0, delay=1.0))
    net.record(named, "v")
    return net


def few_shots(shots: int = 5, old: int = 20, new: int = 9, tested: int = 100) -> dict[str, Any]:
    """Learn nine digits from `old` samples each, then `new` from `shots`; accuracies.

    Returns
    -------
    dict
        Of the classes that were there before and after the new one came, of the new one, and of
        all; ``forgotten`` is by how much the first has become less.
    """
    (train, labels), (test, truth) = (task("digits-camera").samples(p) for p in ("train", "test"))
    rng = np.random.default_rng(0)
    first = np.concatenate([np.flatnonzero(labels == c)[:old] for c in range(10) if c != new])
    rng.shuffle(first)
    second = np.flatnonzero(labels == new)[:shots]
    asked = np.linspace(0, len(test) - 1, tested).astype(int)
    before = asked[truth[asked] != new]
    shown = features(np.concatenate([train[first], test[before], train[second], test[asked]]))
    silent = np.full(len(before), -1), np.full(len(asked), -1)
    taught = np.concatenate([labels[first], silent[0], labels[second], silent[1]])
    turns = np.cumsum([0, len(first), len(before), len(second)])
    reward = sp.Signal(EPOCH * turns + np.array([0.0, 0.5, 0.5, 0.5]), [1, 0, 1, 0])
    rule = sp.chips.LoihiRule(
        dw=RULE, x1=(40, 10), learning_epoch=EPOCH, w_max=1 / 128, reward=reward
    )
    chip = sp.chips.Loihi2(learning={"learned": rule})
    run = network(shown, taught).run(EPOCH * len(shown), on=chip)
    v = run["named", "v"].values[0].reshape(len(shown), EPOCH, 10)[:, SILENT:].mean(1)
    start, end = turns[1], turns[3]
    known = v[start : start + len(before)].copy()
    known[:, new] = -np.inf
    once, now = known.argmax(1), v[end:].argmax(1)
    right = now == truth[asked]
    is_new = truth[asked] == new
    made = {
        "old classes before": float((once == truth[before]).mean()),
        "old classes after": float(right[~is_new].mean()),
        "new class": float(right[is_new].mean()),
        "all": float(right.mean()),
        "learning updates": run.ledger.total("learning updates"),
    }
    made["forgotten"] = made["old classes before"] - made["old classes after"]
    return made | {"shots": shots, "samples of old classes": old, "tested": len(asked)}


if __name__ == "__main__":
    for shots in (1, 2, 5, 10, 20):
        print(json.dumps(few_shots(shots)))
