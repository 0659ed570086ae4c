"""Names of other tools at the door: converted by unit, hinted at, refused where they mislead."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nest_cases import ABOUT, adex, lif, squid, traub

import spikestack as sp
from spikestack.equations.aliases import named, pointer, reading
from spikestack.equations.aliases.tables import Computed, Fixed, Same, tables
from spikestack.equations.catalogue import CATALOGUES, members
from spikestack.errors import AliasHint, UnitError, UnknownNameError, ValidationError
from spikestack.units import parse_unit

LINES = [
    (table, model, name, line)
    for table in tables()
    for model, lines in table.parameters.items()
    for name, line in lines.items()
]
POSITIVE = st.floats(1e-3, 1e6)


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is told anew."""
    monkeypatch.setattr(reading, "_told", set())


def quietly(make: Any, **values: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AliasHint)
        return make(**values)


@pytest.mark.parametrize(("table", "model", "name", "line"), LINES)
def test_every_line_of_the_tables(table: Any, model: str, name: str, line: Any) -> None:
    """It names a model and a parameter that exist, in a unit that fits, and hides no own name."""
    made = getattr(sp, model)()
    units = made.parameter_units | made.block.units
    assert name not in {*made.parameters, *made.block.states}
    if isinstance(line, Fixed):
        return
    assert line.ours in units
    if isinstance(line, Same) and line.unit:
        assert parse_unit(line.unit).fits(units[line.ours])
    if isinstance(line, Computed):
        assert set(line.needs) <= set(units)
        assert parse_unit(line.unit)


@pytest.mark.parametrize("table", tables(), ids=lambda t: t.tool)
def test_what_else_the_tables_name(table: Any) -> None:
    """Homonyms are parameters here, what lies elsewhere is none, and pointers lead somewhere."""
    for model, names in table.same_names.items():
        made = getattr(sp, model)()
        assert set(names) <= {*made.parameters, *made.block.states, "weight"}
    for model, names in table.elsewhere.items():
        made = getattr(sp, model)()
        assert not set(names) & set(made.parameters)
    known = {name for package in CATALOGUES for name in members(package)}
    for name, what in table.models.items():
        assert name not in known
        words = re.findall(r"\b[A-Z][A-Za-z]*[a-z][A-Za-z]*\b", re.sub(r"\(\w+\)$", "", what))
        for word in words:
            assert word in known or hasattr(sp, word), (name, word)


IF_NAMES = ["C_m", "E_L", "V_th", "V_reset", "t_ref"]
HH_NAMES = ["C_m", "g_Na", "g_K", "g_L", "E_Na", "E_K", "E_L", "V_m", "Act_m", "Act_n", "Inact_h"]
CELLS = {
    "iaf_psc_exp": (sp.LIF, lif, [*IF_NAMES, "tau_m"]),
    "iaf_psc_alpha": (sp.LIF, lif, [*IF_NAMES, "tau_m"]),
    "iaf_cond_exp": (sp.LIF, lif, [*IF_NAMES, "g_L"]),
    "aeif_cond_exp": (sp.AdEx, adex, [*IF_NAMES, "g_L", "Delta_T", "V_peak", "tau_w"]),
    "hh_psc_alpha": (sp.HodgkinHuxley, squid, HH_NAMES),
    "hh_cond_exp_traub": (sp.TraubMiles, traub, [*HH_NAMES, "V_T"]),
}


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_as_nest_has_them(cell: str) -> None:
    """What NEST itself reported, given under its own names, is what was converted by hand."""
    reported = ABOUT["cases"][cell]["parameters"]
    model, by_hand, names = CELLS[cell]
    theirs = {name: reported[name] for name in names}
    if cell == "aeif_cond_exp":
        theirs |= {"a": f"{reported['a']} nS", "b": f"{reported['b']} pA"}
    ours, expected = quietly(model, **theirs), by_hand(reported)
    assert ours.values == pytest.approx(expected.values, rel=1e-15)
    assert ours.initial_values == expected.initial_values


@given(x=POSITIVE)
def test_numbers_keep_their_digits(x: float) -> None:
    """A plain number is divided once, so that 281 pF is the float 0.281."""
    assert quietly(sp.LIF, C_m=x).values["cm"] == x / 1000
    assert quietly(sp.LIF, I_e=-x).values["i_offset"] == -x / 1000
    assert quietly(sp.LIF, V_th=-x).values["v_thresh"] == -x


