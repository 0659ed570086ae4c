"""A digit seen and heard, by one network of two senses trained by gradient.

An event camera sees a digit (N-MNIST), a cochlea hears one of the same class (Free Spoken Digit
Dataset), on one clock of 45 ms. Two convolutions for the eye, a layer with delays for the ear, and
one read-out of both; all of it learns at once, from pairs, to be right by both, by the eye without
the ear and by the ear without the eye. It is compared with networks of one sense, the same branch
trained on the same pairs alone. The recordings do not come with Spikestack (docs/datasets.md);
without them this says where they go. Prints a table, and one line of JSON.

    python examples/train_seen_and_heard.py [--data FOLDER] [--quick]
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import torch
from train_nmnist import SIDE, Look, seen

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.sensors import datasets
from spikestack.sensors.cochlea import MelDelta
from spikestack.training import fluctuation_driven

STEPS, DT, BATCH, EPOCHS, RATE = 14, 45.0, 36, 28, 4e-3
BANDS, HIDDEN, LEAK, DELAYS = 20, 256, 0.9, (0, 1, 2, 3, 4, 6, 8)
EAR = MelDelta(BANDS, 80.0, rate=8000.0, window=256, hop=40, threshold=0.5, offset=1e-2)
#: By step, what a spike then adds to the mean potential of a read-out.
LASTS = torch.tensor([(1 - LEAK ** (STEPS - t)) / (1 - LEAK) / STEPS for t in range(STEPS)])
Arrays = dict[str, np.ndarray]


def heard(samples: Any) -> tuple[np.ndarray, np.ndarray]:
    """Half the counts, (samples, steps, 80): of each unit in both halves of a step; and labels."""
    found = samples.events(EAR)
    (batch,) = found.batches(len(found), bins=2 * STEPS, duration=STEPS * DT)
    counts = batch.inputs.transpose(1, 0, 2).reshape(len(found), STEPS, -1)
    return np.minimum(counts, 6.0) / 2, batch.labels


def load(split: str, folder: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Both senses of a split; the eye sees nothing after its saccades."""
    eye = seen(datasets.nmnist_small(split, folder), STEPS, STEPS * DT)
    return {"eye": eye, "ear": heard(datasets.spoken_digits(split, folder))}


def network(senses: tuple[str, ...], seed: int) -> sp.Network:
    """The branches of some senses, and what reads them; weights are drawn later."""
    net, now = sp.Network(seed=seed), sp.Delta(weight=1.0, delay=0.0)
    said = sp.Population("said", 10, sp.LeakyIntegrator(beta=LEAK))
    if "eye" in senses:
        eye = net.add(sp.Population("eye", (2, SIDE, SIDE), sp.SpikeSource()))
        net.drive(eye, sp.ExternalSpikes(weight=1.0), name="eye")
        edges = net.add(sp.Population("edges", (16, 17, 17), sp.DiscreteLIF()))
        shapes = net.add(sp.Population("shapes", (32, 8, 8), sp.DiscreteLIF()))
        things = net.add(sp.Population("things", 128, sp.DiscreteLIF()))
        net.connect(eye, edges, sp.Convolution(np.zeros((16, 2, 5, 5)), 2, 2), now)
        net.connect(edges, shapes, sp.Convolution(np.zeros((32, 16, 3, 3)), 1, 1, pool=2), now)
        net.connect(shapes, things, sp.Convolution(np.zeros((128, 32, 4, 4)), pool=2), now)
    if "ear" in senses:
        ear = net.add(sp.Population("ear", 4 * BANDS, sp.GradedReLU()))
        net.drive(ear, sp.ExternalSpikes(weight=1.0), name="ear")
        sounds = net.add(sp.Population("sounds", HIDDEN, sp.DiscreteLIF(beta=0.8)))
        for delay in DELAYS:
            later = sp.Delta(weight=1.0, delay=float(delay))
            name = f"{delay} late"
            net.connect(ear, sounds, sp.Dense(np.zeros((4 * BANDS, HIDDEN))), later, name=name)
    net.add(said)
    if "eye" in senses:
        net.connect(things, said, sp.Dense(np.zeros((128, 10))), now)
    if "ear" in senses:
        net.connect(sounds, said, sp.Dense(np.zeros((HIDDEN, 10))), now)
    net.record(said, "v")
    return net


