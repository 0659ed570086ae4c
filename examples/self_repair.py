"""A network that repairs itself: it loses a third of its inputs, and grows others in their place.

Excitatory neurons hold their rate by structural plasticity (Butz and van Ooyen 2013, PLoS Comput
Biol 9:e1003259): where their calcium is below a set point they grow dendritic elements, which find
free axonal elements of active inputs; axons that fall silent retract. Nothing else adapts: weights
are constant. After a minute a third of the inputs falls silent for good. The script prints rates,
and synapses formed and removed, as JSON; ``python examples/self_repair.py figure.png`` also draws
them, beside the same network whose synapses stay.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

import spikestack as sp

INPUTS, EXC, INH = 300, 200, 50
LOST = INPUTS // 3
LOSS, END = 60_000.0, 180_000.0
NAME = "inputs->exc"


def network(grows: bool = True, loss: float = LOSS, seed: int = 3) -> sp.Network:
    """The network, with synapses that come and go or without; inputs are lost at `loss` ms."""
    net = sp.Network(seed=seed)
    inputs = net.add(sp.Population("inputs", INPUTS, sp.SpikeSource()))
    exc = net.add(sp.Population("exc", EXC, sp.LIF(tau_refrac=2.0)))
    inh = net.add(sp.Population("inh", INH, sp.LIF(tau_m=10.0, tau_refrac=1.0)))
    growth = sp.HomeostaticGrowth(
        interval=500.0,
        tau_calcium=5000.0,
        eta_axonal=5.0,
        epsilon_axonal=40.0,
        nu_axonal=2.0,
        eta_dendritic=-5.0,
        epsilon_dendritic=5.0,
        nu_dendritic=1.0,
        max_in_degree=150,
        w_new=0.25,
    )
    net.connect(
        inputs,
        exc,
        sp.FixedInDegree(31, multapses=False),
        sp.ExponentialCurrent(weight=0.25, delay=sp.Uniform(0.5, 3.0)),
        plasticity=growth if grows else None,
    )
    current = sp.ExponentialCurrent
    net.connect(exc, inh, sp.FixedInDegree(40), current(weight=0.25, delay=1.0))
    net.connect(inh, exc, sp.FixedInDegree(10), current(weight=-0.25, delay=1.0, tau_syn=8.0))
    net.drive(inputs[:LOST], sp.Poisson(rate=15.0, stop=loss, weight=1e3), name="lost")
    net.drive(inputs[LOST:], sp.Poisson(rate=15.0, weight=1e3), name="kept")
    net.record(exc, "spikes")
    return net


def run(net: sp.Network, loss: float = LOSS, end: float = END) -> tuple[Any, Any, Any]:
    """The recording, and who was joined to whom just before the loss and at the end."""
    sim, found = sp.Simulation(net), []
    for until in (loss, end):
        sim.advance(until - sim.time)
        joined = sim.connections(NAME)
        found.append(np.zeros((INPUTS, EXC)))
        np.add.at(found[-1], (joined.pre, joined.post), 1)
    return sim.recording(), *found


def numbers(result: Any, before: Any, after: Any) -> dict[str, float]:
    """What the repair did, in numbers."""
    exc, made = result["exc"], {}
    spans = {
        "before": (LOSS - 20_000, LOSS),
        "after_loss": (LOSS, LOSS + 5000),
        "after_repair": (END - 20_000, END),
    }
    for name, span in spans.items():
        made[f"rate_{name}_hz"] = round(exc.rate(*span), 2)
    for name, joined in (("before", before), ("after_repair", after)):
        made[f"synapses_{name}"] = int(joined.sum())
        made[f"synapses_from_lost_{name}"] = int(joined[:LOST].sum())
    for changes in result.structure.values():
        late = changes.between(LOSS, END)
        made |= {"formed_since_loss": late.n_created, "removed_since_loss": late.n_removed}
    return made


def draw(repaired: tuple[Any, Any, Any], fixed: tuple[Any, Any, Any], path: str) -> None:
    """Rates, synapses, changes, and the matrices of connections before the loss and at the end."""
    from spikestack.recording.plot_style import FAINT, INK, color_of, dress, new_figure, time_axis

    result, before, after = repaired
    figure = new_figure(7.5, 4.6)
    left, right = figure.subfigures(1, 2, width_ratios=(5, 3))
    rates, synapses, changed = left.subplots(3, 1, sharex=True, height_ratios=(4, 3, 3))
    edges = np.arange(0.0, END + 1, 2000.0)
    for (one, _, _), color, label in (
        (fixed, FAINT, "synapses that stay"),
        (repaired, color_of(0), "synapses that come and go"),
    ):
        heights = np.histogram(one["exc"].times, edges)[0] / (EXC * 2.0)
        rates.stairs(heights, edges, color=color, linewidth=1.3, baseline=None, label=label)
    rates.set_ylabel("rate (Hz)")
    rates.set_ylim(0, 1.12 * rates.get_ylim()[1])
    rates.legend(fontsize=7, frameon=False, loc=(0.55, 0.16), labelcolor="linecolor")
    rates.text(LOSS + 2500, rates.get_ylim()[1] * 0.94, "a third of the inputs is lost", size=7)
    record, lost = result.structure[NAME], result.structure[NAME].pre < LOST
    gain = np.where(record.created, 1, -1)
    for mine, rows, color, label in (
        (~lost, slice(LOST, None), color_of(0), "from inputs that last"),
        (lost, slice(0, LOST), color_of(1), "from inputs that are lost"),
    ):
        change = np.histogram(record.times[mine] - 1.0, edges, weights=gain[mine])[0]
        end = after[rows].sum()
        number = end - change.sum() + np.cumsum(change)
        synapses.stairs(number, edges, color=color, linewidth=1.3, baseline=None, label=label)
    synapses.set_ylabel("synapses")
    synapses.set_ylim(0, None)
    synapses.legend(fontsize=7, frameon=False, loc="center right", labelcolor="linecolor")
    for mine, sign, color, label in (
        (record.created, 1, color_of(2), "formed"),
        (~record.created, -1, color_of(1), "removed"),
    ):
        number = sign * np.histogram(record.times[mine] - 1.0, edges)[0] / 2.0
        changed.stairs(number, edges, fill=True, color=color, label=label)
    changed.axhline(0, color=INK, linewidth=0.6)
    changed.set_ylabel("changes per s")
    changed.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    changed.legend(fontsize=7, frameon=False, ncols=2, loc="upper right", labelcolor="linecolor")
    for ax in (rates, synapses, changed):
        dress(ax)
        ax.axvline(LOSS, color=INK, linewidth=0.7, linestyle=(0, (4, 3)))
        time_axis(ax, 0.0, END, label=ax is changed)
    maps = right.subplots(2, 1, sharex=True)
    for ax, joined, title in zip(maps, (before, after), ("before the loss", "after the repair")):
        dress(ax)
        ax.imshow(joined > 0, cmap="Greys", aspect="auto", interpolation="nearest", vmax=1.3)
        ax.axhline(LOST - 0.5, color=color_of(1), linewidth=0.9)
        ax.set_title(title, size=9, color=INK)
        ax.set_ylabel("input")
    maps[1].text(EXC / 2, LOST / 2, "lost", color=color_of(1), size=9, ha="center", va="center")
    maps[1].set_xlabel("excitatory neuron")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    repaired, fixed = run(network()), run(network(grows=False))
    print(json.dumps({"repaired": numbers(*repaired), "fixed": numbers(*fixed)}, indent=2))
    if len(sys.argv) > 1:
        draw(repaired, fixed, sys.argv[1])
