"""A patch of skin: closed forms of its mechanics, and what each kind of afferent answers to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from spikestack.errors import UnknownNameError, ValidationError
from spikestack.sensors.touch import DENSITIES, KINDS, AfferentModel, SkinPatch, receptive_field
from spikestack.sensors.touch.mechanics import compliance, vertical_stress

RATE = 5000
E, NU = 0.05, 0.4


def grid(side: int, apart: float) -> np.ndarray:
    line = (np.arange(side) - (side - 1) / 2) * apart
    return np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2)


def press(depth: float, seconds: float = 1.0) -> np.ndarray:
    """Down within 20 ms at 0.1 s, up again at 0.2 s before the end."""
    t = np.arange(int(seconds * RATE)) / RATE
    return depth * np.clip(np.minimum((t - 0.1) / 0.02, (seconds - 0.2 - t) / 0.02 + 1), 0, 1)


def single(**more: object) -> SkinPatch:
    """One afferent of each kind below one pin, without anything random."""
    settings = {"spread": 0.0, "delay": (0.0, 0.0), "noise": False} | more
    return SkinPatch([(0.0, 0.0)], position=[(0.0, 0.0)] * 3, kind=list(KINDS), **settings)


def times(events: object, unit: int) -> np.ndarray:
    return events.t[events.unit == unit] / 1e6


def test_stress_is_that_of_points_of_load() -> None:
    """Boussinesq's stress of a point, integrated over the pressure below a flat punch."""
    a = 0.7
    # With r = a sin(u), pressure times area is P/(2 pi) sin(u) du d(angle).
    u = (np.arange(400) + 0.5) / 400 * np.pi / 2
    angle = (np.arange(400) + 0.5) / 400 * 2 * np.pi
    x, y = a * np.sin(u)[:, None] * np.cos(angle), a * np.sin(u)[:, None] * np.sin(angle)
    area = np.sin(u)[:, None] / (2 * np.pi) * (np.pi / 2 / 400) * (2 * np.pi / 400)
    for r, z in ((0.0, 0.3), (0.4, 0.5), (0.7, 1.6), (2.5, 0.9)):
        distance = np.sqrt((x - r) ** 2 + y**2 + z**2)
        whole = (area * 3 * z**3 / (2 * np.pi * distance**5)).sum()
        assert vertical_stress(r, z, a) == pytest.approx(whole, rel=1e-3)
    xi = 1.6 / a
    on_axis = (1 + 3 * xi**2) / (1 + xi**2) ** 2 / (2 * np.pi * a**2)
    assert vertical_stress(0.0, 1.6, a) == pytest.approx(on_axis, rel=1e-12)


def test_one_pin_is_pushed_back_as_sneddon_says() -> None:
    load = single(radius=0.5).loads([0.3, -0.1, 0.0, 1.0])[:, 0]
    assert load == pytest.approx(np.array([0.3, 0, 0, 1.0]) * 2 * 0.5 * E / (1 - NU**2))
    assert compliance(1.5, 0.5) == pytest.approx((1 - NU**2) * np.arcsin(1 / 3) / (np.pi * 0.5 * E))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.integers(2, 5), st.floats(-0.2, 0.5))
def test_loads_push_and_never_pull(seed: int, side: int, mean: float) -> None:
    """The one solution of the contact problem, however it is found."""
    places = grid(side, 1.0)
    patch = SkinPatch(places, 0.5, region={"SA1": 1.0})
    depth = np.random.default_rng(seed).normal(mean, 0.4, (40, len(places)))
    load = patch.loads(depth)
    assert (load >= 0).all()
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    matrix = compliance(apart, 0.5)
    sunk = load @ matrix
    assert np.allclose(sunk[load > 0], depth[load > 0], atol=1e-9)
    assert (sunk >= depth - 1e-9).all()
    root = np.linalg.cholesky(matrix)
    for row, mine in zip(depth[:8], load):
        assert mine == pytest.approx(nnls(root.T, np.linalg.solve(root, row))[0], abs=1e-9)


