"""PyNN: connectors, projections and the simulator's own random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pyNN")
from pyNN.errors import ConnectionError as WrongConnection

import spikestack.pynn as sim
from spikestack.errors import UnknownNameError, ValidationError
from spikestack.pynn import projections

NUMPY: dict[str, Callable[[], Any]] = {
    "all": sim.AllToAllConnector,
    "all but self": lambda: sim.AllToAllConnector(allow_self_connections=False),
    "one": sim.OneToOneConnector,
    "probability": lambda: sim.FixedProbabilityConnector(0.3, rng=sim.NumpyRNG(5)),
    "probability but self": lambda: sim.FixedProbabilityConnector(
        0.3, allow_self_connections=False, rng=sim.NumpyRNG(5)
    ),
    "total": lambda: sim.FixedTotalNumberConnector(77, rng=sim.NumpyRNG(5)),
    "pre": lambda: sim.FixedNumberPreConnector(7, rng=sim.NumpyRNG(5)),
    "pre again": lambda: sim.FixedNumberPreConnector(7, with_replacement=True, rng=sim.NumpyRNG(5)),
    "pre but self": lambda: sim.FixedNumberPreConnector(
        7, allow_self_connections=False, rng=sim.NumpyRNG(5)
    ),
    "more than there are": lambda: sim.FixedNumberPreConnector(43, rng=sim.NumpyRNG(5)),
    "post": lambda: sim.FixedNumberPostConnector(7, rng=sim.NumpyRNG(5)),
    "post again": lambda: sim.FixedNumberPostConnector(
        7, with_replacement=True, rng=sim.NumpyRNG(5)
    ),
    "post but self": lambda: sim.FixedNumberPostConnector(
        7, allow_self_connections=False, rng=sim.NumpyRNG(5)
    ),
    "list": lambda: sim.FromListConnector([(3, 0, 0.2, 0.7), (1, 2, 0.1, 0.4), (1, 2, 0.5, 1.0)]),
}
WEIGHTS: dict[str, Callable[[], Any]] = {
    "number": lambda: 0.3,
    "normal": lambda: sim.RandomDistribution("normal", mu=2, sigma=0.1, rng=sim.NumpyRNG(9)),
    "gamma": lambda: sim.RandomDistribution("gamma", k=2.0, theta=0.5, rng=sim.NumpyRNG(9)),
}


def sides(which: str) -> tuple[Any, Any]:
    """Two populations, one with itself, or two views that overlap."""
    sim.setup()
    a = sim.Population(20, sim.IF_curr_exp())
    if which == "two":
        return a, sim.Population(15, sim.IF_curr_exp())
    return (a, a) if which == "one" else (a[3:14], a[8:20])


def connected(which: str, connector: Any, weight: Any) -> list[tuple[Any, ...]]:
    synapse = sim.StaticSynapse(weight=weight, delay=0.5)
    made = sim.Projection(*sides(which), connector, synapse)
    return sorted(made.get(["weight", "delay"], format="list"))


@pytest.mark.parametrize("which", ["two", "one", "views"])
@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("kind", NUMPY)
def test_connecting_at_once_is_connecting_target_by_target(
    kind: str, weight: str, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections and weights are those of PyNN's own code, from the same generators."""
    if kind == "list" and weight != "number":
        pytest.skip("weights are in the list")
    quick = connected(which, NUMPY[kind](), WEIGHTS[weight]())
    monkeypatch.setattr(projections, "connect_at_once", lambda connector, projection: False)
    assert quick == connected(which, NUMPY[kind](), WEIGHTS[weight]())
    assert quick


def test_the_quick_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: Any, **__: Any) -> None:
        raise AssertionError("target by target")

    monkeypatch.setattr(projections.Projection, "_convergent_connect", no)
    for kind, make in NUMPY.items():
        assert connected("two", make(), 0.3), kind


def test_shared_generators_and_expressions_take_the_slow_way() -> None:
    """One generator for connections and weights, and weights by distance, as in PyNN."""
    rng = sim.NumpyRNG(3)
    weight = sim.RandomDistribution("uniform", low=1, high=2, rng=rng)
    found = connected("two", sim.FixedProbabilityConnector(0.5, rng=rng), weight)
    assert len({w for _, _, w, _ in found}) == len(found)
    by_distance = connected("two", sim.AllToAllConnector(), "0.1 + d")
    assert all(np.isclose(w, 0.1 + abs(i - j)) for i, j, w, _ in by_distance)


