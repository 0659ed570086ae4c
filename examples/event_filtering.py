"""A moving bar behind noise: what filters of events keep, and how well they tell.

``python examples/event_filtering.py [picture.png]`` prints the area under the curve of signal kept
over noise kept, for several filters, as their dt goes from 0.1 to 1000 ms; one half is chance. With
a path it draws the events, before and after a filter, and the curves (matplotlib).
"""

import sys

import numpy as np

import spikestack as sp
from spikestack.sensors.events import CameraEvents

WIDTH, HEIGHT, DURATION = 128, 96, 1e6

FAMILIES = {
    "background activity": sp.BackgroundActivity,
    "2 of 8 neighbours": lambda dt: sp.SpatioTemporalCorrelation(dt, k=2),
    "2 of 8, same polarity": lambda dt: sp.SpatioTemporalCorrelation(dt, k=2, same_polarity=True),
    "row and column": sp.RowColumnActivity,
}


def bar_in_noise(
    speed: int, repeats: int, seed: int = 1, noise: float = 5.0
) -> tuple[CameraEvents, np.ndarray]:
    """A bar, 8 pixels wide, goes round for 1 s at `speed` pixels per s; noise in Hz for each pixel.

    A pixel has `repeats` ON events as the bar comes and OFF events as it goes, half a ms apart,
    each late by an exponential time of half a ms on the average.
    """
    rng = np.random.default_rng(seed)
    y, step, again = np.meshgrid(*map(np.arange, (HEIGHT, speed, repeats)), indexing="ij")
    parts = []
    for lag, p in ((0, 1), (8, 0)):
        t = (step + lag) / speed * 1e6 + again * 500 + rng.exponential(500, step.shape)
        parts.append((t.ravel(), step.ravel() % WIDTH, y.ravel(), np.full(t.size, p)))
    n = rng.poisson(noise * WIDTH * HEIGHT * DURATION * 1e-6)
    places = [rng.integers(0, most, n) for most in (WIDTH, HEIGHT, 2)]
    parts.append((rng.uniform(0, DURATION, n), *places))
    t, x, y, p = (np.concatenate(column) for column in zip(*parts))
    order = np.argsort(t, kind="stable")
    order = order[t[order] < DURATION]
    is_signal = order < len(t) - n
    events = CameraEvents(
        t[order].astype(np.int64), x[order], y[order], p[order], width=WIDTH, height=HEIGHT
    )
    return events, is_signal


def draw(path: str) -> None:
    """Events of 40 ms before and after a filter, and the curves."""
    from matplotlib.figure import Figure

    events, is_signal = bar_in_noise(speed=256, repeats=3)
    passed = sp.SpatioTemporalCorrelation(5.0, k=2, same_polarity=True)(events)
    figure = Figure(figsize=(10, 3.1), dpi=150, layout="constrained")
    before, after, curves = figure.subplots(1, 3, width_ratios=(1, 1, 0.9))
    for axes, some, title in (
        (before, events, "40 ms of events"),
        (after, passed, "2 of 8 neighbours, same polarity, 5 ms"),
    ):
        off, on = sp.EventFrames(1000.0)(some.between(300.0, 340.0))[0]
        picture = np.ones((HEIGHT, WIDTH, 3))
        picture[off > 0], picture[on > 0] = (0.84, 0.37, 0.0), (0.0, 0.45, 0.7)
        axes.imshow(picture, interpolation="nearest")
        axes.set(title=title, xticks=[], yticks=[])
        axes.title.set_fontsize(10)
    colors = ("#0072B2", "#009E73", "#D55E00", "#7A7A7A")
    for (name, family), color in zip(FAMILIES.items(), colors):
        found = sp.roc(family, events, is_signal)
        curves.plot(
            found.noise_kept, found.signal_kept, color=color, label=f"{name}: {found.auc:.3f}"
        )
    curves.set(xlabel="noise kept", ylabel="signal kept", xlim=(0, 1), ylim=(0, 1.02))
    curves.legend(frameon=False, fontsize=8, loc="lower right")
    curves.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main() -> None:
    """Print the areas; draw, if told where."""
    print("pixels/s  events per edge  " + "  ".join(FAMILIES))
    for speed in (64, 256, 1024):
        for repeats in (1, 3):
            events, is_signal = bar_in_noise(speed, repeats)
            areas = [sp.roc(family, events, is_signal).auc for family in FAMILIES.values()]
            cells = "  ".join(f"{a:{len(name)}.3f}" for a, name in zip(areas, FAMILIES))
            print(f"{speed:8d}  {repeats:15d}  {cells}")
    if len(sys.argv) > 1:
        draw(sys.argv[1])


if __name__ == "__main__":
    main()