def test_only_slow_fibres_answer_to_a_hold() -> None:
    events = single().feel(press(1.0))
    held = [((times(events, k) > 0.25) & (times(events, k) < 0.78)).sum() for k in range(3)]
    moved = [(times(events, k) < 0.2).sum() for k in range(3)]
    assert held[0] > 20 and held[1:] == [0, 0] and min(moved) >= 1
    off = [(times(events, k) > 0.8).sum() for k in range(3)]
    assert off[1] >= 1 and off[2] >= 1


def test_slow_fibres_fire_faster_the_deeper_the_pin_and_adapt() -> None:
    counts = [np.count_nonzero(single().feel(press(d)).unit == 0) for d in (0.02, 0.3, 1.0, 2.0)]
    assert counts[0] == 0 and counts[1] < counts[2] < counts[3]
    between = np.diff(times(single().feel(press(1.0, 2.0)), 0))
    assert between[:4].mean() < between[-4:].mean()


def threshold(kind: str, hertz: float) -> float:
    """Least amplitude in mm for a spike, after half a second with the pin half a mm deep."""
    t = np.arange(RATE) / RATE
    wave = np.sin(2 * np.pi * hertz * t) * np.clip((t - 0.5) / 0.1, 0, 1)
    patch = SkinPatch(
        [(0.0, 0.0)], position=[(0.0, 0.0)], kind=kind, spread=0.0, delay=(0, 0), noise=False
    )
    low, high = 1e-5, 10.0
    for _ in range(16):
        middle = np.sqrt(low * high)
        spikes = patch.feel(0.5 + middle * wave)
        low, high = (low, middle) if len(spikes) else (middle, high)
    return float(high)


def test_each_fast_fibre_has_a_pitch() -> None:
    """PC fibres are most sensitive between 200 and 300 Hz, RA fibres at tens of Hz."""
    tones = (10.0, 30.0, 60.0, 120.0, 180.0, 250.0, 320.0, 450.0, 700.0)
    pc, ra = ([threshold(kind, hertz) for hertz in tones] for kind in ("PC", "RA"))
    assert tones[int(np.argmin(pc))] == 250.0 and pc[5] < 2e-3 and pc[0] > 50 * pc[5]
    assert tones[int(np.argmin(ra))] == 30.0 and ra[1] < 30e-3
    assert ra[1] < pc[1] and pc[5] < 0.01 * ra[5]


def test_a_wave_comes_later_the_farther_it_goes() -> None:
    """8 mm/ms from the edge of the pin on, to a sample; loads act at once."""
    far = 8.0 * 4 + 0.5
    model = AfferentModel(depth=2.0, cutoff=2000.0, acceleration=(1e4, 1e4), tau=0.5)
    patch = SkinPatch(
        [(0.0, 0.0)], position=[(0.0, 0.0), (far, 0.0)], kind="PC", models={"PC": model},
        spread=0.0, delay=(0, 0), noise=False,
    )  # fmt: skip
    depth = np.concatenate([np.zeros(500), np.full(500, 1.0)])
    events = patch.feel(depth)
    near, later = times(events, 0)[0], times(events, 1)[0]
    assert later - near == pytest.approx(4e-3, abs=0.21e-3)
    slow = AfferentModel(depth=0.3, cutoff=2000.0, stress=(1e9, 0), tau=0.5)
    still = SkinPatch(
        [(0.0, 0.0)], position=[(0.0, 0.0), (far, 0.0)], kind="SA1", models={"SA1": slow},
        spread=0.0, delay=(0, 0), noise=False,
    ).feel(depth)  # fmt: skip
    assert times(still, 0)[0] == times(still, 1)[0]


