"""What a `model_template` means: a neuron model here, its receptors, and the units of its numbers.

Sources: the standard models of PyNN 0.13 (ms, mV, nA, nF, uS but where noted), and the models
of NEST 3.10 (ms, mV, pA, pF, nS), with the defaults that both report of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["STATIC", "TEMPLATES", "Slot", "Template"]

PA, PF, NS = 1e3, 1e3, 1e3


@dataclass(frozen=True)
class Slot:
    """Where one number of a template goes.

    Attributes
    ----------
    owner
        ``"model"``, ``"exc"``, ``"inh"``, ``"initial"``, or ``"leak"`` for what is turned into
        another parameter together with the capacitance.
    name
        The parameter or state there.
    default
        In the template's own unit.
    per
        How many of the template's units are one of ours.
    """

    owner: str
    name: str
    default: float
    per: float = 1.0


@dataclass(frozen=True)
class Template:
    """One model template.

    Attributes
    ----------
    schema, name
        ``"pynn"`` or ``"nest"``, and the name of the model there.
    model
        The name of the neuron model here.
    receptor
        The name of the synapse here.
    slots
        Its numbers, by name.
    weight_per
        How many of its units of weight are one of ours.
    fixed
        Numbers that it may only have at one value, and that value.
    constants
        Values that the model here must have.
    idle
        Numbers that play no part without plasticity.
    variables
        What it calls the states here.
    """

    schema: str
    name: str
    model: str
    receptor: str
    slots: Mapping[str, Slot]
    weight_per: float = 1.0
    fixed: Mapping[str, float] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)
    idle: frozenset[str] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Such as ``"nest:iaf_psc_exp"``."""
        return f"{self.schema}:{self.name}"

    @property
    def signed(self) -> bool:
        """Whether the sign of a weight tells the receptor, and conductances bear one too."""
        return self.schema == "nest"

    @property
    def conductance(self) -> bool:
        """Whether weights are conductances, which are not negative here."""
        return self.receptor.endswith("Conductance")


def _m(name: str, default: float, per: float = 1.0) -> Slot:
    return Slot("model", name, default, per)


def _i(name: str, default: float, per: float = 1.0) -> Slot:
    return Slot("initial", name, default, per)


def _two(
    tau: tuple[float, float], e_rev: tuple[float, float] | None, nest: bool
) -> dict[str, Slot]:
    """The receptors' own numbers."""
    ends = ("ex", "in") if nest else ("E", "I")
    head = "E_" if nest else "e_rev_"
    found = {}
    for k, owner in enumerate(("exc", "inh")):
        found[f"tau_syn_{ends[k]}"] = Slot(owner, "tau_syn", tau[k])
        if e_rev:
            found[f"{head}{ends[k]}"] = Slot(owner, "e_rev", e_rev[k])
    return found


_PYNN_LIF = {
    "v_rest": _m("v_rest", -65.0),
    "cm": _m("cm", 1.0),
    "tau_m": _m("tau_m", 20.0),
    "tau_refrac": _m("tau_refrac", 0.1),
    "i_offset": _m("i_offset", 0.0),
    "v_reset": _m("v_reset", -65.0),
    "v_thresh": _m("v_thresh", -50.0),
    "v": _i("v", -65.0),
}
_PYNN_ADEX = {
    "cm": _m("cm", 0.281),
    "tau_refrac": _m("tau_refrac", 0.1),
    "v_spike": _m("v_spike", -40.0),
    "v_reset": _m("v_reset", -70.6),
    "v_rest": _m("v_rest", -70.6),
    "tau_m": Slot("leak", "gl", 9.3667),
    "i_offset": _m("i_offset", 0.0),
    "a": _m("a", 4.0, NS),
    "b": _m("b", 0.0805),
    "delta_T": _m("delta_t", 2.0),
    "tau_w": _m("tau_w", 144.0),
    "v_thresh": _m("v_thresh", -50.4),
    "v": _i("v", -70.6),
    "w": _i("w", 0.0),
}
_PYNN_HH = {
    "gbar_Na": _m("g_na", 20.0),
    "gbar_K": _m("g_k", 6.0),
    "g_leak": _m("g_l", 0.01),
    "cm": _m("cm", 0.2),
    "v_offset": _m("v_t", -63.0),
    "e_rev_Na": _m("e_na", 50.0),
    "e_rev_K": _m("e_k", -90.0),
    "e_rev_leak": _m("e_l", -65.0),
    "i_offset": _m("i_offset", 0.0),
    "v": _i("v", -65.0),
    "m": _i("m", 0.0),
    "h": _i("h", 1.0),
    "n": _i("n", 0.0),
}
#: 1 nA moves v by 1000 mV per ms: Izhikevich's current is in pA there.
_IZHIKEVICH_GAIN = {"gain": 1000.0}
_PYNN_IZHIKEVICH = {
    "a": _m("a", 0.02),
    "b": _m("b", 0.2),
    "c": _m("c", -65.0),
    "d": _m("d", 2.0),
    "i_offset": _m("i_offset", 0.0),
    "v": _i("v", -70.0),
    "u": _i("u", -14.0),
}
_NEST_IAF = {
    "C_m": _m("cm", 250.0, PF),
    "t_ref": _m("tau_refrac", 2.0),
    "V_reset": _m("v_reset", -70.0),
    "V_th": _m("v_thresh", -55.0),
    "E_L": _m("v_rest", -70.0),
    "I_e": _m("i_offset", 0.0, PA),
    "V_m": _i("v", -70.0),
}
_NEST_TAU = {"tau_m": _m("tau_m", 10.0)}
_NEST_LEAK = {"g_L": Slot("leak", "tau_m", 16.6667, NS), "V_reset": _m("v_reset", -60.0)}
_NEST_ADEX = {
    "C_m": _m("cm", 281.0, PF),
    "t_ref": _m("tau_refrac", 0.0),
    "V_peak": _m("v_spike", 0.0),
    "V_reset": _m("v_reset", -60.0),
    "E_L": _m("v_rest", -70.6),
    "g_L": _m("gl", 30.0, NS),
    "I_e": _m("i_offset", 0.0, PA),
    "a": _m("a", 4.0, NS),
    "b": _m("b", 80.5, PA),
    "Delta_T": _m("delta_t", 2.0),
    "tau_w": _m("tau_w", 144.0),
    "V_th": _m("v_thresh", -50.4),
    "V_m": _i("v", -70.6),
    "w": _i("w", 0.0, PA),
}
_NEST_IZHIKEVICH = {
    "a": _m("a", 0.02),
    "b": _m("b", 0.2),
    "c": _m("c", -65.0),
    "d": _m("d", 8.0),
    "V_th": _m("v_thresh", 30.0),
    "I_e": _m("i_offset", 0.0, PA),
    "V_m": _i("v", -65.0),
    "U_m": _i("u", -13.0),
}
_NEST_GATES = {"Act_m": "m", "Inact_h": "h", "Act_n": "n"}


