"""Brian2's notation: what is read, what it becomes, and what is refused with what to write."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spikestack as sp
from spikestack.equations.evaluating import evaluate
from spikestack.equations.notation import is_foreign, translated
from spikestack.equations.parser import parse_expression
from spikestack.equations.rewriting import Rewriter
from spikestack.errors import AliasHint, EquationError, UnitError, ValidationError
from spikestack.formats import brian2

pytestmark = pytest.mark.filterwarnings("ignore::spikestack.errors.AliasHint")

DECAY = "dv/dt = -v/(10*ms) : volt (unless refractory)"


def rewritten(text: str, **known: Any) -> str:
    return Rewriter(set(known), set(), (text,), True).expression(text, "test")


#: Brian2's functions and operators, and what they are to NumPy; second arguments are not zero.
UNARY = {
    "ceil": np.ceil,
    "sign": np.sign,
    "tan": np.tan,
    "cosh": np.cosh,
    "expm1": np.expm1,
    "log10": lambda x: np.log10(np.abs(x) + 1),
    "log1p": lambda x: np.log1p(np.abs(x)),
    "int": np.trunc,
    "floor": np.floor,
    "abs": np.abs,
}
TEXTS = {"log10": "log10(abs({}) + 1)", "log1p": "log1p(abs({}))"}
NUMBERS = st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3)


@st.composite
def expressions(draw: Any, depth: int = 3) -> tuple[str, Any]:
    """A text in Brian2's notation, and the same as a function of x and y in NumPy."""
    inner = ["x", "y", "unary", "mod", "floordiv", "half", "int", "add"]
    kind = draw(st.sampled_from(inner if depth else ["x", "y", "number"]))
    if kind in "xy":
        return kind, lambda v: v[kind]
    if kind == "number":
        number = round(draw(NUMBERS), 3) or 1.0
        return f"({number})", lambda v: number
    text, value = draw(expressions(depth=depth - 1))
    if kind == "unary":
        name = draw(st.sampled_from(sorted(UNARY)))
        return TEXTS.get(name, name + "({})").format(text), lambda v: UNARY[name](value(v))
    if kind == "half":
        power = draw(st.sampled_from([0.5, -0.5, 1.5, -1.5, 2.5]))
        return f"(abs({text}) + 1)**{power}", lambda v: (abs(value(v)) + 1) ** power
    other, second = draw(expressions(depth=depth - 1))
    if kind == "add":
        return f"({text} + {other})", lambda v: value(v) + second(v)
    if kind == "int":
        return f"int({text} > {other})", lambda v: float(value(v) > second(v))
    if kind == "mod":
        return f"({text}) % (abs({other}) + 1)", lambda v: value(v) % (abs(second(v)) + 1)
    return f"({text}) // (abs({other}) + 1)", lambda v: value(v) // (abs(second(v)) + 1)


