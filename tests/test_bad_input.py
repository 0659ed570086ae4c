"""Bad input gives a clear error that names the object, the value, the rule and the remedy."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import (
    EquationError,
    FileFormatError,
    MemoryLimitError,
    NumericalError,
    SpikestackError,
    UnitError,
    UnknownNameError,
    ValidationError,
)


def two() -> tuple[sp.Network, sp.Population, sp.Population]:
    """Two small populations."""
    net = sp.Network()
    return net, net.add(sp.Population("a", 10, sp.LIF())), net.add(sp.Population("b", 5, sp.LIF()))


VALUES: list[tuple[Callable[[], object], type[Exception], list[str]]] = [
    (lambda: sp.LIF(tau_m=-5.0), ValidationError, ["LIF.tau_m", "-5", "> 0 ms"]),
    (lambda: sp.LIF(tau_m="20 mV"), UnitError, ["LIF.tau_m", "20 mV", "ms"]),
    (lambda: sp.LIF(tau_m="20 parsec"), UnitError, ["parsec"]),
    (lambda: sp.LIF(tau_m=math.nan), ValidationError, ["LIF.tau_m", "nan", "finite"]),
    (lambda: sp.LIF(v_rest=math.inf), ValidationError, ["LIF.v_rest", "inf", "finite"]),
    (lambda: sp.LIF(tau_mm=3.0), UnknownNameError, ["tau_mm", "did you mean", "tau_m"]),
    (lambda: sp.LIF(tau_m=[1.0, "x"]), UnitError, ["LIF.tau_m"]),
    (lambda: sp.LIF(tau_m=True), UnitError, ["LIF.tau_m", "True"]),
    (lambda: sp.LIF(tau_m=sp.Normal(20, 5)), ValidationError, ["LIF.tau_m", "low="]),
    (lambda: sp.LIF(tau_m=sp.Normal(20, -1)), ValidationError, ["Normal", "-1", "spread >= 0"]),
    (lambda: sp.LIF(v=sp.Uniform(3, 1)), ValidationError, ["Uniform", "low <= high"]),
    (lambda: sp.LIF(method="magic"), ValidationError, ["LIF.method", "magic", "rk4"]),
    (lambda: sp.LIF.preset("none"), UnknownNameError, ["none", "textbook"]),
    (lambda: sp.Population("p", 0, sp.LIF()), ValidationError, ["'p'", "0", ">= 1"]),
    (lambda: sp.Population("p", -3, sp.LIF()), ValidationError, ["-3"]),
    (lambda: sp.Population("p", (4, 0), sp.LIF()), ValidationError, ["(4, 0)"]),
    (lambda: sp.Population("p", 2.5, sp.LIF()), ValidationError, ["2.5"]),
    (lambda: sp.Population("p", 3, sp.LIF), ValidationError, ["LIF()"]),
    (lambda: sp.Population("", 3, sp.LIF()), ValidationError, ["name"]),
    (lambda: sp.Population("a\x1b[31m", 3, sp.LIF()), ValidationError, ["printable"]),
    (lambda: sp.Population("p", 3, sp.LIF(tau_m=[1.0, 2.0])), ValidationError, ["tau_m", "3"]),
    (lambda: sp.Population("p", 3, sp.LIF())[3], ValidationError, ["'p'", "3"]),
    (lambda: sp.Population("p", 3, sp.LIF())[5:], ValidationError, ["selects no neuron"]),
    (lambda: sp.Population("p", 3, sp.LIF())[[0, 0]], ValidationError, ["twice"]),
    (lambda: sp.Network(seed=-1), ValidationError, ["seed", "-1"]),
    (lambda: sp.Delta(delay=-1.0), ValidationError, ["Delta.delay", "-1", ">= 0 ms"]),
    (lambda: sp.Delta(delay=sp.Normal(1.5, 0.5)), ValidationError, ["low=", "delay"]),
    (lambda: sp.Delta(delay=1e6), ValidationError, ["delay", "10000 ms"]),
    (lambda: sp.Delta(weight="1 nA"), UnitError, ["Delta.weight", "mV"]),
    (lambda: sp.ExponentialConductance(weight=-1.0), ValidationError, ["weight", ">= 0", "e_rev"]),
    (lambda: sp.FixedProbability(1.5), ValidationError, ["1.5", "0 to 1"]),
    (lambda: sp.FixedProbability(math.nan), ValidationError, ["nan"]),
    (lambda: sp.FixedInDegree(-1), ValidationError, ["-1"]),
    (lambda: sp.FixedInDegree(1.5), ValidationError, ["1.5"]),
    (lambda: sp.Poisson(-5.0), ValidationError, ["Poisson.rate", "-5", ">= 0"]),
    (lambda: sp.Poisson("5 mV"), UnitError, ["Poisson.rate"]),
    (lambda: sp.Poisson(5.0, start=3.0, stop=1.0), ValidationError, ["start <= stop"]),
    (lambda: sp.SpikeTrains([[-1.0]]), ValidationError, ["-1", "> 0 ms"]),
    (lambda: sp.SpikeTrains([1.0], [0, 1]), ValidationError, ["ids"]),
    (lambda: sp.SpikeTrains([[math.nan]]), ValidationError, ["nan"]),
    (lambda: sp.StepCurrent([1.0, 0.5], [1, 2]), ValidationError, ["ascending"]),
    (lambda: sp.StepCurrent([1.0], [1, 2]), ValidationError, ["one amplitude"]),
    (lambda: sp.FromArrays([0, 1], [0]), ValidationError, ["2 sources, 1 targets"]),
    (lambda: sp.Dense([[1.0, math.nan]]), ValidationError, ["finite"]),
    (lambda: sp.Convolution(np.ones((2, 3, 4, 5, 6))), ValidationError, ["dimensions"]),
]


@pytest.mark.parametrize("case", range(len(VALUES)))
def test_refused_when_made(case: int) -> None:
    """Wrong values are refused by the object that they are given to."""
    make, kind, words = VALUES[case]
    with pytest.raises(kind) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


NETWORKS: list[tuple[Callable[[], object], type[Exception], list[str]]] = [
    (lambda: two()[0]["c"], UnknownNameError, ["'c'", "a, b"]),
    (lambda: two()[0].add(sp.Population("a", 3, sp.LIF())), ValidationError, ["second", "'a'"]),
    (lambda: _connect(sp.OneToOne()), ValidationError, ["'a->b'", "10 to 5"]),
    (lambda: _connect(sp.FromArrays([0, 12], [0, 1])), ValidationError, ["12", "0 to 9"]),
    (lambda: _connect(sp.FromArrays([0], [-1])), ValidationError, ["-1", "0 to 4"]),
    (lambda: _connect(sp.Dense(np.ones((5, 10)))), ValidationError, ["(5, 10)", "(10, 5)"]),
    (lambda: _connect(sp.AllToAll(), weight=np.ones(7)), ValidationError, ["7", "50"]),
    (
        lambda: _connect(sp.FixedProbability(0.1), weight=np.ones(5)),
        ValidationError,
        ["random rule"],
    ),
    (lambda: _connect("all"), ValidationError, ["'all'", "Rule"]),
    (lambda: two()[0].drive(two()[1], sp.Poisson(1.0)), ValidationError, ["not in this network"]),
    (lambda: _record("w"), UnknownNameError, ["'w'", "spikes"]),
    (lambda: _record("v", interval=-1.0), ValidationError, ["-1", "> 0 ms"]),
    (lambda: _drive(sp.SpikeTrains([1.0], [10])), ValidationError, ["10", "0 to 9"]),
    (lambda: _drive(sp.Poisson(np.ones(3))), ValidationError, ["(3,)", "10"]),
    (lambda: _run(-1.0), ValidationError, ["-1"]),
    (lambda: _run(math.nan), ValidationError, ["nan"]),
    (lambda: _run(0.25), ValidationError, ["whole number of steps"]),
    (lambda: _run(1.0, on="gpu"), UnknownNameError, ["gpu", "cpu"]),
    (lambda: _run(1.0, dt=0.0), ValidationError, ["dt"]),
    (lambda: _run(1.0, threads=0), ValidationError, ["threads"]),
    (lambda: _run(1.0, precision="float16"), ValidationError, ["float16"]),
    (lambda: sp.Network().run(1.0), ValidationError, ["no population"]),
    (lambda: _impossible(sp.FixedInDegree(11, multapses=False)), ValidationError, ["a->b", "10"]),
    (lambda: _impossible(sp.FixedTotalNumber(51, multapses=False)), ValidationError, ["51", "50"]),
]


def _connect(rule: object, **values: object) -> None:
    net, a, b = two()
    net.connect(a, b, rule, sp.ExponentialCurrent(**values))  # type: ignore[arg-type]


def _impossible(rule: sp.FixedInDegree | sp.FixedTotalNumber) -> None:
    net, a, b = two()
    net.connect(a, b, rule, sp.Delta())
    net.run(1.0)


def _record(variable: str, **settings: object) -> None:
    net, a, _ = two()
    net.record(a, variable, **settings)


def _drive(given_input: object) -> None:
    net, a, _ = two()
    net.drive(a, given_input)  # type: ignore[arg-type]


def _run(duration: float, **settings: object) -> None:
    two()[0].run(duration, **settings)


@pytest.mark.parametrize("case", range(len(NETWORKS)))
def test_refused_by_the_network(case: int) -> None:
    """What does not fit together is refused where it is put together."""
    make, kind, words = NETWORKS[case]
    with pytest.raises(kind) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_ambiguous_names_are_refused() -> None:
    """A second projection, drive or trace of the same name is ambiguous."""
    net, a, b = two()
    net.connect(a, b, sp.AllToAll(), sp.Delta())
    with pytest.raises(ValidationError, match="pass name="):
        net.connect(a, b, sp.AllToAll(), sp.Delta())
    net.drive(a, sp.Poisson(1.0))
    with pytest.raises(ValidationError, match="pass name="):
        net.drive(a, sp.Poisson(1.0))
    net.record(a[:2], "v")
    with pytest.raises(ValidationError, match="recorded already"):
        net.record(a[2:], "v")


def test_currents_are_never_dropped_silently() -> None:
    """A model without i_syn refuses current-giving synapses and injected currents by name."""
    net = sp.Network()
    source = net.add(sp.Population("source", 3, sp.SpikeSource()))
    for act in (
        lambda: net.connect(source, source, sp.AllToAll(), sp.ExponentialCurrent()),
        lambda: net.drive(source, sp.Poisson(5.0, synapse=sp.AlphaCurrent(weight=1.0))),
        lambda: net.drive(source, sp.ConstantCurrent(1.0)),
    ):
        with pytest.raises(ValidationError, match="i_syn"):
            act()


def test_zero_delay_cycle_is_refused_by_name() -> None:
    """The message names every projection of the cycle."""
    net, a, b = two()
    net.connect(a, b, sp.AllToAll(), sp.Delta(delay=0.0), name="down")
    net.connect(b, a, sp.AllToAll(), sp.Delta(delay=sp.Uniform(0.0, 2.0)), name="up")
    with pytest.raises(ValidationError) as caught:
        net.run(1.0)
    assert "'down'" in str(caught.value) and "'up'" in str(caught.value)
    net, a, _ = two()
    net.connect(a, a, sp.AllToAll(), sp.Delta(delay=0.04))
    with pytest.raises(ValidationError, match="a->a"):
        net.run(1.0)


def test_frozen_after_the_first_run() -> None:
    """A network that has been run cannot grow, but more can be recorded."""
    net, a, _ = two()
    net.run(1.0)
    with pytest.raises(ValidationError, match="frozen"):
        net.add(sp.Population("c", 3, sp.LIF()))
    net.record(a, "spikes")


@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_too_large_is_refused_before_allocating(on: str) -> None:
    """10^13 synapses: refused at once, with the number of bytes."""
    net = sp.Network()
    p = net.add(sp.Population("p", 10**8, sp.LIF()))
    net.connect(p, p, sp.FixedInDegree(10**5), sp.Delta())
    started = time.perf_counter()
    with pytest.raises(MemoryLimitError, match=r"[0-9,]{14,} bytes"):
        net.run(1.0, on=on)
    assert time.perf_counter() - started < 5.0


HOSTILE = [
    "__import__('os').system('true')",
    "v.__class__",
    "v[0]",
    "().__class__",
    "(lambda: 1)()",
    "[v for v in v]",
    "{v: v}",
    "'text'",
    "f'{v}'",
    "v if v else w",
    "9**9**9",
    "v**v",
    "v**17",
    "v**2.5",
    "1e999",
    "9" * 400,
    "-" * 50_000 + "v",
    "-" * 9_000 + "v",
    "~" * 200 + "v",
    "not " * 300 + "v",
    "(" * 10_000 + "v" + ")" * 10_000,
    "(" * 4_000 + "v" + ")" * 4_000,
    "exp(" * 60 + "v" + ")" * 60,
    "+".join(["v"] * 3_000),
    "1/0",
    "v/0.0",
    "0**-1",
    "exp()",
    "exp(v, v)",
    "exp(x=v)",
    "sin(v)",
    "eval(v)",
    "v +",
    "v := 3",
    "v and",
    "",
    "\x00",
    "v\u2028w",
    "ｖ",
    "True",
    "None",
    "1j",
    "...",
    "v @ v",
    "v // v",
    "v & v",
    "v << 2",
    "v is v",
    "*v",
    "await v",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_equations(text: str) -> None:
    """Nothing is executed, nothing hangs: a clear error within a second."""
    started = time.process_time()
    with pytest.raises(SpikestackError):
        sp.NeuronModel(f"dv/dt = ({text})/tau : mV", parameters={"tau": "10 ms"})
    with pytest.raises(SpikestackError):
        sp.NeuronModel(
            "dv/dt = -v/tau : mV",
            threshold=f"v > ({text})",
            reset="v = 0*mV",
            parameters={"tau": "10 ms"},
        )
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    "name", ["__class__", "a b", "exp", "", "a.b", "1a", "x" * 65, "é", "a;b", "_x", "lambda()"]
)
def test_hostile_parameter_names(name: str) -> None:
    """Only plain identifiers can be names."""
    with pytest.raises(SpikestackError):
        sp.NeuronModel("dv/dt = -v/(10*ms) : mV", parameters={name: 1.0})


MISTAKES = [
    ("dv/dt = -v : mV", {}, "mV/ms is needed"),
    ("dv/dt = -v/tau + 5 : mV", {"tau": "10 ms"}, "joins"),
    ("dv/dt = exp(v)/tau : mV", {"tau": "10 ms"}, "plain number"),
    ("dv/dt = -v/tau : mV\ndv/dt = 0*mV/ms : mV", {"tau": "10 ms"}, "twice"),
    ("dtau/dt = 1 : ms", {"tau": "10 ms"}, "twice"),
    ("dv/dt = -q/tau : mV", {"tau": "10 ms"}, "unknown name 'q'"),
    ("v = 3*mV", {}, "is needed"),
    ("dv/dt == 3", {}, "cannot read"),
    ("dv/dt = (-v/tau : mV", {"tau": "10 ms"}, "parenthesis"),
    ("dv/dt = -v/tau : zorkmid", {"tau": "10 ms"}, "zorkmid"),
    ("a = b : mV\nb = 3*mV : mV\ndv/dt = a/tau : mV", {"tau": "1 ms"}, "before its line"),
    ("dv/dt = (v > 3*mV)/tau : mV", {"tau": "1 ms"}, "conditions"),
]


@pytest.mark.parametrize(("text", "parameters", "words"), MISTAKES)
def test_equation_mistakes(text: str, parameters: dict[str, str], words: str) -> None:
    """The message says what is wrong with the equation."""
    with pytest.raises((EquationError, UnitError, UnknownNameError)) as caught:
        sp.NeuronModel(text, parameters=parameters)
    assert words in str(caught.value)


def test_nonlinear_equations_need_a_stated_scheme() -> None:
    """Never silently integrated by something the user did not choose."""
    model = sp.NeuronModel("dv/dt = -v**3/(mV**2*tau) : mV", parameters={"tau": "10 ms"})
    net = sp.Network()
    net.add(sp.Population("p", 1, model))
    with pytest.raises(EquationError, match="pass method="):
        net.run(1.0)


@pytest.mark.parametrize("on", ["cpu", "reference"])
def test_zero_divisions_are_not_cancelled(on: str) -> None:
    """(v - v)/(v - v) is not 1: the run says where a state stopped being a number."""
    model = sp.NeuronModel(
        "x[t+1] = (x - x)/(x - x) : 1", dimensionless=True, initial={"x": 1.0}, name="Bad"
    )
    net = sp.Network()
    net.add(sp.Population("p", 3, model))
    with pytest.raises(NumericalError, match=r"'p'\.x: became nan"):
        net.run(1.0, on=on)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_any_text_as_equation(text: str) -> None:
    """Whatever the text: a model, or one of our errors."""
    try:
        made = sp.NeuronModel(f"dv/dt = {text} : mV", parameters={"tau": "10 ms"})
    except SpikestackError as error:
        assert str(error).strip()
    else:
        assert "v" in made.block.states


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.one_of(st.text(max_size=20), st.floats(), st.none(), st.binary(), st.lists(st.floats())))
def test_any_value_as_parameter(value: object) -> None:
    """Whatever the value: accepted, or one of our errors."""
    try:
        made = sp.LIF(tau_m=value)
    except SpikestackError as error:
        assert "tau_m" in str(error)
    else:
        assert np.all(np.asarray(made.values["tau_m"]) > 0)


def test_damaged_files(tmp_path: Path) -> None:
    """Truncated, altered, of another kind: refused with the path; the simulation is unharmed."""
    net, a, b = two()
    net.connect(a, b, sp.FromArrays([0, 1], [0, 1]), sp.Delta())
    path = net.save(tmp_path / "net.spk")
    data = path.read_bytes()
    for k, broken in enumerate((data[: len(data) // 2], data[:100], b"", b"hello" * 100)):
        bad = tmp_path / f"{k}.spk"
        bad.write_bytes(broken)
        with pytest.raises(FileFormatError, match=bad.name):
            sp.load(bad)
    sim = sp.Simulation(net)
    sim.advance(5.0)
    with pytest.raises(FileFormatError):
        sim.restore(path)
    sim.save(tmp_path / "state")
    with pytest.raises(FileFormatError, match="precision"):
        sp.Simulation(net, precision="float64").restore(tmp_path / "state")
    sim.advance(1.0)
    with pytest.raises(FileNotFoundError):
        sp.load(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="no folder"):
        net.save(tmp_path / "no folder" / "x")


def test_hostile_names_are_escaped() -> None:
    """In HTML a name is text."""
    net = sp.Network()
    p = net.add(sp.Population("<script>alert(1)</script>", 3, sp.LIF()))
    net.record(p, "spikes", "v")
    page = net.run(1.0)._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
