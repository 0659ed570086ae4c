"""A class added from a few shots by a rule of Loihi's learning engine, in the last layer.

    python benchmarks/chips_loihi_learning.py

The convolutions of the zoo's `digits-camera-chips`, trained on all ten digits, send spikes; ten
neurons on a Loihi 2 learn from nothing what to make of them. Whenever an answer is wrong the host
makes the right neuron fire while the reward is 1, then the wrong one while it is -1, and the chip
adds the sources' traces to the weights of the one and takes them from those of the other. Nine
digits first; then the tenth from a few samples; what is left of the nine is the forgetting.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.chips.circuits.loihi2 import WIDTHS
from spikestack.chips.learning.running import LearningSimulation
from spikestack.zoo.tasks import task

RULE = "2^-4*r1*x1*y0"
#: Steps of a sample, and of all that follows it: four for the answer, four for each correction,
#: then all neurons are made to fire, which clears them, and traces fade.
STEPS, PERIOD, EPOCH = 20, 48, 4
RIGHT, WRONG, CLEAR = 24, 28, 32

Spikes = tuple[np.ndarray, np.ndarray]


def features(inputs: np.ndarray) -> list[Spikes]:
    """Steps and numbers of the spikes of the last convolution, for each sample, on Loihi 2."""
    quantised = sp.chips.Loihi2().quantise(sp.zoo.load("digits-camera-chips"))
    found: list[Spikes] = []
    for start in range(0, len(inputs), 15):
        part = inputs[start : start + 15]
        simulation = sp.Simulation(quantised.network, dt=1.0, precision="float64", trials=len(part))
        for trial, sample in enumerate(part):
            step, unit = np.nonzero(sample)
            simulation.inject("events", times=step + 1.0, ids=unit, trial=trial)
        simulation.advance(STEPS, progress=False)
        record = simulation.recording()["shapes"]
        for trial in range(len(part)):
            mine = record.trials == trial
            found.append((np.rint(record.times[mine]), record.ids[mine]))
    return found


class Reader:
    """The last layer on a chip, with the host that corrects it."""

    def __init__(self, presentations: int) -> None:
        net = sp.Network(seed=1)
        model = sp.NeuronModel("v[t+1] = v : 1", threshold="v >= 4", reset="v = 0",
                               dimensionless=True, default_synapse="Delta")  # fmt: skip
        named = net.add(sp.Population("named", 10, model))
        for name, size in (("shapes", 384), ("teacher", 10)):
            source = net.add(sp.Population(name, size, sp.SpikeSource()))
            net.drive(source, sp.ExternalSpikes(weight=1.0), name=name)
        net.connect(net["shapes"], named, sp.AllToAll(), sp.Delta(weight=0.0, delay=1.0),
                    name="learned")  # fmt: skip
        net.connect(net["teacher"], named, sp.OneToOne(), sp.Delta(weight=8.0, delay=1.0))
        begins = PERIOD * np.arange(presentations)[:, None]
        times = (begins + np.array([RIGHT, WRONG, CLEAR]) + 0.5).ravel()
        rule = sp.chips.LoihiRule(
            dw=RULE, x1=(24, 20), learning_epoch=EPOCH, w_max=1 / 128,
            reward=sp.Signal(times, np.tile([1, -1, 0], presentations)),
        )  # fmt: skip
        chip = sp.chips.Loihi2(learning={"learned": rule})
        self.simulation = LearningSimulation(chip.map(net), chip.learning, WIDTHS)
        program = self.simulation.program
        names = [p.name for p in program.populations]
        self.place = names.index("named")
        self.row = program.populations[self.place].states.index("v")

    def show(self, sample: Spikes, known: np.ndarray, label: int = -1) -> int:
        """Present a sample; the answer among the classes `known`, corrected if there is a label."""
        run, begin = self.simulation, float(self.simulation.step)
        run.inject("shapes", times=begin + sample[0], ids=sample[1])
        run.forward(RIGHT, progress=False)
        v = run.engine.state().values[self.place][0, self.row][known]
        answer = int(known[v.argmax()])
        if label >= 0 and (answer != label or np.ptp(v) == 0):
            run.inject("teacher", times=[begin + RIGHT + 1.0], ids=[label])
            if answer != label:
                run.inject("teacher", times=[begin + WRONG + 1.0], ids=[answer])
        clear = np.full(10, begin + CLEAR + 1.0)
        run.inject("teacher", times=clear, ids=np.arange(10))
        run.forward(PERIOD - RIGHT, progress=False)
        return answer


def few_shots(
    shots: int = 5,
    old: int = 20,
    passes: int = 4,
    new: int = 9,
    tested: int = 100,
    rehearsed: int = 0,
) -> dict[str, Any]:
    """Learn nine digits from `old` samples each, then `new` from `shots`.

    With each pass over the shots, `rehearsed` samples of every old class are shown again.

    Returns
    -------
    dict
        Accuracy on the classes that were there before and after the new one came, on the new one,
        and on all; ``forgotten`` is by how much the first has become less.
    """
    (train, labels), (test, truth) = (task("digits-camera").samples(p) for p in ("train", "test"))
    rng, others = np.random.default_rng(0), np.array([c for c in range(10) if c != new])
    first = np.concatenate([np.flatnonzero(labels == c)[:old] for c in others])
    second = np.flatnonzero(labels == new)[:shots]
    again = np.concatenate([np.flatnonzero(labels == c)[:rehearsed] for c in others])
    asked = np.linspace(0, len(test) - 1, tested).astype(int)
    shown = dict(zip(first.tolist(), features(train[first]), strict=True))
    shown |= dict(zip(second.tolist(), features(train[second]), strict=True))
    questions = features(test[asked])
    reader = Reader(passes * (len(first) + len(second) + len(again)) + 2 * tested)
    for _ in range(passes):
        for k in rng.permutation(first).tolist():
            reader.show(shown[k], others, int(labels[k]))
    before = np.array([reader.show(q, others) for q in questions])
    for _ in range(passes):
        for k in rng.permutation(np.concatenate([second, again])).tolist():
            reader.show(shown[k], np.arange(10), int(labels[k]))
    after = np.array([reader.show(q, np.arange(10)) for q in questions])
    is_new = truth[asked] == new
    made: dict[str, Any] = {
        "old classes before": float((before == truth[asked])[~is_new].mean()),
        "old classes after": float((after == truth[asked])[~is_new].mean()),
        "new class": float((after == truth[asked])[is_new].mean()),
        "all": float((after == truth[asked]).mean()),
        "learning updates": reader.simulation.result().ledger.total("learning updates"),
    }
    made["forgotten"] = made["old classes before"] - made["old classes after"]
    return made | {"shots": shots, "rehearsed": rehearsed, "old": old, "tested": tested}


if __name__ == "__main__":
    for count, again in ((1, 0), (5, 0), (5, 1), (5, 3), (10, 3)):
        print(json.dumps(few_shots(count, rehearsed=again)), flush=True)
