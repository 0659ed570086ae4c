"""Akida's last layer learns on the chip: its rule by hand, classes added later, forgetting."""

from __future__ import annotations

import copy
import runpy
from pathlib import Path

import numpy as np
import pytest
from test_akida import layer, samples

import spikestack as sp
from spikestack.chips.edge_learning import EdgeLayer
from spikestack.chips.evaluating import infer
from spikestack.errors import ValidationError

FOLDER = Path(__file__).resolve().parents[2] / "examples"


def test_weights_move_to_active_inputs_in_equal_number() -> None:
    made = EdgeLayer(12, 2, 4, seed=3)
    assert (made.weights.sum(1) == 4).all()
    active = np.zeros(12, int)
    active[[0, 5, 7, 11]] = 9
    made.learn(active[None], [1])
    # With a plasticity of 1 all of its weights are now where the input is.
    assert np.array_equal(np.flatnonzero(made.weights[1]), [0, 5, 7, 11])
    assert made.potentials(active).tolist()[0][1] == 4
    assert np.array_equal(made.weights[0], EdgeLayer(12, 2, 4, seed=3).weights[0])
    assert made.plasticity.tolist() == [1.0, 0.75]
    other = np.zeros(12, int)
    other[[1, 2, 3, 4]] = 1
    made.learn(other[None], [1])
    # Three quarters of four weights move now.
    assert (made.weights[1] & (other > 0)).sum() == 3
    assert (made.weights.sum(1) == 4).all()


def test_plasticity_falls_to_its_least_and_not_below() -> None:
    rng = np.random.default_rng(0)
    made = EdgeLayer(40, 1, 10, min_plasticity=0.3, plasticity_decay=0.5)
    made.learn(rng.random((6, 40)) < 0.3, np.zeros(6, int))
    assert made.plasticity.tolist() == [0.3]
    assert made.learned.tolist() == [6]


def test_competition_keeps_neurons_free() -> None:
    rng = np.random.default_rng(1)
    shown = rng.random((30, 60)) < 0.3
    used = []
    for share in (0.0, 1.0):
        made = EdgeLayer(60, 1, 15, neurons=10, learning_competition=share)
        made.learn(shown, np.zeros(30, int))
        used.append(int((made.learned > 0).sum()))
    assert used[0] > used[1] >= 1


def test_a_class_is_added_without_the_examples_of_others() -> None:
    """Digits of 8 x 8 pixels, each pixel as four inputs: 0 to 7, then 8 and 9 from ten of each."""
    data = pytest.importorskip("sklearn.datasets").load_digits()
    inputs = (data.data[:, :, None] > np.array([2, 6, 10, 13])).reshape(len(data.data), -1)
    labels, rng = data.target, np.random.default_rng(0)
    test = rng.random(len(labels)) < 0.25
    made = EdgeLayer(256, 10, int(1.2 * inputs.sum(1).mean()), neurons=8, min_plasticity=0.02,
                     plasticity_decay=0.1)  # fmt: skip
    first = ~test & (labels < 8)
    made.learn(inputs[first], labels[first])
    old, new = test & (labels < 8), test & (labels >= 8)

    def right(of: EdgeLayer, which: np.ndarray) -> float:
        return float((of.classify(inputs[which]) == labels[which]).mean())

    before, held = right(made, old), made.weights[:64].copy()
    assert before > 0.87
    assert right(made, new) == 0.0
    more = copy.deepcopy(made)
    for digit in (8, 9):
        places = np.flatnonzero(~test & (labels == digit))[:10]
        more.learn(inputs[places], labels[places])
    assert np.array_equal(more.weights[:64], held)
    # What is lost of the old is what the new classes take over.
    assert before - 0.10 < right(more, old) < before
    assert right(more, new) > 0.60


def test_a_learned_layer_runs_on_the_chip() -> None:
    net, given = layer(most=1), samples(3)
    made = EdgeLayer(12, 3, 5)
    made.learn(np.random.default_rng(0).random((9, 12)) < 0.4, np.arange(9) % 3)
    whole = made.attached(net, "second", "edge")
    bare = sp.Network(seed=whole.seed)
    for name in ("source", "first", "second", "edge"):
        p = whole.populations[name]
        bare.add(sp.Population(name, p.shape, p.model))
    for name, q in whole.projections.items():
        if "out" not in name:
            pre, post = q.pre.population.name, q.post.population.name
            bare.connect(bare[pre], bare[post], q.rule, q.synapse, name=name)
    bare.drive(bare["source"], sp.ExternalSpikes(weight=1.0), name="events")
    bare.record(bare["second"], "spikes")
    bare.record(bare["edge"], "v")
    found = infer(sp.chips.Akida().map(bare), given, progress=False)
    active = np.zeros(12, int)
    sent = found.run.integers.spikes["second"]
    at = sent.times == 1.0
    active[sent.ids[at]] = 1
    assert np.array_equal(found.run["edge", "v"].values[0, 0], made.potentials(active)[0])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"num_weights": 13}, "1 to 12"),
        ({"classes": 0}, "classes"),
        ({"min_plasticity": 2.0}, "min_plasticity.*0 to 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, float], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        EdgeLayer(**({"inputs": 12, "classes": 2, "num_weights": 4} | given))  # type: ignore[arg-type]


def test_wrong_examples_are_refused() -> None:
    made = EdgeLayer(12, 2, 4)
    for inputs, labels in (
        (np.ones((1, 11)), [0]),
        (np.ones((1, 12)), [2]),
        (np.ones((2, 12)), [0]),
    ):
        with pytest.raises(ValidationError):
            made.learn(inputs, labels)
    assert not made.updates


@pytest.mark.slow
def test_digits_are_read_by_all_three_and_learned_by_one() -> None:
    """Within a point of the spiking network, which is right for 96.99 % of the test digits."""
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    example = runpy.run_path(str(FOLDER / "digits_in_frames.py"))
    data = sp.zoo.task("digits-camera")
    parts = {name: data.samples(name) for name in ("train", "validation", "test")}
    rows = example["read"](parts, 20)
    assert [row["chip"] for row in rows][:2] == ["Akida", "Akida2"]
    assert min(row["right"] for row in rows) >= 0.9699 - 0.01
    learned = example["learn_on_chip"](parts, 20, (20,))
    (row,) = learned["8 and 9 added"]
    assert learned["0 to 7 before"] > 0.8
    assert row["old"] > learned["0 to 7 before"] - 0.08
    assert row["new"] > 0.5