@given(mean=st.floats(100, 1000), sd=st.floats(0, 20))
def test_distributions(mean: float, sd: float) -> None:
    """Distributions are scaled with their bounds; of a log-normal, the logarithm is shifted."""
    normal = quietly(sp.LIF, C_m=sp.Normal(mean, sd, low=1.0)).values["cm"]
    assert (normal.mean, normal.sd, normal.low) == (mean / 1000, sd / 1000, 1e-3)
    log = quietly(sp.LIF, C_m=sp.LogNormal(np.log(mean), 0.1, low=1.0)).values["cm"]
    assert log.mu == pytest.approx(np.log(mean / 1000), rel=1e-12)
    assert (log.sigma, log.low) == (0.1, 1e-3)


@given(c=POSITIVE, g=POSITIVE)
def test_time_constant_from_the_leak(c: float, g: float) -> None:
    """tau_m = C_m/g_L, with the names of either tool for the capacitance."""
    made = quietly(sp.LIF, C_m=c, g_L=g)
    assert made.values["tau_m"] == pytest.approx(c / g, rel=1e-12)
    assert quietly(sp.LIF, cm=c / 1e3, g_L=g).values["tau_m"] == pytest.approx(c / g, rel=1e-12)


def test_texts_arrays_and_quantities() -> None:
    """They keep their units, whatever the tool's unit is."""
    pint = pytest.importorskip("pint")
    pf = pint.UnitRegistry().picofarad
    assert quietly(sp.LIF, C_m="0.2 nF").values["cm"] == pytest.approx(0.2)
    assert quietly(sp.LIF, C_m=200 * pf).values["cm"] == pytest.approx(0.2)
    assert list(quietly(sp.LIF, C_m=[250, 281]).values["cm"]) == [0.25, 0.281]
    assert quietly(sp.LIF, tau="10 ms", R="100 MOhm").values["cm"] == pytest.approx(0.1)


class Quantity(np.ndarray):
    """Looks as Brian2's quantities do: SI magnitudes and dimensions to be asked for."""

    powers: dict[str, float] = {}  # noqa: RUF012

    @property
    def dimensions(self) -> SimpleNamespace:
        return SimpleNamespace(get_dimension=lambda name: self.powers.get(name, 0))


class Volts(Quantity):
    powers = {"length": 2, "mass": 1, "time": -3, "current": -1}  # noqa: RUF012


def test_quantities_of_brian2() -> None:
    """Their SI magnitude is converted, in models of one's own too, and the dimension checked."""
    ten_millivolts = np.array(0.01).view(Volts)
    assert sp.LIF(v_thresh=ten_millivolts).values["v_thresh"] == pytest.approx(10)
    own = sp.NeuronModel("dv/dt = (e - v)/(10*ms) : mV", parameters={"e": ten_millivolts})
    assert own.values["e"] == pytest.approx(10)
    with pytest.raises(UnitError, match="must fit ms"):
        sp.LIF(tau_m=ten_millivolts)


def test_plasticity_and_receptors() -> None:
    """Rules and receptors are read by the same tables."""
    rule = quietly(sp.AdditiveSTDP, **{"lambda": 0.01, "alpha": 1.05, "Wmax": "100 pA"})
    assert rule.values["A_plus"] == 0.01
    assert rule.values["A_minus"] == pytest.approx(0.0105)
    assert rule.values["w_max"] == pytest.approx(0.1)
    assert quietly(sp.MultiplicativeSTDP, mu_plus=1.0, mu_minus=1.0).values["rate"] == 0.01
    inhibitory = quietly(sp.VogelsSprekeler, alpha=0.12, tau=20.0)
    assert inhibitory.values["rate"] == pytest.approx(3.0)
    synapse = quietly(sp.ExponentialConductance, E_in=-80.0, tau_syn_in=10.0, weight="67 nS")
    assert (synapse.values["e_rev"], synapse.weight) == (-80.0, pytest.approx(0.067))
    discrete = quietly(sp.DiscreteLIF, beta=0.8, threshold=0.5)
    assert discrete.values == {"beta": 0.8, "theta": 0.5}