@given(expressions(), NUMBERS, NUMBERS)
def test_same_values(pair: tuple[str, Any], x: float, y: float) -> None:
    """Rewritten expressions have the values that Brian2's functions, which are NumPy's, have."""
    text, value = pair
    found = evaluate(
        parse_expression(rewritten(text, x=0, y=0), {"x", "y"}, "test"), {"x": x, "y": y}
    )
    with np.errstate(all="ignore"):
        expected = float(value({"x": np.float64(x), "y": np.float64(y)}))
    if not (math.isfinite(expected) and abs(expected) < 1e6):
        return
    # A step function may fall to the other side where rounding decides.
    near = [float(value({"x": np.float64(x + d), "y": np.float64(y + e)}))
            for d in (-1e-9, 1e-9) for e in (-1e-9, 1e-9)]  # fmt: skip
    if np.ptp(near) > 1e-3:
        return
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(st.text("ab+-*/%(). 1\n:=<>,[]{}'\"\\_ditrvxolpe", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands there, the error is one of ours and says where."""
    for equations in (text, f"{text} : volt (unless refractory)", f"dv/dt = {text} : volt"):
        try:
            sp.NeuronModel(equations)
        except ValidationError as error:
            assert str(error)


@pytest.mark.parametrize(
    "text", ["a" * 20_000, "(" * 60 + "a" + ")" * 60, "+".join(["a"] * 4000), "-" * 400 + "a"]
)
def test_sizes_are_bounded(text: str) -> None:
    """What is too long or too deep is refused before anything walks through it."""
    with pytest.raises(EquationError):
        sp.NeuronModel(f"dv/dt = int({text})/second : volt")
    with pytest.raises(EquationError):
        sp.NeuronModel(f"dv/dt = ({text})**0.5 : 1")


@given(st.integers(1, 9))
def test_ours_is_left_alone(n: int) -> None:
    """A text without anything foreign in it stays as it is, letter by letter."""
    text = f"dv/dt = (v_rest - v)**2/tau_m  : mV  # {n}\nx = v : mV"
    assert not is_foreign(text)
    assert translated(text, {"reset": "v = 0"}, (), "m", False).equations == text
    for model in (sp.LIF, sp.AdEx, sp.HodgkinHuxley, sp.Izhikevich2004):
        assert model().equations == model.equations
        assert not is_foreign(model.equations)


def test_translation_is_ours() -> None:
    """What was rewritten needs no rewriting, so that stored networks come back the same."""
    model = sp.NeuronModel(
        "dv/dt = (e - v)/tau + s*(2/tau)**.5*xi : volt (unless refractory)\n"
        "e : volt (shared)\ntau : second\ns : volt\nn : integer",
        threshold="v > -50*mvolt and rand() < 0.5",
        reset="v = e + randn()*mV; n += 1",
        refractory="2 ms",
        namespace={"tau": "10 ms", "e": "-60 mV", "s": 2},
    )
    assert not is_foreign(model.equations)
    assert model.block.states == ("v", "n")
    assert model.clamped == ("v",)
    assert model.values["s"] == 2.0
    assert str(model.parameter_units["s"]) == "mV"
    texts = {name: getattr(model, name) for name in ("threshold", "reset")}
    again = translated(model.equations, texts, model.parameters, "m", False)
    assert again.equations == model.equations
    assert again.texts == texts


def test_a_saved_network_comes_back(tmp_path: Any) -> None:
    """Models and synapses from texts are stored as any other."""
    net = sp.Network()
    cell = sp.NeuronModel(
        "dv/dt = (g*(0*mV - v) - gl*v)/C : volt\ndg/dt = -g/(5*ms) : siemens",
        threshold="v > 1*volt", reset="v = 0*mV", refractory="1 ms",
        namespace={"gl": "10 nS", "C": "200 pF"},
    )  # fmt: skip
    cells = net.add(sp.Population("cells", 3, cell))
    synapse, _ = brian2.synapses(cell, on_pre="g_post += w", weight="6 nS")
    net.connect(cells, cells, sp.AllToAll(), synapse)
    again = sp.load(net.save(tmp_path / "net.spk"))
    assert again.fingerprint == net.fingerprint
    assert again["cells"].model.clamped == ()
    assert synapse.weight == pytest.approx(0.006)


def test_held_or_not_is_told() -> None:
    """With flags, what is not flagged goes on; without anything told, one must say it."""
    free = sp.NeuronModel(
        DECAY.replace(" (unless refractory)", ""), threshold="v > 1*mV", refractory="2 ms"
    )
    held = sp.NeuronModel(DECAY, threshold="v > 1*mV", refractory="2 ms")
    assert (free.clamped, held.clamped) == ((), ("v",))
    plain = "dv/dt = (2 - v)/(10*ms) : 1"
    with pytest.raises(EquationError, match="nothing says what is held"):
        sp.NeuronModel(plain, threshold="v > 1", refractory="2 ms")
    assert sp.NeuronModel(plain, threshold="v > 1", refractory="2 ms", clamped=()).clamped == ()
    ours = sp.NeuronModel(plain, threshold="v > 1", refractory="r", parameters={"r": "2 ms"})
    assert ours.clamped == ("v",)


REFUSED = [
    ("dv/dt = -v/(1*ms) : volt\nx = v : volt (constant over dt)", {}, "x[t+1]"),
    ("dv/dt = -v/(1*ms) : volt\ns : volt (linked)", {}, "linked"),
    ("dv/dt = -v/(1*ms) : volt\ns = v : volt (summed)", {}, "summed"),
    ("dv/dt = -v/(1*ms) : volt (event-driven)", {}, "formats.brian2.synapses"),
    ("dv/dt = -v/(1*ms) : volt (unless refractory, constant)", {}, "constant"),
    ("dv/dt = (stim(t) - v)/(1*ms) : volt", {}, "TimedArray"),
    ("dv/dt = (stim(t, i) - v)/(1*ms) : volt", {}, "TimedArray"),
    ("dv/dt = (i*mV - v)/(1*ms) : volt", {}, "numpy.arange"),
    ("dv/dt = -v*int(not_refractory)/(1*ms) : volt", {}, "(unless refractory)"),
    ("dv/dt = -v*(t - lastspike)/(1*ms)**2 : volt", {}, "t_last"),
    ("dv/dt = poisson(3)*mV/ms : volt", {}, "Poisson"),
    ("dv/dt = -v/(1*ms) : kelvin\nx : 1", {}, "unknown unit"),
    ("dv/dt = -v/(1*ms)\n", {"refractory": "v > 3"}, "refractory"),
    ("dv/dt = -v/(1*ms) : volt", {"refractory": "2*ms + 1*ms"}, "refractory"),
    ("dv/dt = -v/(1*ms) : volt", {"refractory": "2 mV", "threshold": "v > 0*mV"}, "fit ms"),
    ("dv/dt = -v/(1*ms) + 1 : volt", {}, "'add' joins"),
    ("dv/dt = (v + 3)/(1*ms) : volt", {}, "give literals their unit"),
    ("a = b : volt\nb = a : volt", {}, "no circles"),
    ("v : volt\ndx/dt = -x/ms", {}, "no unit"),
    ("dv/dt = e/(1*ms) : volt\ne : volt", {"namespace": {"e": "3 nA"}}, "value in mV"),
    ("dv/dt = e/(1*ms) : volt\ne : volt (shared)", {"e": [1, 2]}, "it is (shared)"),
    ("dv/dt = v**1.3/(1*ms) : 1", {}, "exp(y*log(x))"),
    ("dv/dt = __import__('os').system('x') : volt", {}, "call"),
]


@pytest.mark.parametrize(("text", "more", "told"), REFUSED)
def test_what_differs_is_refused(text: str, more: dict[str, Any], told: str) -> None:
    """Each by its name, with what to write instead."""
    with pytest.raises((EquationError, UnitError, ValidationError), match=re.escape(told)):
        sp.NeuronModel(text, **more)


def test_all_offenders_in_one_error() -> None:
    """Flags that cannot be read are named together."""
    with pytest.raises(EquationError) as error:
        sp.NeuronModel(
            "dv/dt = -v/ms : volt\na : volt (linked)\nb = v : volt (summed)\n"
            "c = v : volt (constant over dt)"
        )
    assert all(f"{name} is (" in str(error.value) for name in "abc")


def test_noise_has_brian2s_meaning() -> None:
    """An Ornstein-Uhlenbeck process in the notation of the manual has the deviation it says."""
    net = sp.Network(seed=5)
    model = sp.NeuronModel(
        "dv/dt = -v/tau + sigma*(2/tau)**.5*xi : volt",
        namespace={"tau": "5 ms", "sigma": "3 mV"},
    )
    cells = net.add(sp.Population("cells", 2000, model))
    net.record(cells, "v", interval=20.0)
    seen = net.run(200.0, dt=0.1)["cells", "v"].values[0][2:]
    # 16,000 samples, nearly independent: the standard error of a deviation is sd/sqrt(2 n).
    assert seen.std() == pytest.approx(3.0, abs=5 * 3 / math.sqrt(2 * seen.size))
    assert seen.mean() == pytest.approx(0.0, abs=5 * 3 / math.sqrt(seen.size))


def test_draws() -> None:
    """Each rand() and randn() is a draw of its own, of the distribution it has in Brian2."""
    net = sp.Network(seed=3)
    model = sp.NeuronModel(
        "x : 1\ny : 1\nz : 1\nu : second",
        threshold="t > -1*second",
        reset="x = randn(); y = randn(); z = rand() + rand(); u = t",
        refractory=False,
    )
    cells = net.add(sp.Population("cells", 5000, model))
    net.record(cells, "x", "y", "z")
    run = net.run(1.0, dt=0.1)
    x, y, z = (run["cells", name].values[0][5:].ravel() for name in "xyz")
    n = x.size
    assert x.mean() == pytest.approx(0, abs=5 / math.sqrt(n))
    assert x.std() == pytest.approx(1, abs=5 / math.sqrt(2 * n))
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(0, abs=5 / math.sqrt(n))
    assert z.mean() == pytest.approx(1, abs=5 * math.sqrt(1 / 6 / n))
    assert z.std() == pytest.approx(math.sqrt(1 / 6), abs=0.01)


def test_methods() -> None:
    """Brian2's names of ours are understood, others are refused."""
    with pytest.warns(AliasHint, match="was read as 'auto'"):
        from spikestack.equations.aliases import reading

        reading._told.discard(("NeuronModel", "Brian2", "exact"))
        assert sp.NeuronModel(DECAY, method="exact").method == "auto"
    with pytest.raises(ValidationError, match="heun"):
        sp.NeuronModel(DECAY, method="heun")


CELL = "dv/dt = -v/(10*ms) : volt\ndge/dt = -ge/(5*ms) : siemens"
SYNAPSES = [
    ({"on_pre": "ge += w"}, "w has no value"),
    ({"on_pre": "ge_post += we"}, "unknown name 'we'"),
    ({"on_pre": "gx_post += w", "weight": 1}, "gx_post += w"),
    ({"on_pre": "ge += w; ge += w", "weight": 1}, "ge += w"),
    ({"on_pre": "ge += w*rand(); v = 0*mV", "weight": 1}, "v = 0*mV"),
    ({"on_pre": "", "on_post": "ge += w", "weight": 1}, "on_pre"),
    ({"model": "g_post = w : 1 (summed)", "on_pre": "ge += w"}, "g_post (summed)"),
    ({"model": "dA/dt = A**2/ms : 1", "on_pre": "ge += w"}, "cannot be read: A"),
    ({"on_pre": "ge += w; w = w*2", "weight": 1}, "w = w*2"),
    ({"on_pre": "ge += 3*mV"}, "must fit"),
]


@pytest.mark.parametrize(("texts", "told"), SYNAPSES)
def test_synapses_that_are_refused(texts: dict[str, Any], told: str) -> None:
    """What is no jump and no pair rule is named, with where to write it instead."""
    with pytest.raises(ValidationError, match=re.escape(told)):
        brian2.synapses(sp.NeuronModel(CELL), **texts)


def test_a_model_may_define_what_brian2_keeps() -> None:
    """`i`, `j` and `N` are refused as indices, and are names like others once a model has them."""
    model = sp.NeuronModel(
        "i[t+1] = 0.5*i : 1\nv[t+1] = v + i : 1",
        threshold="v > 1",
        reset="i = 0.0; v = v - 1.0",
        dimensionless=True,
    )
    assert "i" in model.equations
