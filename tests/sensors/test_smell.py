"""A nose: rise and fall, concentration, overlap, drift, age, damp; in pieces too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.errors import ValidationError
from spikestack.sensors.smell import ENose

STILL = {"drift": 0.0, "noise": 0.0, "ageing": 0.0}


def puff(samples: int, gas: int, level: float = 1.0, gases: int = 4) -> np.ndarray:
    air = np.zeros((samples, gases))
    air[:, gas] = level
    return air


def test_sensors_rise_and_fall_with_their_time_constants() -> None:
    nose = ENose(8, 4, 100.0, **STILL)
    air = np.concatenate([puff(40_000, 1), puff(20_000, 1, 0.0)])
    found = nose.smell(air)
    assert found[39_999] == pytest.approx(nose.amplitude[:, 1], rel=1e-3)
    for i in range(8):
        at = round(nose.rise[i] * 100) - 1
        assert found[at, i] / nose.amplitude[i, 1] == pytest.approx(1 - np.exp(-1), rel=1e-3)
        later = 39_999 + round(nose.fall[i] * 100)
        assert found[later, i] / found[39_999, i] == pytest.approx(np.exp(-1), rel=1e-3)


def test_concentration_counts_by_a_power_and_damp_lowers() -> None:
    nose = ENose(6, 4, 1.0, **STILL)
    strong, weak = (nose.smell(puff(2000, 0, level))[-1] for level in (1.0, 0.1))
    assert weak / strong == pytest.approx(0.1**nose.exponent, rel=1e-6)
    damp = nose.smell(puff(2000, 0), humidity=1.0)[-1]
    assert damp / strong == pytest.approx(np.full(6, 1 / 1.3), rel=1e-6)


def test_selectivity_parts_gases() -> None:
    overlaps = []
    for selectivity in (0.0, 0.9):
        a = ENose(40, 4, selectivity=selectivity, seed=3).amplitude
        overlaps.append(np.corrcoef(a.T)[np.triu_indices(4, 1)].mean())
    assert overlaps[1] < overlaps[0] - 0.1


def test_the_baseline_wanders_as_far_as_it_should() -> None:
    nose = ENose(400, 1, 1.0, drift=0.05, noise=0.0, ageing=0.0)
    after = nose.smell(np.zeros((3600, 1)))[-1]
    assert after.std() == pytest.approx(0.05, rel=0.15) and abs(after.mean()) < 0.01


def test_it_ages() -> None:
    settings = {**STILL, "ageing": 0.2}
    nose = ENose(3, 1, 1 / 3600, **settings)
    found = nose.smell(np.ones((721, 1)))
    assert found[-1] == pytest.approx(0.8 * nose.amplitude[:, 0], rel=1e-3)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=5), st.integers(0, 2**31))
def test_pieces_are_smelt_as_the_whole(lengths: list[int], seed: int) -> None:
    air = np.random.default_rng(seed).uniform(0, 1, (sum(lengths), 3))
    nose = ENose(5, 3, seed=seed)
    whole = nose.smell(air)
    pieces = [nose.push(piece) for piece in np.split(air, np.cumsum(lengths)[:-1])]
    assert np.concatenate(pieces) == pytest.approx(whole, abs=1e-12)
    assert np.array_equal(ENose(5, 3, seed=seed).smell(air), whole)


def test_what_cannot_be() -> None:
    for wrong in (
        lambda: ENose(0),
        lambda: ENose(selectivity=2.0),
        lambda: ENose(gases=2).smell(np.zeros((5, 3))),
        lambda: ENose(gases=2).smell(-np.ones((5, 2))),
        lambda: ENose(gases=2).smell(np.ones((5, 2)), humidity=1.5),
    ):
        with pytest.raises(ValidationError):
            wrong()
