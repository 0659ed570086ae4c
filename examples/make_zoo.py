"""Train the networks of the zoo again and write their files and the index.

The same machine, versions and settings give the same files; elsewhere the last bits of the weights,
and so the fingerprints, may differ. Test images are looked at once, after the weights are chosen.

    python examples/make_zoo.py [--out FOLDER] [--only NAME] [--quick]
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from train_digits import BETA, STEPS, network

import spikestack as sp
from spikestack.demo.camera import see, splits
from spikestack.demo.learning import learn
from spikestack.demo.network import digit_reader
from spikestack.training import DropInputs
from spikestack.zoo.entries import INDEX, Entry, entries, write_index
from spikestack.zoo.evaluating import evaluate
from spikestack.zoo.packing import pack
from spikestack.zoo.tasks import task

HIDDEN = 256
DIGITS = {"seed": 0, "epochs": 40, "batch": 64, "lr": 2e-3, "hidden": HIDDEN, "beta": BETA}
CAMERA = {"seed": 1, "epochs": 12}
#: Test accuracies are of samples that neither trained nor chose the weights.
RECIPES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "digits-mlp": ("digits", "examples/train_digits.py", DIGITS),
    "digits-mlp-4bit": ("digits", "examples/train_digits.py", {**DIGITS, "weight_bits": 4}),
    "digits-camera-conv": ("digits-camera", "spikestack demo", CAMERA),
}


def mlp(seed: int, epochs: int, batch: int, lr: float, hidden: int, beta: float,
        weight_bits: int | None = None) -> sp.Network:  # fmt: skip
    """The recipe of train_digits.py on its first split."""
    if beta != BETA:
        raise ValueError(f"train_digits.py has beta {BETA}")
    data = task("digits")
    net = network(64, seed, hidden)
    net.record(net["hidden"], "spikes")
    module = net.compile("torch", dt=1.0, weight_bits=weight_bits)
    fitted = sp.fit(
        module, data.samples("train"), validate=data.samples("validation"), steps=STEPS,
        epochs=epochs, batch=batch, lr=lr, schedule="cosine", loss="tet", augment=DropInputs(0.1),
        seed=seed,
    )  # fmt: skip
    return fitted.module.trained()


def conv(seed: int, epochs: int) -> sp.Network:
    """The demonstration's network."""
    seen = see(None, seed)
    parts = splits(seen.labels, seed)
    say = Console(stderr=True)
    net = digit_reader(seed)
    return learn(net, seen.steps(), seen.labels, parts, epochs, seed, say).network


def entry(name: str, folder: Path, quick: bool) -> Entry:
    """Train one network, write its file, test it on the compiled engine."""
    about, script, settings = RECIPES[name]
    settings = {**settings, "epochs": 2} if quick else settings
    net = (conv if about == "digits-camera" else mlp)(**settings)
    found = evaluate(net, about)
    path = pack(net, folder / f"{name}.spk")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Entry(
        name=name, file=path.name, fingerprint=net.fingerprint, sha256=sha256, task=about,
        accuracy=found.accuracy, spikes=found.spikes, samples=found.samples,
        recipe={"script": script, **settings}, input=task(about).input,
        classes=list(task(about).classes),
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
