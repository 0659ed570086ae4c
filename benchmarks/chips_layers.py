"""NorthPole's published totals beside the throughput model of `sp.chips.NorthPole` (target R9).

Each function gives one row: what is published, what the model finds, and whether it is in the band.
The clock is derived from the rack's total, so that row tests only that it is a clock the chip has.
Ratios to GPUs (25, 22, 5 and 72.7 times) follow from nothing here: they are published, no more.

    python benchmarks/chips_layers.py
"""

from __future__ import annotations

import json
from typing import Any

import spikestack as sp
from spikestack.chips import Figure, Grade
from spikestack.chips.mapping.frame_layers import Layer

CARDS, RACK_OPERATIONS, RACK_POWER = 288, 115e15, 30e3
LM_CARDS, LM_TOKENS, LM_POWER, LM_WEIGHTS = 16, 28_356.0, 672.0, 3e9
#: From memory, like the multiplications of ResNet-50: 4.1e9 for an image of 224 x 224.
RESNET_RATE, RESNET_FRAMES_PER_JOULE = 42_460.0, 571.0


def row(
    what: str, published: float, found: float, low: float, high: float, note: str
) -> dict[str, Any]:
    """One row; `ok` where what was found is from `low` to `high`."""
    return {
        "id": "R9", "what": what, "published": published, "found": round(found, 4),
        "band": [low, high], "ok": bool(low <= found <= high), "note": note,
    }  # fmt: skip


def rack_clock() -> dict[str, Any]:
    """MHz at which 288 cards make 115 POPS of 4 bits; the chip runs at 25 to 425."""
    chip = sp.chips.NorthPole(bits=4)
    per_cycle = int(chip.cores) * float(chip.operations_4)
    clock = RACK_OPERATIONS / CARDS / per_cycle / 1e6
    return row("clock of the rack, MHz", 381.0, clock, 25.0, 425.0,
               "the description's clock is this one")  # fmt: skip


def rack_operations() -> dict[str, Any]:
    """POPS of the rack by the description."""
    found = CARDS * sp.chips.NorthPole(bits=4).operations / 1e15
    return row("rack, POPS of 4 bits", 115.0, found, 115 * 0.99, 115 * 1.01,
               "by construction; 399 TOPS a card")  # fmt: skip


def language_model_fits() -> dict[str, Any]:
    """Share of the memory of 16 cards that 3 billion weights of 4 bits take."""
    chip = sp.chips.NorthPole(bits=4)
    room = LM_CARDS * int(chip.cores) * float(chip.core_memory)
    return row("3 billion weights on 16 cards, share of memory", 1.0, LM_WEIGHTS * 0.5 / room,
               0.0, 1.0, "of 8 bits they fill 93 %")  # fmt: skip


def language_model_bound() -> dict[str, Any]:
    """Share of the cards' operations that the published rate needs."""
    chip = sp.chips.NorthPole(bits=4)
    needed = LM_TOKENS * LM_WEIGHTS * float(chip.operations_per_mac)
    return row("28,356 tokens/s, share of all operations", 1.0,
               needed / (LM_CARDS * chip.operations), 0.0, 1.0,
               "far below the bound: not set by arithmetic")  # fmt: skip


def power_of_a_card() -> dict[str, Any]:
    """W of a card in the 16-card server, beside that of the rack, servers and all."""
    found = float(sp.chips.NorthPole.prices["server"].static["chip"])
    return row("W of a card", LM_POWER / LM_CARDS, found, 41.9, RACK_POWER / CARDS,
               "42.2 tokens/s/W; the rack's 30 kW are 104 W a card")  # fmt: skip


def resnet() -> list[Layer]:
    """The convolutions of ResNet-50 and its last layer."""
    made, side, into = [_convolution("stem", 3, 64, 7, 112)], 56, 64
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            name = f"{stage}.{block}"
            # The 3 x 3 of a stage's first block halves the image, but for the first stage's.
            before = side
            side = side // 2 if stage and not block else side
            made.append(_convolution(f"{name} in", into, width, 1, before))
            made.append(_convolution(f"{name} mid", width, width, 3, side))
            made.append(_convolution(f"{name} out", width, 4 * width, 1, side))
            if not block:
                made.append(_convolution(f"{name} skip", into, 4 * width, 1, side))
            into = 4 * width
    made.append(Layer("classes", "dense", 1000, 1, 2048, 2048 * 1000))
    return made


def _convolution(name: str, into: int, out: int, size: int, side: int) -> Layer:
    taps = into * size * size
    return Layer(name, "convolutional", out, side * side, taps, taps * out * side * side)


def resnet_rate(per_mac: int) -> dict[str, Any]:
    """Frames/s of ResNet-50, 8 bits, one at a time; an operation is a product, or half of one."""
    given = Figure(per_mac, "operations", Grade.UNVERIFIED, "what is compared here")
    chip = sp.chips.NorthPole(operations_per_mac=given)
    found = chip.frame_time(resnet()).frames
    low, high = (RESNET_RATE, 1.25 * RESNET_RATE) if per_mac == 1 else (0.0, RESNET_RATE)
    note = "an upper bound: layers one after the other, without any wait"
    if per_mac == 2:
        note = "too few: the published rate needs one operation a product, at 8 bits"
    return row(f"ResNet-50, frames/s, {per_mac} operations a product", RESNET_RATE, found, low,
               high, note)  # fmt: skip


def resnet_power() -> dict[str, Any]:
    """W of the published frames/s by the published frames/J, beside a card's."""
    found = RESNET_RATE / RESNET_FRAMES_PER_JOULE
    return row("ResNet-50, W", 74.0, found, 42.0, 104.2, "both from memory; only consistent")


def only_published() -> list[dict[str, Any]]:
    """What no model here gives: ratios to other devices, and times that waiting decides."""
    chip = sp.chips.NorthPole()
    figures = {
        "ResNet-50, frames/J by a 12 nm GPU's": chip.resnet_energy,
        "ResNet-50, a 12 nm GPU's latency by this": chip.resnet_latency,
        "ResNet-50, frames/transistor by a 12 nm GPU's": chip.resnet_area,
    }
    known = {what: float(figure) for what, figure in figures.items()}
    known |= {"tokens/s/W by the GPU's of least latency": 72.7, "ms between tokens, rack": 2.8}
    return [
        {"id": "R9", "what": what, "published": value, "found": None, "band": None, "ok": None,
         "note": "published only"}
        for what, value in known.items()
    ]  # fmt: skip


def rows() -> list[dict[str, Any]]:
    """All of them."""
    return [rack_clock(), rack_operations(), language_model_fits(), language_model_bound(),
            power_of_a_card(), resnet_rate(1), resnet_rate(2), resnet_power(),
            *only_published()]  # fmt: skip


if __name__ == "__main__":
    for found in rows():
        print(json.dumps(found))