@pytest.mark.parametrize("kind", ["probability", "pre", "post", "total", "lognormal"])
def test_native_generators(kind: str) -> None:
    """Made from a seed, the same; from another, not; with the degrees that were asked for."""
    found = []
    for seed in (4, 4, 5):
        rng = sim.NativeRNG(seed)
        weight: Any = 1.0
        connector = {
            "probability": lambda: sim.FixedProbabilityConnector(0.4, rng=rng),  # noqa: B023
            "pre": lambda: sim.FixedNumberPreConnector(6, rng=rng),  # noqa: B023
            "post": lambda: sim.FixedNumberPostConnector(6, rng=rng),  # noqa: B023
            "total": lambda: sim.FixedTotalNumberConnector(60, rng=rng),  # noqa: B023
            "lognormal": sim.AllToAllConnector,
        }[kind]()
        if kind == "lognormal":
            weight = sim.RandomDistribution("lognormal", mu=0.1, sigma=0.3, rng=rng)
        found.append(connected("two", connector, weight))
    assert found[0] == found[1] != found[2]
    pre, post = np.array([(i, j) for i, j, *_ in found[0]]).T
    if kind == "pre":
        assert (np.bincount(post) == 6).all()
        assert len(set(zip(pre, post))) == len(pre)
    if kind == "post":
        assert (np.bincount(pre) == 6).all()
        assert len(set(zip(pre, post))) == len(pre)
    if kind == "total":
        assert len(pre) == 60


DISTRIBUTIONS = {
    "uniform": (("uniform", (-1.0, 3.0)), {"low": -1.0, "high": 3.0}),
    "normal": (("norm", (2.0, 0.5)), {"mu": 2.0, "sigma": 0.5}),
    "lognormal": (("lognorm", (0.5, 0.0, np.exp(0.3))), {"mu": 0.3, "sigma": 0.5}),
    "exponential": (("expon", (0.0, 2.0)), {"beta": 2.0}),
    "normal_clipped": (
        ("truncnorm", (-1.0, 2.0, 0.0, 1.0)),
        {"mu": 0.0, "sigma": 1.0, "low": -1.0, "high": 2.0},
    ),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_native_distributions(name: str) -> None:
    stats = pytest.importorskip("scipy.stats")
    (known, arguments), parameters = DISTRIBUTIONS[name]
    if name == "uniform":
        arguments = (-1.0, 4.0)
    drawn = sim.RandomDistribution(name, rng=sim.NativeRNG(8), **parameters).next(4000)
    assert stats.kstest(drawn, known, args=arguments).pvalue > 1e-3


def test_native_generators_refuse() -> None:
    rng = sim.NativeRNG(1)
    with pytest.raises(UnknownNameError, match="vonmises"):
        rng.next(3, "vonmises", {"mu": 0.0, "kappa": 1.0})
    with pytest.raises(ValidationError, match="uniform"):
        rng.next(3, "uniform", {"low": 0.0})
    with pytest.raises(ValidationError, match=">= 0"):
        rng.next(-1)
    assert rng.next(0).shape == (0,)
    whole = rng.next(1000, "uniform_int", {"low": 2, "high": 5})
    assert set(whole) == {2, 3, 4}
    assert sorted(rng.permutation(9)) == list(range(9))


MULTI = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 9), st.integers(1, 30)),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(MULTI, st.sampled_from(["sum", "first", "last", "min", "max"]))
def test_lists_and_matrices(rows: list[tuple[int, ...]], several: str) -> None:
    """What was listed comes back, also where several connections join the same two neurons."""
    sim.setup(timestep=0.1)
    pre, post = (sim.Population(n, sim.IF_curr_exp()) for n in (4, 3))
    listed = [(i, j, w / 8, d / 10) for i, j, w, d in rows]
    made = sim.Projection(pre, post, sim.FromListConnector(listed), sim.StaticSynapse())
    assert len(made) == made.size() == len(rows)
    assert sorted(made.get(["weight", "delay"], format="list")) == sorted(listed)
    ordered = made.get("weight", format="list")
    fold = {"sum": sum, "first": lambda x: x[0], "last": lambda x: x[-1], "min": min, "max": max}
    matrix = made.get("weight", format="array", multiple_synapses=several)
    for i in range(4):
        for j in range(3):
            here = [w for a, b, w in ordered if (a, b) == (i, j)]
            assert np.isnan(matrix[i, j]) if not here else matrix[i, j] == fold[several](here)


