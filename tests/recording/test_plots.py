"""Figures: they draw in every case, escape names, and leave matplotlib as it was."""

from __future__ import annotations

import builtins
import sys
from io import BytesIO
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from spikestack.errors import MissingExtraError, ValidationError
from spikestack.recording import plot_style

from .helpers import random_record, random_trace, recording_of


def render(figure: Figure) -> Figure:
    """Draw it; there is a picture then, of axes that have a size."""
    made = BytesIO()
    figure.savefig(made, format="png", dpi=40)
    assert made.getvalue().startswith(b"\x89PNG")
    assert figure.axes and all(ax.bbox.width > 0 and ax.bbox.height > 0 for ax in figure.axes)
    return figure


def texts(figure: Figure) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


CASES: dict[str, Any] = {
    "two": [random_record("a", 100, number=900), random_record("b", 20)],
    "no spikes": [random_record("a", number=0), random_record("b", number=0)],
    "one quiet": [random_record("a", number=0), random_record("b")],
    "one neuron": [random_record("a", 1, number=3)],
    "trials": [random_record("a", n_trials=4)],
    "nobody": [random_record("a", number=0, recorded=np.zeros(0, int)), random_record("b")],
    "many": [random_record(f"population {i}", 3**(i % 8), number=50) for i in range(40)],
    "math": [random_record("$x_{", 5), random_record("a\nb\x00", 5), random_record("é 神経", 5)],
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("case", CASES)
def test_rasters_draw(case: str) -> None:
    recording = recording_of(*CASES[case])
    assert all(ax.get_xlim() == (0.0, recording.t_stop) for ax in render(recording.raster()).axes)
    part = render(recording.raster(t_start=20.0, t_stop=40.5))
    assert all(ax.get_xlim() == (20.0, 40.5) for ax in part.axes)
    for record in CASES[case][:3]:
        render(record.raster())
        render(record.plot_rate())


def test_zero_length_run_draws() -> None:
    record = random_record(number=0, t_stop=0.0)
    recording = recording_of(record, traces=(random_trace(samples=0),), t_stop=0.0)
    for figure in (recording.raster(), recording.plot(), record.raster(), record.plot_rate()):
        render(figure)


@pytest.mark.parametrize("neurons", [0, 1, 2, 5, 8, 9, 40])
@pytest.mark.parametrize("samples", [0, 1, 2, 100, 20_000])
def test_traces_draw(neurons: int, samples: int) -> None:
    figure = render(random_trace(neurons=neurons, samples=samples).plot())
    assert any(ax.has_data() for ax in figure.axes) == (neurons > 0 and samples > 0)


@pytest.mark.parametrize("fill", [np.nan, np.inf, 0.0])
@pytest.mark.parametrize("neurons", [1, 3, 20])
def test_traces_of_one_value_or_none_draw(neurons: int, fill: float) -> None:
    trace = random_trace(neurons=neurons)
    values = np.full(trace.values.shape, fill)
    values[:, :10] = 0.0 if neurons == 3 else fill
    render(type(trace)(**{**vars(trace), "values": values}).plot())


def test_peaks_survive_thinning() -> None:
    trace = random_trace(neurons=1, samples=200_000)
    values = trace.values.copy()
    values[0, 123_457, 0] = 40.0
    figure = type(trace)(**{**vars(trace), "values": values}).plot()
    (line,) = figure.axes[0].lines
    assert len(line.get_ydata()) < 10_000
    assert np.max(line.get_ydata()) == 40.0


def test_plot_shows_everything() -> None:
    traces = (random_trace(), random_trace(variable="w", neurons=20), random_trace("c", neurons=1))
    figure = recording_of(random_record(), traces=traces).plot()
    shown = texts(render(figure))
    assert {"exc", "5 neurons", "rate (Hz)", "time (ms)", "exc\nv of neuron"} <= set(shown)
    assert "c\nv (mV)" in shown
    render(recording_of(traces=traces).plot())


def test_nothing_to_draw_is_refused() -> None:
    for draw in (
        recording_of().raster,
        recording_of().plot,
        recording_of(traces=(random_trace(),)).raster,
    ):
        with pytest.raises(ValidationError, match="record spikes"):
            draw()


@pytest.mark.parametrize("window", [(5.0, 5.0), (-1.0, 5.0), (0.0, 101.0), (0.0, float("nan"))])
def test_windows_must_lie_inside(window: tuple[float, float]) -> None:
    with pytest.raises(ValidationError, match="window"):
        recording_of(random_record()).raster(None, *window)


def test_trials_must_exist() -> None:
    with pytest.raises(ValidationError, match="trial"):
        recording_of(random_record()).raster(trial=1)


def test_populations_are_chosen_in_order() -> None:
    recording = recording_of(random_record("a"), random_record("b"), random_record("c"))
    shown = texts(recording.raster(populations=["c", "a"]))
    assert "b" not in shown
    assert shown.index("c") < shown.index("a")


def test_huge_populations_are_thinned_and_say_so() -> None:
    big = random_record("big", 100_000, number=200_000)
    small = random_record("small", 50)
    figure = recording_of(big, small).raster(max_neurons=1000)
    shown = texts(figure)
    assert {"1,000 of 100,000 neurons", "50 neurons"} <= set(shown)
    label = big.raster().axes[0].get_ylabel()
    assert label == "big neuron (2,000 of 100,000 shown)"


def test_many_points_are_rasterised_and_limited() -> None:
    record = random_record("a", 1000, number=1_000_000)
    (line,) = recording_of(record).raster().axes[0].lines
    assert line.get_rasterized()
    assert 200_000 < len(line.get_xdata()) < 500_000
    (line,) = recording_of(random_record()).raster().axes[0].lines
    assert not line.get_rasterized()


def test_figures_leave_matplotlib_alone() -> None:
    before = dict(mpl.rcParams)
    known = "matplotlib.pyplot" in sys.modules
    recording = recording_of(random_record(), traces=(random_trace(neurons=20),))
    figure = render(recording.plot())
    assert dict(mpl.rcParams) == before
    if not known:
        assert "matplotlib.pyplot" not in sys.modules
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_axes_of_the_user_are_drawn_on() -> None:
    figure = Figure()
    axes = figure.subplots(2, 2).ravel()
    assert random_record().raster(axes[0]) is figure
    assert random_record().plot_rate(axes[1], bin=5.0) is figure
    assert random_trace().plot(axes[2]) is figure
    assert random_trace(neurons=20).plot(axes[3]) is figure
    render(figure)


@pytest.mark.parametrize(
    ("value", "nice"), [(1, 1), (1.9, 1), (2, 2), (7, 5), (0.03, 0.02), (990, 500)]
)
def test_nice_numbers(value: float, nice: float) -> None:
    assert plot_style.nice_number(value) == pytest.approx(nice)


def test_missing_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = recording_of(random_record(), traces=(random_trace(),))
    plot_style._figure_class.cache_clear()
    real = builtins.__import__

    def without(name: str, *more: Any, **named: Any) -> Any:
        if name.split(".", maxsplit=1)[0] in ("matplotlib", "pandas"):
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    record, trace = recording["exc"], recording["exc", "v"]
    for draw in (recording.raster, recording.plot, record.raster, record.plot_rate, trace.plot):
        with pytest.raises(MissingExtraError, match=r"spikestack\[plots\]"):
            draw()
    for convert in (recording.to_pandas, record.to_pandas, trace.to_pandas):
        with pytest.raises(MissingExtraError, match=r"spikestack\[pandas\]"):
            convert()


@pytest.mark.parametrize("width", [3.5, 7.0])
@pytest.mark.parametrize("case", [name for name in CASES if name != "math"])
def test_composed_figures_draw(case: str, width: float) -> None:
    """Whatever there is to sum up, in both widths; also as vectors."""
    recording = recording_of(*CASES[case], traces=(random_trace(neurons=2),))
    figure = render(recording.plot(width=width))
    assert figure.get_figwidth() == width
    figure.savefig(BytesIO(), format="svg")


def test_composed_figure_sums_up() -> None:
    """Rates, intervals and spectrum stand below, with their units."""
    records = [random_record("a", 50, number=2000), random_record("b", 20, number=500)]
    shown = texts(recording_of(*records).plot())
    for label in ("rate of a neuron (Hz)", "CV of intervals", "frequency (Hz)"):
        assert label in shown
    assert "CV of intervals" not in texts(recording_of(*records).raster())
    with pytest.raises(ValidationError, match="inches"):
        recording_of(*records).plot(width=0.1)