def _nest_hh(
    numbers: Mapping[str, float], gates: tuple[float, float, float], extra: Mapping[str, Slot]
) -> dict[str, Slot]:
    names = {"E_L": "e_l", "E_Na": "e_na", "E_K": "e_k"}
    scaled = {"C_m": "cm", "g_L": "g_l", "g_Na": "g_na", "g_K": "g_k", "I_e": "i_offset"}
    found = {file: _m(ours, numbers[file]) for file, ours in names.items()}
    found |= {file: _m(ours, numbers[file], 1e3) for file, ours in scaled.items()}
    found["V_m"] = _i("v", numbers["V_m"])
    found |= {f: _i(ours, value) for (f, ours), value in zip(_NEST_GATES.items(), gates)}
    return found | dict(extra)


_HH_PSC = _nest_hh(
    {"E_L": -54.402, "E_Na": 50.0, "E_K": -77.0, "C_m": 100.0, "g_L": 30.0, "g_Na": 12000.0,
     "g_K": 3600.0, "I_e": 0.0, "V_m": -65.0},
    (0.05293248525724958, 0.5961207535084603, 0.3176769140606974),
    {},
)  # fmt: skip
_HH_TRAUB = _nest_hh(
    {"E_L": -60.0, "E_Na": 50.0, "E_K": -90.0, "C_m": 200.0, "g_L": 10.0, "g_Na": 20000.0,
     "g_K": 6000.0, "I_e": 0.0, "V_m": -60.0},
    (9.895563096746586e-09, 0.999999999106396, 2.551577051602551e-07),
    {"V_T": _m("v_t", -63.0)},
)  # fmt: skip

_IDLE = frozenset(
    {
        *("Ca", "beta_Ca", "tau_Ca", "tau_minus", "tau_minus_triplet", "t_spike", "post_trace"),
        *("rho", "gsl_error_tol", "ignore_and_spike_interval", "ignore_and_spike_offset"),
    }
)
_LOWEST = -float("inf")
_NOTHING = dict.fromkeys(("I_syn_ex", "I_syn_in", "dI_syn_ex", "dI_syn_in"), 0.0)
_NO_CONDUCTANCE = dict.fromkeys(("g_ex", "g_in", "dg_ex", "dg_in"), 0.0)


def _pynn(
    name: str,
    model: str,
    receptor: str,
    slots: Mapping[str, Slot],
    constants: Mapping[str, float] | None = None,
) -> Template:
    states = {s.name: n for n, s in slots.items() if s.owner == "initial"}
    return Template(
        "pynn", name, model, receptor, slots, 1.0, {}, constants or {}, variables=states
    )


def _nest(
    name: str,
    model: str,
    receptor: str,
    slots: Mapping[str, Slot],
    fixed: Mapping[str, float],
    constants: Mapping[str, float] | None = None,
) -> Template:
    states = {s.name: n for n, s in slots.items() if s.owner == "initial"}
    per = 1.0 if receptor == "Delta" else 1e3
    return Template(
        "nest", name, model, receptor, slots, per, fixed, constants or {}, _IDLE, states
    )


_ZERO_TO_MINUS_70, _ZERO_TO_MINUS_80 = (0.0, -70.0), (0.0, -80.0)
_ZERO_TO_MINUS_85 = (0.0, -85.0)
_FAST = (0.2, 2.0)