def blur(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sounds, (steps, samples, 80), begin up to 68 ms earlier or later, and lose events."""
    steps, samples, units = counts.shape
    halves = counts.reshape(steps, samples, 2, -1).transpose(1, 0, 2, 3)
    halves = halves.reshape(samples, 2 * steps, -1)
    made, moves = np.zeros_like(halves), rng.integers(-3, 4, samples)
    for k, move in enumerate(moves):
        early, late = max(-move, 0), max(move, 0)
        made[k, late : 2 * steps - early] = halves[k, early : 2 * steps - late]
    made *= rng.random(made.shape) >= rng.uniform(0, 0.3, (samples, 1, 1))
    made = made.reshape(samples, steps, 2, -1).transpose(1, 0, 2, 3)
    return np.ascontiguousarray(made.reshape(steps, samples, units), np.float32)


def partners(labels: np.ndarray, others: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each label one of `others` alike: all of them once before any of them twice."""
    chosen = np.empty(len(labels), np.int64)
    for digit in np.unique(labels):
        mine, pool = np.flatnonzero(labels == digit), np.flatnonzero(others == digit)
        rounds = [rng.permutation(pool) for _ in range(-(-len(mine) // len(pool)))]
        chosen[mine] = np.concatenate(rounds)[: len(mine)]
    return chosen


def pairs(data: Any, seed: int) -> tuple[Arrays, np.ndarray]:
    """Every sound once, each with a picture of its class, (samples, steps, units); labels."""
    labels = data["ear"][1]
    which = partners(labels, data["eye"][1], np.random.default_rng(seed))
    return {"eye": data["eye"][0][which], "ear": data["ear"][0]}, labels


def batch_of(train: Any, which: np.ndarray, mates: np.ndarray, rng: Any) -> Arrays:
    """Pairs as they are shown, (steps, samples, units): changed a little."""
    picture, sound = train["eye"][0][which], train["ear"][0][mates]
    return {
        "eye": Look()(np.ascontiguousarray(picture.transpose(1, 0, 2)), rng),
        "ear": blur(sound.transpose(1, 0, 2), rng),
    }


def without(inputs: Arrays, sense: str) -> Arrays:
    """The same, with nothing from one sense."""
    return inputs | {sense: np.zeros_like(inputs[sense])}


def ways(senses: tuple[str, ...], inputs: Arrays) -> dict[str, Arrays]:
    """What a network is tried on: its senses, and where it has two, each without the other."""
    if len(senses) == 1:
        return {senses[0]: {senses[0]: inputs[senses[0]]}}
    return {"both": inputs, "eye": without(inputs, "ear"), "ear": without(inputs, "eye")}


def scores(module: Any, senses: tuple[str, ...], data: tuple[Arrays, np.ndarray]) -> dict[str, Any]:
    """By what is there, what `evaluate` finds."""
    module.eval()
    found = {name: sp.evaluate(module, (given, data[1]), batch=125)
             for name, given in ways(senses, data[0]).items()}  # fmt: skip
    module.train()
    return found


def loss_of(module: Any, senses: tuple[str, ...], shown: Arrays, labels: Any) -> Any:
    """Cross-entropy of the mean potentials; of two senses, of both and of each without the other.

    What is read of both is a sum, so one pass tells what either adds. An ear that hears nothing
    adds nothing; an eye that sees nothing, what it adds to a last row, which is empty.
    """
    entropy = torch.nn.functional.cross_entropy
    if len(senses) == 1:
        out = module({s: torch.from_numpy(shown[s]) for s in senses})
        return entropy(out["said.v"].mean(0), labels)
    fed = {s: torch.from_numpy(np.pad(x, ((0, 0), (0, 1), (0, 0)))) for s, x in shown.items()}
    out = module(fed)
    both, weights = out["said.v"].mean(0), module.weights["things->said"]
    sight = torch.einsum("t,tbn,nc->bc", LASTS, out.spikes["things"], weights)
    both, sight, none = both[:-1], sight[:-1], sight[-1]
    return sum(entropy(answer, labels) for answer in (both, sight, both - sight + none))


def branches(module: Any) -> list[list[Any]]:
    """Parameters of the ear, and of the eye: gradients of one shall not shorten the other's."""
    ear = [w for name, w in module.weights.items() if "late" in name or name.startswith("sounds")]
    known = {id(w) for w in ear}
    return [ear, [p for p in module.parameters() if id(p) not in known]]


def learn(senses: tuple[str, ...], seed: int, train: Any, validate: Any, epochs: int) -> Any:
    """A network at the epoch that was best on validation, and how good it was there."""
    rng = np.random.default_rng(seed)
    module = network(senses, seed).compile("torch")
    first = batch_of(train, np.arange(BATCH), np.arange(BATCH), rng)
    fluctuation_driven(module, inputs={s: torch.from_numpy(first[s]) for s in senses}, xi=1.0)
    for name in ("eye->edges", "edges->shapes", "shapes->things"):
        if name in module.weights:
            module.normalise(name, "batch")
    optimiser = torch.optim.Adam(module.parameters(), RATE)
    parts = branches(module)
    labels, best, kept = train["eye"][1], (0.0, 0.0), None
    batches = len(labels) // BATCH
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * batches)
    for epoch in range(epochs):
        order = rng.permutation(len(labels))
        mates = partners(labels, train["ear"][1], rng)
        for some in np.split(order[: batches * BATCH], batches):
            shown = batch_of(train, some, mates[some], rng)
            loss = loss_of(module, senses, shown, torch.from_numpy(labels[some]))
            optimiser.zero_grad()
            loss.backward()
            for part in parts:
                torch.nn.utils.clip_grad_norm_(part, 1.0)
            optimiser.step()
            rate.step()
        if epoch >= 0.7 * epochs or epoch + 1 == epochs:
            found = scores(module, senses, validate).values()
            now = (np.mean([s.accuracy for s in found]), -np.mean([s.loss for s in found]))
            if kept is None or now > best:
                best, kept = now, {k: v.clone() for k, v in module.state_dict().items()}
    module.load_state_dict(kept)
    return module, float(best[0])


def main() -> None:
    """Three networks of each kind; a table and a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the recordings")
    parser.add_argument("--quick", action="store_true", help="one seed, a few epochs")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        folder = datasets.data_folder(given.data)
        train, validate, test = (load(part, folder) for part in ("train", "validation", "test"))
    except ValidationError as error:
        print(f"no recordings: {error}")
        return
    started = time.process_time()
    epochs, seeds = (4, 1) if given.quick else (EPOCHS, 3)
    rows: dict[str, list[Any]] = {}
    chosen: dict[str, list[float]] = {}
    for seed in range(seeds):
        known, asked = pairs(validate, 0), pairs(test, seed)
        for senses in (("eye", "ear"), ("eye",), ("ear",)):
            module, best = learn(senses, seed, train, known, epochs)
            chosen.setdefault(" + ".join(senses), []).append(round(best, 4))
            for name, found in scores(module, senses, asked).items():
                of = f"{name}, of two" if len(senses) == 2 and name != "both" else name
                rows.setdefault(of, []).append(found)
    print(f"{'senses':<12}{'right':>7}   spikes  additions  multiplications")
    made = {}
    for name, found in rows.items():
        mean = {k: float(np.mean([s.summary()[k] for s in found])) for k in found[0].summary()}
        made[name] = {k: round(v, 4) for k, v in mean.items()}
        made[name]["accuracies"] = [round(s.accuracy, 4) for s in found]
        right, *rest = mean.values()
        print(f"{name:<12}{right:>7.1%}{rest[0]:>9,.0f}{rest[1]:>11,.0f}{rest[2]:>17,.0f}")
    cpu = round(time.process_time() - started, 1)
    print(json.dumps({**made, "validation": chosen, "cpu_seconds": cpu}), flush=True)


if __name__ == "__main__":
    main()
