"""A matrix on phase-change memory: what a product is worth at once, a day later, and in energy.

512 x 128 weights lie on two tiles of differential pairs, behind converters of 8 bits. The errors
are those of products with inputs from -1 to 1; after a day one factor for all outputs takes most of
the drift away.

    python examples/analog_product.py [--picture]
"""

from __future__ import annotations

import argparse

import numpy as np

import spikestack as sp


def main() -> None:
    """Print errors and energy; draw them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", action="store_true", help="also write analog_product.png")
    given = parser.parse_args()
    weights = np.random.default_rng(0).normal(size=(512, 128))
    crossbar = sp.Crossbar(
        sp.devices.PCM(), dac_bits=8, adc_bits=8, r_word="0.1 Ohm", r_bit="0.1 Ohm", seed=1
    )
    array = sp.crossbars.CrossbarArray(weights, crossbar)
    print(array.report())
    print()
    if given.picture:
        array.plot().savefig("analog_product.png", dpi=110)

    def told(when: str) -> None:
        print(f"{when:<28} {100 * array.errors().noise:5.1f} %")

    told("error of a product, at once")
    before = np.abs(array.weights()).sum()
    array.wait(86_400.0)
    told("after a day")
    array.correct(gain=before / np.abs(array.weights()).sum())
    told("times one factor")


if __name__ == "__main__":
    main()
