"""NeuroBench's tasks: the series is the equation's, networks learn, data that miss are told of."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import spikestack as sp
from spikestack import zoo
from spikestack.benchmarks.neurobench import few_shot_digits, forecast, mackey_glass
from spikestack.errors import ValidationError
from spikestack.sensors import datasets

TAU, BETA, GAMMA, POWER, PAST = 17.0, 0.2, 0.1, 10.0, 0.7206597


def _first(t: np.ndarray | float) -> np.ndarray | float:
    """Up to the first delay what comes late is constant, and x an exponential."""
    rest = BETA * PAST / (1 + PAST**POWER) / GAMMA
    return rest + (PAST - rest) * np.exp(-GAMMA * np.asarray(t))


def test_the_series_begins_as_the_closed_form() -> None:
    """Then, up to twice the delay, as another solver says of the equation with that put in."""
    series = mackey_glass(69, spacing=0.5)
    times = 0.5 * np.arange(69)
    before = times <= TAU
    np.testing.assert_allclose(series[before], _first(times[before]), atol=1e-9)

    def slope(t: float, x: np.ndarray) -> np.ndarray:
        late = _first(t - TAU)
        return BETA * late / (1 + late**POWER) - GAMMA * x

    exact = solve_ivp(slope, (TAU, 2 * TAU), [_first(TAU)], t_eval=times[~before], rtol=1e-11,
                      atol=1e-13)  # fmt: skip
    np.testing.assert_allclose(series[~before], exact.y[0], atol=2e-8)


def test_the_series_is_solved_to_fourth_order() -> None:
    """Half the step, a sixteenth of the error."""
    coarse, middle, fine = (mackey_glass(60, step=h)[-1] for h in (0.5, 0.25, 0.125))
    assert 8 < abs(coarse - middle) / abs(middle - fine) < 32


def test_the_series_stays_where_it_should() -> None:
    """Chaotic, and bounded."""
    series = mackey_glass(2000)
    assert 0.2 < series.min() < 0.6 and 1.2 < series.max() < 1.5
    assert np.std(series[1000:]) > 0.15
    for wrong in ({"points": 0}, {"points": 5, "step": 0.0}, {"points": 5, "tau": 0.01}):
        with pytest.raises(ValidationError, match="mackey_glass"):
            mackey_glass(**wrong)


def test_the_forecast_follows_the_series() -> None:
    """Closely at first; over two Lyapunov times, better than the mean of the series does."""
    made = forecast(2, hidden=120, ahead=2.0)
    near = slice(0, 30)
    assert np.abs(made.predicted[near] - made.target[near]).max() < 0.1
    assert made.smape == sp.metrics.smape(made.predicted, made.target) == made.measured["smape"]
    assert made.smape < 0.5 * made.flat
    assert made.measured.samples == 900 and made.measured.steps == 20
    assert made.measured["parameter_count"] == 9 * 120
    assert made.measured["dense"] == 20 * made.measured["parameter_count"]
    plain = made.measured.to_dict()
    assert json.loads(json.dumps(plain))["smape"] == made.smape
    with pytest.raises(ValidationError, match="forecast"):
        forecast(-1)


def _data(read: object) -> None:
    try:
        read("test")  # type: ignore[operator]
    except ValidationError as error:
        pytest.skip(str(error))


def test_trained_networks_on_event_sets() -> None:
    """Metrics of the zoo's networks, by the step that the data have."""
    _data(datasets.braille)
    found = zoo.measured("braille-events", 12)
    assert found["accuracy"] > 0.9 and found["execution_rate"] == 100
    assert found["dense"] == 76 * found["parameter_count"] == 76 * (7 * 24 + 27) * 256
    assert found.per_second("dense") == found["dense"] / 0.76
    with pytest.raises(ValidationError, match="limit"):
        zoo.measured("braille-events", 0)


@pytest.mark.slow
def test_few_shots() -> None:
    """Six digits by gradient, four by five examples: far above chance, and base digits stay."""
    pytest.importorskip("torch")
    _data(datasets.spoken_digits)
    course = few_shot_digits(0)
    assert course.base > 0.95 and course.average > 0.8
    assert [len(s.classes) for s in course.sessions] == [6, 8, 10]
    assert course.sessions[2].new > 0.4
    assert course.measured.samples == 250 and "effective_acs" in course.measured


def test_few_shots_ask_for_their_data(tmp_path: object) -> None:
    """By name."""
    with pytest.raises(ValidationError):
        few_shot_digits(0, folder=tmp_path)
    with pytest.raises(ValidationError, match="0 or more"):
        few_shot_digits(0, epochs=0)
