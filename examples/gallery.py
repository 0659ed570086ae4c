"""Every named firing pattern, drawn, and its parameters: ``python examples/gallery.py FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import spikestack as sp
from spikestack.recording.plot_style import COLORS, FAINT, INK, new_figure, nice_number

#: Units of the columns of the tables where they are not those of the parameters.
SCALES = {"uS": (1e3, "nS"), "nA": (1e3, "pA"), "nF": (1e3, "pF")}
SHORT = {
    "spike_frequency_adaptation": "frequency adaptation",
    "subthreshold_oscillations": "subthreshold oscillation",
    "depolarizing_afterpotential": "after-potential (DAP)",
    "inhibition_induced_spiking": "inhibition, spiking",
    "inhibition_induced_bursting": "inhibition, bursting",
}


def shown(model: Any, name: str) -> sp.Recording:
    """One neuron under the current that shows its pattern."""
    stimulus = model.shows[name]
    net = sp.Network(seed=1)
    cell = net.add(sp.Population("cell", 1, model.preset(name)))
    net.drive(cell, sp.StepCurrent(*stimulus.steps()))
    net.record(cell, "spikes", "v")
    return net.run(stimulus.duration, dt=stimulus.dt, precision="float64")


def with_spikes(recording: sp.Recording, peak: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and potentials, with the peak at which each spike was cut put in before its reset."""
    trace = recording["cell", "v"]
    times, v = trace.times, trace.values[0][:, 0]
    at = np.searchsorted(times, recording["cell"].times - 1e-6)
    return np.insert(times, at, times[at]), np.insert(v, at, peak)


def panel(ax: Any, model: Any, name: str, letter: str, peak: float) -> None:
    """The potential, and the current below it."""
    end = model.shows[name].duration
    times, v = with_spikes(shown(model, name), peak)
    ax.plot(times, v, color=COLORS[0], linewidth=0.8, solid_joinstyle="bevel")
    if name == "subthreshold_oscillations":
        late = times > 55.0
        ax.plot(times[late], 20 * (v[late] - v[-1]) - 10, color=COLORS[1], linewidth=0.8)
        ax.text(end, 8, "× 20", size=6.5, ha="right", color=COLORS[1])
    draw_current(ax, model.shows[name])
    bar = nice_number(end / 4)
    ax.plot([end - bar, end], [-122, -122], color=FAINT, linewidth=1.5, solid_capstyle="butt")
    ax.text(end - 1.1 * bar, -122, f"{bar:g} ms", size=6.5, ha="right", va="center", color=FAINT)
    if letter == "A":
        ax.plot([0, 0], [peak - 50, peak], color=FAINT, linewidth=1.5, solid_capstyle="butt")
        ax.text(0.02 * end, peak - 25, "50 mV", size=6.5, va="center", rotation=90, color=FAINT)
    title = SHORT.get(name, name.replace("_", " "))
    ax.set_title(f"$\\bf{{{letter}}}$  {title}", size=8, loc="left", color=INK, pad=3)
    ax.set_xlim(-0.01 * end, 1.01 * end)
    ax.set_ylim(-128, peak + 4)
    ax.axis("off")


def draw_current(ax: Any, stimulus: Any) -> None:
    """The current, from its least to its greatest value at one height in all panels."""
    times, current = stimulus.steps()
    if times[0] > 0:
        times, current = np.append(0.0, times), np.append(0.0, current)
    times, current = np.append(times, stimulus.duration), np.append(current, current[-1])
    height = 16 * (current - current.min()) / np.ptp(current) - 112
    ax.plot(times, height, color=INK, linewidth=0.8, drawstyle="steps-post")


def gallery(model: Any, names: list[str], peak: float) -> Any:
    """All patterns of a model in one figure, four in a row."""
    rows = -(-len(names) // 4)
    figure = new_figure(7.4, 1.35 * rows)
    figure.get_layout_engine().set(wspace=0.05, hspace=0.04)
    for ax, name, letter in zip(figure.subplots(rows, 4).flat, names, "ABCDEFGHIJKLMNOPQRST"):
        panel(ax, model, name, letter, peak)
    return figure


def table(model: Any) -> str:
    """The parameter sets as a Markdown table, without u at t = 0, which is b times v, or given."""
    parameters, sets = model.declared_parameters(), model.parameter_sets
    columns = [x for x in dict.fromkeys(x for s in sets.values() for x in s) if x != "u"]
    heads, rows = ["pattern"], [[f"`{name}`"] for name in sets]
    for column in columns:
        unit = parameters[column].unit if column in parameters else "mV"
        scale, text = SCALES.get(unit, (1.0, unit))
        heads.append(f"`{column}` ({text})" if text != "1" else f"`{column}`")
        for row, values in zip(rows, sets.values()):
            row.append(f"{values[column] * scale:g}" if column in values else "")
    heads += ["current (nA, from ms on)", "run (ms)", "step (ms)"]
    for row, shows in zip(rows, model.shows.values()):
        row += [", ".join(map(words, shows.changes)), f"{shows.duration:g}", f"{shows.dt:g}"]
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def words(change: tuple[float, ...]) -> str:
    """One change of the current: ``14 from 10.25``."""
    time, level, *slope = change
    rising = f" rising by {slope[0]:g}/ms" if slope else ""
    return f"{level:g}{rising} from {time:g}"


def main(folder: Path) -> None:
    """Draw both figures into `folder` and print both tables."""
    naud = [name for name in sp.AdEx.shows if name != "brette_gerstner"]
    figures = {
        "adex_patterns": (sp.AdEx, naud, 0.0),
        "izhikevich_patterns": (sp.Izhikevich2004, list(sp.Izhikevich2004.shows), 30.0),
    }
    for name, (model, patterns, peak) in figures.items():
        path = folder / f"{name}.png"
        gallery(model, patterns, peak).savefig(path, dpi=150)
        print(f"{path}\n\n{table(model)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