MISLEADING = [
    (lambda: sp.LIF(C_m=250, cm=0.25), "given twice"),
    (lambda: sp.LIF(El="-60 mV", E_L=-60), "given twice"),
    (lambda: sp.LIF(g_L=16.0), "give cm too"),
    (lambda: sp.LIF(C_m=sp.Normal(250, 1, low=1), g_L=10), "a distribution"),
    (lambda: sp.LIF(tau_syn_ex=2.0), "give it to the synapse"),
    (lambda: sp.HodgkinHuxley(t_ref=2.0), "no refractory period"),
    (lambda: sp.AdEx(C_m=281, a=4), "a='4 nS'"),
    (lambda: sp.AdEx(delta_T=2.0, a=4), "a='4 nS'"),
    (lambda: sp.ExponentialCurrent(tau_syn_ex=0.5, weight=87.8), "weight='87.8 pA'"),
    (lambda: sp.ExponentialCurrent(tau_syn_ex=0.5, weight=sp.Normal(87.8, 8)), "pA"),
    (lambda: sp.AdditiveSTDP(mu_plus=1.0), "MultiplicativeSTDP"),
    (lambda: sp.TripletSTDP(Aplus=1.0), "shares of w_max"),
    (lambda: sp.LIF(C_m=-1), "must be > 0 nF"),
    (lambda: sp.LIF(C_m="1 mV"), "must fit pF"),
    (lambda: sp.LIF(C_m=float("nan")), "finite"),
]


@pytest.mark.parametrize(("make", "told"), MISLEADING)
def test_what_would_mislead_is_refused(make: Any, told: str) -> None:
    """Two names for one thing, half a relation, a unit that differs: each with what to write."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AliasHint)
        with pytest.raises(ValidationError, match=re.escape(told)):
            make()


@pytest.mark.parametrize("values", [{"c_m": 250}, {"tau": 10.0}, {"VTH": -50}, {"R": 5.0}])
def test_other_names_are_unknown_as_before(values: dict[str, float]) -> None:
    """Another case is another name, and Brian2's names take no plain numbers."""
    with pytest.raises(UnknownNameError):
        sp.LIF(**values)


@given(st.text("CmVthE_Lgrefau", min_size=1, max_size=6))
def test_no_name_comes_through_unread(name: str) -> None:
    """A name is ours, in a table, or refused."""
    units = sp.LIF().parameter_units
    told = {
        n for t in tables() for n in {**t.parameters.get("LIF", {}), **t.elsewhere.get("LIF", {})}
    }
    if name in units or name in told or name == "v":
        return
    with pytest.raises(UnknownNameError):
        sp.LIF(**{name: 1.0})


def test_one_hint_for_each_name() -> None:
    """It says what was read, in both units, at the line that wrote it, and only once."""
    with pytest.warns(AliasHint) as told:
        sp.LIF(C_m=250, V_th=-50)
    assert len(told) == 1
    assert "C_m (NEST, pF) was read as cm = 0.25 nF" in str(told[0].message)
    assert "V_th (NEST, mV) was read as v_thresh = -50 mV" in str(told[0].message)
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sp.LIF(C_m=300, V_th=-40)


def test_names_of_models() -> None:
    """A model's name in another tool leads to ours, in Python and on the command line."""
    assert named("iaf_psc_alpha") == {"NEST": "LIF with AlphaCurrent synapses"}
    assert pointer("no_such_model") == ""
    with pytest.raises(ValidationError, match="LIF with Delta synapses"):
        sp.Population("cells", 3, "iaf_psc_delta")
    with pytest.raises(AttributeError, match="NEST's iaf_psc_exp is LIF with ExponentialCurrent"):
        sp.iaf_psc_exp  # noqa: B018
    run = subprocess.run(
        [sys.executable, "-m", "spikestack", "describe", "aeif_cond_exp"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "AdEx with ExponentialConductance" in run.stderr + run.stdout
    assert "spikestack describe" in run.stderr + run.stdout


def test_a_saved_network_has_our_names(tmp_path: Any) -> None:
    """What was read under another name is stored, and comes back, under ours."""
    net = sp.Network()
    net.add(sp.Population("cells", 2, quietly(sp.LIF, C_m=250, tau_m=10.0)))
    path = net.save(tmp_path / "net.spk")
    again = sp.load(path)
    assert again["cells"].model.values == net["cells"].model.values
    assert again.fingerprint == net.fingerprint