@pytest.mark.parametrize("region", DENSITIES)
def test_afferents_are_as_many_as_found_in_people(region: str) -> None:
    patch = SkinPatch([(0.0, 0.0)], region=region, size=(20.0, 10.0), seed=5)
    assert {k: int((patch.kind == k).sum()) for k in KINDS} == {
        k: round(2 * density) for k, density in DENSITIES[region].items()
    }
    assert (np.abs(patch.position) <= (10.0, 5.0)).all() and patch.units == len(patch.position)
    # Evenly over the patch: means within four standard errors.
    error = np.array([20.0, 10.0]) / np.sqrt(12 * patch.units)
    assert (np.abs(patch.position.mean(axis=0)) < 4 * error).all()
    assert (patch.delay >= 1.0).all() and (patch.delay <= 11.0).all()


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=6), st.integers(0, 2**31))
def test_pieces_are_felt_as_the_whole(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    depth = 0.4 + 0.1 * np.cumsum(rng.normal(0, 0.05, (sum(lengths), 4)), axis=0)
    patch = SkinPatch(grid(2, 2.0), region="finger", seed=seed)
    whole = patch.feel(depth)
    parts = [patch.push(piece) for piece in np.split(depth, np.cumsum(lengths)[:-1])]
    arrived = sum(lengths) * 200
    assert all(p.t.max(initial=0) <= arrived for p in parts)
    parts.append(patch.finish())
    assert np.array_equal(np.concatenate([p.t for p in parts]), whole.t)
    assert np.array_equal(np.concatenate([p.unit for p in parts]), whole.unit)


def test_the_seed_is_all_that_is_random() -> None:
    depth = press(0.5, 0.5)
    first, second, other = (SkinPatch([(0, 0)], seed=s).feel(depth) for s in (1, 1, 2))
    assert np.array_equal(first.t, second.t) and np.array_equal(first.unit, second.unit)
    assert not np.array_equal(first.t[:50], other.t[:50])


def test_conduction_is_a_delay_and_nothing_else() -> None:
    depth = press(1.0)
    soon, late = (single(delay=(d, d)).feel(depth) for d in (0.0, 7.5))
    assert np.array_equal(soon.t + 7500, late.t) and np.array_equal(soon.unit, late.unit)


def test_receptive_fields() -> None:
    """Round; small for SA1, larger for RA, and PC fibres feel far away."""
    t = np.arange(2500) / RATE
    depth = press(0.6, 0.5) + 0.02 * np.sin(2 * np.pi * 250 * t)
    size = {}
    for kind in KINDS:
        field = receptive_field(kind, depth, extent=8.0, steps=17)
        assert np.array_equal(field, field.T) and np.array_equal(field, field[::-1])
        assert field[8, 8] == field.max() > 0
        size[kind] = int((field > 0).sum())
    assert size["SA1"] < size["PC"] and size["RA"] < size["PC"]


def test_a_figure() -> None:
    pytest.importorskip("matplotlib")
    patch = SkinPatch([(0, 0)], region="palm")
    assert patch.plot(patch.feel(press(0.5, 0.3))).axes[0].get_xlabel() == "mm"


def test_what_cannot_be() -> None:
    for wrong in (
        lambda: SkinPatch([(0, 0), (0.5, 0)], radius=0.5),
        lambda: SkinPatch([]),
        lambda: SkinPatch([(0, 0)], radius=0.0),
        lambda: SkinPatch([(0, 0)], size=(0.1, 0.1)),
        lambda: SkinPatch([(0, 0)], delay=(3.0, 1.0)),
        lambda: SkinPatch([(0, 0)], position=[(0, 0)]),
        lambda: SkinPatch([(0, 0)]).push([[np.nan]]),
        lambda: SkinPatch([(0, 0)]).push(np.zeros((5, 2))),
        lambda: AfferentModel(depth=0.0, cutoff=10.0),
        lambda: AfferentModel(depth=1.0, cutoff=2500.0),
        lambda: AfferentModel(depth=(1.0, 2.0), cutoff=10.0),
        lambda: AfferentModel(depth=1.0, cutoff=10.0, stress=1.0),
        lambda: SkinPatch([(0, 0)], models={"SA1": 3}),
        lambda: SkinPatch([(0, 0)], models={"PC": AfferentModel(2.0, 300.0)}),
        lambda: receptive_field("SA1", [0.0], steps=0),
    ):
        with pytest.raises(ValidationError):
            wrong()
    with pytest.raises(UnknownNameError):
        SkinPatch([(0, 0)], region="elbow")
    with pytest.raises(UnknownNameError):
        SkinPatch([(0, 0)], region={"SA3": 1.0})