def test_setting_attributes() -> None:
    sim.setup(timestep=0.1)
    cells = sim.Population(4, sim.IF_curr_exp())
    made = sim.Projection(
        cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=0.3)
    )
    matrix = np.arange(16.0).reshape(4, 4)
    made.set(weight=matrix)
    assert np.array_equal(made.get("weight", format="array"), matrix)
    made.set(delay="0.2 + 0.1*d")
    assert np.allclose(
        made.get("delay", format="array"), 0.2 + 0.1 * abs(np.subtract.outer(range(4), range(4)))
    )
    made.set(weight=sim.RandomDistribution("uniform", low=1, high=2, rng=sim.NativeRNG(2)))
    drawn = made.get("weight", format="array")
    assert ((drawn >= 1) & (drawn < 2)).all()
    assert len(np.unique(drawn)) == 16
    one = made[5]
    one.weight = 7.0
    assert made[5].weight == 7.0
    assert one.as_tuple("presynaptic_index", "postsynaptic_index", "weight")[2] == 7.0
    assert (made.get("weight", format="array") == 7.0).sum() == 1
    with pytest.raises(AttributeError, match="tau_rec"):
        _ = one.tau_rec
    with pytest.raises(IndexError):
        _ = made[16]
    assert made[-1].presynaptic_index == made[15].presynaptic_index


def test_assemblies_and_views_reach_the_right_cells() -> None:
    """Spikes of each source arrive at the cells that its column names."""
    sim.setup(timestep=0.1)
    sources = [
        sim.Population(2, sim.SpikeSourceArray(spike_times=[[1.0], [2.0]])),
        sim.Population(3, sim.SpikeSourceArray(spike_times=[[3.0], [4.0], [5.0]])),
    ]
    targets = [sim.Population(3, sim.IF_curr_delta(tau_m=1e6, v_thresh=0.0)) for _ in range(2)]
    before = sources[1][1:3] + sources[0]
    after = targets[0][2:3] + targets[1]
    rows = [(0, 3, 1.0, 0.5), (1, 0, 1.0, 0.5), (2, 1, 1.0, 0.5), (3, 0, 1.0, 0.5)]
    sim.Projection(before, after, sim.FromListConnector(rows), sim.StaticSynapse())
    for population in targets:
        population.record("v")
    sim.run(10.0)
    arrivals = []
    for population in targets:
        v = np.asarray(population.get_data().segments[0].analogsignals[0])
        at = [(np.flatnonzero(np.diff(v[:, k]) > 0.5) + 1).tolist() for k in range(3)]
        arrivals.append(at)
    assert arrivals == [[[], [], [25, 55]], [[15], [], [45]]]


@pytest.mark.parametrize("row", [(-1, 0), (4, 0), (0, -1), (0, 3)])
def test_lists_out_of_range(row: tuple[int, int]) -> None:
    sim.setup()
    pre, post = (sim.Population(n, sim.IF_curr_exp()) for n in (4, 3))
    with pytest.raises(WrongConnection, match="out of range"):
        sim.Projection(pre, post, sim.FromListConnector([row]), sim.StaticSynapse())
    assert not sim.simulator.state.projections


def test_wrong_weights_and_delays() -> None:
    sim.setup()
    cells = sim.Population(3, sim.IF_cond_exp())
    with pytest.raises(WrongConnection, match="positive"):
        sim.Projection(
            cells,
            cells,
            sim.AllToAllConnector(),
            sim.StaticSynapse(weight=-1.0),
            receptor_type="excitatory",
        )
    made = sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0))
    with pytest.raises(WrongConnection, match="positive"):
        made.set(weight=-1.0)
    assert (made.get("weight", format="array") == 1.0).all()


def test_saving(tmp_path: Any) -> None:
    sim.setup()
    cells = sim.Population(3, sim.IF_curr_exp())
    made = sim.Projection(
        cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=0.7)
    )
    made.save("all", str(tmp_path / "links.txt"))
    back = sim.Projection(
        cells, cells, sim.FromFileConnector(str(tmp_path / "links.txt")), sim.StaticSynapse()
    )
    names = ["weight", "delay"]
    assert sorted(back.get(names, format="list")) == sorted(made.get(names, format="list"))
