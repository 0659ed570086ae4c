"""Handwritten digits on phase-change memory that drifts, and on arrays with stuck cells.

A network of 64, 64 and 10 units is trained on 1,297 images of scikit-learn's digits and its two
matrices are put on arrays of `PCM` in differential pairs, behind converters of 8 bits. It answers
for 500 other images: at once and up to a year later, with each way of compensation; and with up to
20 % of the cells stuck, half of them at each end of the window, with and without training that
knows of it and remapping. Every number is the mean over arrays whose devices are drawn anew.

    python examples/devices_digits.py                     # tables as lines of JSON, about a minute
    python examples/devices_digits.py --quick             # a small part of it
    python examples/devices_digits.py --pictures          # also two PNG pictures

Needs scikit-learn and PyTorch: pip install 'spikestack[examples,train]'.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.crossbars import Perceptron, draw_accuracy, train_perceptron
from spikestack.errors import MissingExtraError

#: Seconds after programming: at once, an hour, a day, a month, a year.
TIMES = (0.0, 3600.0, 86_400.0, 30 * 86_400.0, 365 * 86_400.0)
FAULTS = (0.0, 0.05, 0.1, 0.2)
#: Deviation of the noise in training: about what programming leaves, 1 uS of 25.
NOISE = 0.05
#: Inputs are pixels and rates, of one sign: the ranges of converters are set with some of them.
CALIBRATING = 200

Digits = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def digits() -> Digits:
    """Images of 64 pixels from 0 to 1 and their digits: to train, to test."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtraError("scikit-learn's digits", "examples") from error
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    x, y = (data.data / 16.0)[order], data.target[order]
    return x[:1297], y[:1297], x[1297:], y[1297:]


def bar(seed: int, *names: str, **options: Any) -> sp.Crossbar:
    """Phase-change memory behind converters of 8 bits."""
    return sp.Crossbar(
        sp.devices.PCM(), dac_bits=8, adc_bits=8, seed=seed, compensation=names, **options
    )


def over_time(
    net: Perceptron, crossbar: sp.Crossbar, data: Digits, reads: int = 1, calibrated: bool = False
) -> tuple[list[float], list[float]]:
    """Accuracy and the relative error of scores at all times."""
    x, _, test, labels = data
    made, exact = net.on(crossbar), net.scores(test)
    accuracy, errors, now = [], [], 0.0
    for time in TIMES:
        made.wait(time - now)
        now = time
        if calibrated:
            made.calibrate(x[:CALIBRATING])
        scores = made.scores(test, reads)
        accuracy.append(float((scores.argmax(axis=1) == labels).mean()))
        errors.append(float(np.sqrt(np.mean((scores - exact) ** 2) / np.mean(exact**2))))
    return accuracy, errors


def drift(nets: dict[str, Perceptron], data: Digits, arrays: int) -> dict[str, np.ndarray]:
    """Accuracy against time, by what is done; a line of JSON each."""
    ways: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
        "nothing": ("plain", (), {}),
        "offset encoding": ("plain", (), {"encoding": "offset"}),
        "global drift": ("plain", ("global drift",), {}),
        "column drift": ("plain", ("column drift",), {}),
        "calibration, each time": ("plain", (), {"calibrated": True}),
        "two copies": ("plain", ("redundancy",), {"copies": 2}),
        "four copies": ("plain", ("redundancy",), {"copies": 4}),
        "five readings": ("plain", (), {"reads": 5}),
        "noise in training": ("with noise", (), {}),
        "noise, column drift": ("with noise", ("column drift",), {}),
        "noise, column drift, two copies": ("with noise", ("redundancy", "column drift"), {}),
    }
    found = {}
    for name, (kind, names, options) in ways.items():
        how = {k: options[k] for k in ("reads", "calibrated") if k in options}
        of_bar = {k: v for k, v in options.items() if k not in how}
        rows = [
            over_time(nets[kind], bar(seed, *names, **of_bar), data, **how)
            for seed in range(arrays)
        ]
        found[name] = np.array([accuracy for accuracy, _ in rows])
        told = {"way": name, "exact": round(nets[kind].accuracy(*data[2:]), 4)}
        errors = np.mean([e for _, e in rows], axis=0).round(3).tolist()
        tell(told, found[name], seconds=TIMES, error_of_scores=errors)
    return found


def faults(nets: dict[str, Perceptron], data: Digits, arrays: int) -> dict[str, np.ndarray]:
    """Accuracy against the share of stuck cells, by what is done; a line of JSON each."""
    x, y, test, labels = data
    ways: dict[str, tuple[str, tuple[str, ...], bool]] = {
        "nothing": ("plain", (), False),
        "noise in training": ("with noise", (), False),
        "two copies": ("plain", ("redundancy",), False),
        "faults in training": ("with noise", (), True),
        "remapping": ("plain", ("remapping",), False),
        "remapping, noise": ("with noise", ("remapping",), False),
        "remapping, faults in training": ("with noise", ("remapping",), True),
    }
    found = {}
    for name, (kind, names, aware) in ways.items():
        rows = []
        for seed in range(arrays):
            row = []
            for share in FAULTS:
                here = bar(seed, *names, stuck_low=share / 2, stuck_high=share / 2)
                net = nets[kind]
                if aware:
                    net = train_perceptron(x, y, crossbar=here, start=net, epochs=10, rate=1e-3)
                row.append(net.on(here).accuracy(test, labels))
            rows.append(row)
        found[name] = np.array(rows)
        tell({"way": name}, found[name], stuck=FAULTS)
    return found


def tell(row: dict[str, Any], accuracy: np.ndarray, **more: Any) -> None:
    """Print a line of JSON: means over arrays, and the worst array."""
    row |= {"arrays": len(accuracy), **more}
    row |= {"accuracy": accuracy.mean(axis=0).round(4).tolist()}
    row |= {"worst": accuracy.min(axis=0).round(4).tolist()}
    print(json.dumps(row), flush=True)


def main() -> None:
    """From the command line: train, measure, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--arrays", type=int, default=10, help="drawn for each number of drift")
    parser.add_argument("--quick", action="store_true", help="two arrays, short training")
    parser.add_argument("--pictures", type=Path, nargs="?", const=Path(), help="folder for PNGs")
    given = parser.parse_args()
    data = digits()
    epochs, arrays = (10, 2) if given.quick else (60, given.arrays)
    nets = {
        "plain": train_perceptron(*data[:2], epochs=epochs),
        "with noise": train_perceptron(*data[:2], epochs=epochs, noise=NOISE),
    }
    in_time = drift(nets, data, arrays)
    by_faults = faults(nets, data, 1 if given.quick else max(2, arrays // 2))
    if given.pictures is None:
        return
    exact = nets["plain"].accuracy(*data[2:])
    shown = ("nothing", "global drift", "four copies", "noise in training",
             "noise, column drift, two copies")  # fmt: skip
    some = {name: in_time[name] for name in shown}
    draw_accuracy(TIMES, some, exact=exact).savefig(given.pictures / "digits_in_time.png", dpi=110)
    draw_accuracy(FAULTS, by_faults, against="faults", exact=exact).savefig(
        given.pictures / "digits_by_faults.png", dpi=110
    )


if __name__ == "__main__":
    try:
        main()
    except MissingExtraError as error:
        print(error)
        sys.exit(0)
