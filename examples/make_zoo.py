"""Train the networks of the zoo again and write their files and the index.

The same machine, versions and settings give the same files; elsewhere the last bits of the weights,
and so the fingerprints, may differ. Networks and training are those of the recipes, one seed each.
Test samples are looked at once, after the weights are chosen. Some need packages or recordings
(docs/datasets.md); without them this says which, and stops.

    python examples/make_zoo.py [--out FOLDER] [--only NAME] [--quick]
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from rich.console import Console

import spikestack as sp
from spikestack.sensors import datasets
from spikestack.zoo.braille import around_rest
from spikestack.zoo.entries import INDEX, Entry, entries, write_index
from spikestack.zoo.evaluating import evaluate
from spikestack.zoo.packing import in_steps, pack, rounded
from spikestack.zoo.tasks import task


def digits_mlp(seed: int, epochs: int, hidden: int, weight_bits: int | None = None) -> sp.Network:
    """train_digits.py on its first split, with fewer hidden neurons."""
    recipe, data = importlib.import_module("train_digits"), task("digits")
    module = recipe.network(64, seed, hidden).compile("torch", dt=1.0, weight_bits=weight_bits)
    parts = data.samples("train"), data.samples("validation")
    return in_steps(recipe.learn(module, seed, *parts, epochs).module.trained())


def digits_camera(seed: int, epochs: int, weight_bits: int | None = None) -> sp.Network:
    """The demonstration's networks: with weights of few bits, the one for chips."""
    from spikestack.demo.camera import see, splits
    from spikestack.demo.learning import learn
    from spikestack.demo.network import chip_reader, digit_reader

    seen = see(None, seed)
    parts = splits(seen.labels, seed)
    net = chip_reader(seed) if weight_bits else digit_reader(seed)
    say = Console(stderr=True)
    found = learn(net, seen.steps(), seen.labels, parts, epochs, seed, say, weight_bits)
    return found.network


def mnist_mlp(seed: int, epochs: int, hidden: int, weight_bits: int) -> sp.Network:
    """train_mnist.py on its first split, with fewer hidden neurons and weights of few bits."""
    recipe, data = importlib.import_module("train_mnist"), task("mnist")
    module = recipe.network(seed, hidden).compile("torch", dt=1.0, weight_bits=weight_bits)
    parts = data.samples("train"), data.samples("validation")
    return in_steps(recipe.learn(module, seed, *parts, epochs).module.trained())


def mnist_conv(seed: int, epochs: int) -> sp.Network:
    """train_mnist_conv.py."""
    recipe = importlib.import_module("train_mnist_conv")
    train, validate, _ = recipe.load()
    module, _ = recipe.learn(seed, train, validate, epochs)
    return module.trained()