_ALL = (
    _pynn("IF_curr_exp", "LIF", "ExponentialCurrent", _PYNN_LIF | _two((5.0, 5.0), None, False)),
    _pynn("IF_curr_alpha", "LIF", "AlphaCurrent", _PYNN_LIF | _two((0.5, 0.5), None, False)),
    _pynn("IF_curr_delta", "LIF", "Delta", _PYNN_LIF),
    _pynn(
        "IF_cond_exp",
        "LIF",
        "ExponentialConductance",
        _PYNN_LIF | _two((5.0, 5.0), _ZERO_TO_MINUS_70, False),
    ),
    _pynn(
        "IF_cond_alpha",
        "LIF",
        "AlphaConductance",
        _PYNN_LIF | _two((0.3, 0.5), _ZERO_TO_MINUS_70, False),
    ),
    _pynn(
        "EIF_cond_exp_isfa_ista",
        "AdEx",
        "ExponentialConductance",
        _PYNN_ADEX | _two((5.0, 5.0), _ZERO_TO_MINUS_80, False),
    ),
    _pynn(
        "EIF_cond_alpha_isfa_ista",
        "AdEx",
        "AlphaConductance",
        _PYNN_ADEX | _two((5.0, 5.0), _ZERO_TO_MINUS_80, False),
    ),
    _pynn(
        "Izhikevich",
        "Izhikevich",
        "Delta",
        _PYNN_IZHIKEVICH,
        {**_IZHIKEVICH_GAIN, "v_thresh": 30.0},
    ),
    _pynn(
        "HH_cond_exp",
        "TraubMiles",
        "ExponentialConductance",
        _PYNN_HH | _two((0.2, 2.0), _ZERO_TO_MINUS_80, False),
        {"v_thresh": 0.0},
    ),
    _nest(
        "iaf_psc_exp",
        "LIF",
        "ExponentialCurrent",
        _NEST_IAF | _NEST_TAU | _two((2.0, 2.0), None, True),
        {"delta": 0.0, **_NOTHING},
    ),
    _nest(
        "iaf_psc_alpha",
        "LIF",
        "AlphaCurrent",
        _NEST_IAF | _NEST_TAU | _two((2.0, 2.0), None, True),
        {"V_min": _LOWEST, **_NOTHING},
    ),
    _nest(
        "iaf_psc_delta",
        "LIF",
        "Delta",
        _NEST_IAF | _NEST_TAU,
        {"V_min": _LOWEST, "refractory_input": 0.0},
    ),
    _nest(
        "iaf_cond_exp",
        "LIF",
        "ExponentialConductance",
        _NEST_IAF | _NEST_LEAK | _two(_FAST, _ZERO_TO_MINUS_85, True),
        _NO_CONDUCTANCE,
    ),
    _nest(
        "iaf_cond_alpha",
        "LIF",
        "AlphaConductance",
        _NEST_IAF | _NEST_LEAK | _two(_FAST, _ZERO_TO_MINUS_85, True),
        _NO_CONDUCTANCE,
    ),
    _nest(
        "aeif_cond_exp",
        "AdEx",
        "ExponentialConductance",
        _NEST_ADEX | _two(_FAST, _ZERO_TO_MINUS_85, True),
        _NO_CONDUCTANCE,
    ),
    _nest(
        "aeif_cond_alpha",
        "AdEx",
        "AlphaConductance",
        _NEST_ADEX | _two(_FAST, _ZERO_TO_MINUS_85, True),
        _NO_CONDUCTANCE,
    ),
    _nest(
        "aeif_psc_exp", "AdEx", "ExponentialCurrent", _NEST_ADEX | _two(_FAST, None, True), _NOTHING
    ),
    _nest("aeif_psc_alpha", "AdEx", "AlphaCurrent", _NEST_ADEX | _two(_FAST, None, True), _NOTHING),
    _nest("aeif_psc_delta", "AdEx", "Delta", _NEST_ADEX, {"refractory_input": 0.0}),
    _nest(
        "izhikevich",
        "Izhikevich",
        "Delta",
        _NEST_IZHIKEVICH,
        {"V_min": _LOWEST, "consistent_integration": 1.0},
        _IZHIKEVICH_GAIN,
    ),
    _nest(
        "hh_psc_alpha",
        "HodgkinHuxley",
        "AlphaCurrent",
        _HH_PSC | _two(_FAST, None, True),
        {"t_ref": 2.0, **_NOTHING},
        {"v_thresh": 0.0},
    ),
    _nest(
        "hh_cond_exp_traub",
        "TraubMiles",
        "ExponentialConductance",
        _HH_TRAUB | _two((5.0, 10.0), _ZERO_TO_MINUS_80, True),
        {"t_ref": 2.0, **_NO_CONDUCTANCE},
        {"v_thresh": 0.0},
    ),
)

#: Every template that is known, by ``"schema:name"``.
TEMPLATES: dict[str, Template] = {t.full_name: t for t in _ALL}
#: Synapses that neither learn nor tire, by schema.
STATIC = {"pynn": "StaticSynapse", "nest": "static_synapse"}