def mnist_converted(seed: int, epochs: int, steps: int, method: str) -> sp.Network:
    """convert_mnist.py, its network of ReLU."""
    recipe = importlib.import_module("convert_mnist")
    x, y, _, _ = recipe.images(False)
    model = recipe.trained("relu", x, y, seed, epochs)
    return rounded(sp.convert(model, x[:: len(x) // 200], steps=steps, method=method).network)


def nmnist(seed: int, epochs: int) -> sp.Network:
    """train_nmnist.py."""
    recipe, data = importlib.import_module("train_nmnist"), task("nmnist")
    parts = data.samples("train"), data.samples("validation")
    return recipe.learn(seed, *parts, epochs).module.trained()


def speech(seed: int, epochs: int) -> sp.Network:
    """train_speech.py, new takes of known speakers."""
    recipe = importlib.import_module("train_speech")
    parts = [datasets.spoken_digits(part).cached(recipe.Levels())
             for part in ("train", "validation")]  # fmt: skip
    return recipe.learn(*parts, seed, epochs).module.trained()


def braille(seed: int, epochs: int, of: str) -> sp.Network:
    """train_braille.py, the last of its three seeds."""
    if seed != 2:
        raise ValueError("train_braille.py gives the network of seed 2")
    recipe = importlib.import_module("train_braille")
    sets = [datasets.braille(part) for part in ("train", "validation", "test")]
    parts = [s.events() for s in sets] if of == "events" else around_rest(sets[0], *sets)
    return recipe.learn(of, parts, epochs < 30).module.trained()


class Made(NamedTuple):
    """How a network comes about: for which task, by which script, with which settings."""

    task: str
    script: str
    by: Callable[..., sp.Network]
    settings: dict[str, Any]
    spiking: tuple[str, ...] = ("hidden",)


_DIGITS = {"seed": 0, "epochs": 40, "hidden": 256}
RECIPES = {
    "digits-mlp": Made("digits", "train_digits.py", digits_mlp, _DIGITS),
    "digits-mlp-4bit": Made(
        "digits", "train_digits.py", digits_mlp, {**_DIGITS, "weight_bits": 4}
    ),
    "digits-camera-conv": Made(
        "digits-camera", "spikestack demo", digits_camera, {"seed": 1, "epochs": 12}, ()
    ),
    "digits-camera-chips": Made(
        "digits-camera", "spikestack demo", digits_camera,
        {"seed": 1, "epochs": 12, "weight_bits": 4}, (),
    ),
    "mnist-mlp-4bit": Made(
        "mnist", "train_mnist.py", mnist_mlp,
        {"seed": 0, "epochs": 20, "hidden": 256, "weight_bits": 4},
    ),
    "mnist-conv": Made(
        "mnist-dealt", "train_mnist_conv.py", mnist_conv, {"seed": 0, "epochs": 14},
        ("layer1", "layer2"),
    ),
    "mnist-conv-converted": Made(
        "mnist-converted", "convert_mnist.py", mnist_converted,
        {"seed": 1, "epochs": 12, "steps": 4, "method": "calibrated"}, (),
    ),
    "nmnist-conv": Made(
        "nmnist", "train_nmnist.py", nmnist, {"seed": 0, "epochs": 24},
        ("input", "layer1", "layer2", "layer3"),
    ),
    "speech-delays": Made("speech", "train_speech.py", speech, {"seed": 0, "epochs": 30}),
    "braille-delays": Made(
        "braille", "train_braille.py", braille, {"seed": 2, "epochs": 60, "of": "pressures"}
    ),
    "braille-events": Made(
        "braille-events", "train_braille.py", braille, {"seed": 2, "epochs": 30, "of": "events"}
    ),
}  # fmt: skip


def entry(name: str, folder: Path, quick: bool) -> Entry:
    """Train one network, write its file, test it on the compiled engine."""
    made = RECIPES[name]
    settings = {**made.settings, "epochs": 2} if quick else made.settings
    net = made.by(**settings)
    for population in made.spiking:
        net.record(net[population], "spikes")
    found = evaluate(net, made.task)
    path = pack(net, folder / f"{name}.spk")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    script = made.script if " " in made.script else f"examples/{made.script}"
    return Entry(
        name=name, file=path.name, fingerprint=net.fingerprint, sha256=sha256, task=made.task,
        accuracy=found.accuracy, spikes=found.spikes, operations=found.operations,
        samples=found.samples, recipe={"script": script, **settings},
        input=task(made.task).input, classes=list(task(made.task).classes),
    )  # fmt: skip


def main() -> None:
    """Train what is asked for; entries that are not keep their place in the index."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=INDEX.parent)
    parser.add_argument("--only", choices=list(RECIPES))
    parser.add_argument("--quick", action="store_true", help="two epochs each")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    index = given.out / INDEX.name
    made = {e.name: e for e in entries(index)} if index.exists() else {}
    for name in [given.only] if given.only else RECIPES:
        made[name] = entry(name, given.out, given.quick)
        write_index(index, [made[n] for n in RECIPES if n in made])
        print(json.dumps({"name": name, "accuracy": made[name].accuracy}), flush=True)


if __name__ == "__main__":
    main()
