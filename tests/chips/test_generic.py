"""Chips of the user's: by arguments and by files, in integers of any width."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_loihi import events, layered

import spikestack as sp
from spikestack.errors import FileFormatError, SpikestackError, UnknownNameError, ValidationError

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_chip.toml"


def test_layers_spike_alike() -> None:
    net = layered()
    run = net.run(202.0, on=sp.chips.GenericChip())
    ours = net.run(200.0, dt=1.0)
    assert run.late == {"source": 0, "first": 0, "second": 1, "out": 2}
    for name in ("first", "second"):
        late = run.late[name]
        mine, theirs = events(ours[name], late), events(run[name], 0, 200 + late)
        assert len(mine & theirs) > 0.8 * len(mine | theirs) > 300


@pytest.mark.parametrize("soft", [False, True])
def test_what_the_bits_hold_is_exact(soft: bool) -> None:
    net = sp.Network(seed=3)
    rng = np.random.default_rng(0)
    source = net.add(sp.Population("source", 20, sp.SpikeSource()))
    model = sp.NeuronModel(
        "v[t+1] = v : 1", threshold="v >= 1", reset="v -= 1" if soft else "v = 0",
        dimensionless=True, default_synapse="Delta",
    )  # fmt: skip
    cells = net.add(sp.Population("cells", 30, model))
    at, ids = np.nonzero(rng.random((100, 20)) < 0.1)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    weights = rng.integers(-7, 8, (20, 30)) / 8
    net.connect(source, cells, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    net.record(cells, "spikes")
    for bits in ({"weight_bits": 4, "exponent_bits": 0}, {"weight_bits": 4}, {"weight_bits": 8}):
        run = net.run(100.0, on=sp.chips.GenericChip(**bits))
        assert run.same_spikes(net.run(100.0, dt=1.0)), bits
    coarse = net.run(100.0, on=sp.chips.GenericChip(weight_bits=2))
    assert not coarse.same_spikes(net.run(100.0, dt=1.0))


@settings(max_examples=12, deadline=None)
@given(bits=st.integers(2, 12), state=st.integers(12, 24), seed=st.integers(0, 5))
def test_all_numbers_fit_their_bits(bits: int, state: int, seed: int) -> None:
    chip = sp.chips.GenericChip(weight_bits=bits, state_bits=state)
    made = chip.quantise(layered(seed))
    for projection in made.network.projections.values():
        weights = projection.synapse.weight
        unit = 2.0 ** np.ceil(np.log2(max(np.abs(weights).max(), 1) / (2 ** (bits - 1) - 1)))
        assert np.array_equal(weights, np.rint(weights))
        assert np.abs(weights).max() <= (2 ** (bits - 1) - 1) * max(unit, 1)
    for name in made.scales:
        values = made.network.populations[name].model.values
        for parameter in ("theta", "decay_u", "decay_v", "bias"):
            assert np.array_equal(values[parameter], np.rint(values[parameter]))
        assert np.max(values["theta"]) <= 2 ** (state - 1)


def test_more_bits_lose_less() -> None:
    lost = [
        max(sp.chips.GenericChip(weight_bits=b).quantise(layered()).losses[n].error
            for n in ("source->first", "first->second"))
        for b in (3, 5, 8, 12)
    ]  # fmt: skip
    assert lost == sorted(lost, reverse=True) and lost[-1] < 1e-3 and lost[0] > 0.05


def test_neurons_are_spread_over_cores_and_chips() -> None:
    small = sp.chips.GenericChip(cores=4, neurons_per_core=20)
    assert len(small.map(layered()).cores) == 4
    with pytest.raises(ValidationError, match=r"3 cores at most.*use more chips"):
        sp.chips.GenericChip(cores=3, neurons_per_core=20).map(layered())
    tight = sp.chips.GenericChip(synapses_per_core=1000, cores=64).map(layered())
    assert all(core.used["synapse words"] <= 1000 for core in tight.cores)
    little = sp.chips.GenericChip(memory_per_core=1, cores=64).map(layered())
    assert all(core.used["synapse words"] <= 1024 for core in little.cores)


def test_prices_are_what_was_given() -> None:
    chip = sp.chips.GenericChip(
        "mine", prices={"events": 10.0, "idle updates": 1.0, "chip": 5.0}, times={"events": 2.0}
    )
    run = layered().run(100.0, on=chip)
    bill, ledger = run.bill(), run.ledger
    expected = ledger.total("dense events") * 10e-12 + ledger.total("idle updates") * 1e-12
    assert sum(bill.dynamic.values()) == pytest.approx(expected)
    assert bill.static == pytest.approx(5e-3 * run.hardware_seconds)
    assert run.hardware_seconds == pytest.approx(ledger.by_step["dense events"].max(1).sum() * 2e-9)
    assert "mine (the user, 0)" in chip.describe()
    assert "given by the user" in chip.describe()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"cores": 0}, "from 1 to"),
        ({"cores": 2.5}, "whole number"),
        ({"weight_bits": 99}, "from 1 to 24"),
        ({"cores": "many"}, "a number, or a Figure"),
        ({"cores": float("nan")}, "a number, or a Figure"),
        ({"neurons_per_core": True}, "a number, or a Figure"),
        ({"mesh": (2, 2)}, "16 at least"),
        ({"mesh": 3}, "columns, rows"),
        ({"prices": {"spike": 1.0}}, "spike"),
        ({"prices": {"spikes": -1.0}}, "0 or more"),
        ({"prices": 3}, "energies by counter"),
        ({"colour": 3}, "colour"),
        ({"title": ""}, "a text"),
        ({"cores": sp.chips.Figure(3, "chips", sp.chips.Grade.USER, "x")}, "in 'chips'; cores"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: dict, says: str) -> None:
    with pytest.raises(SpikestackError, match=says):
        sp.chips.GenericChip(**arguments)


def test_a_file_is_a_chip() -> None:
    chip = sp.chips.from_file(EXAMPLE)
    assert chip.name == "My chip" and int(chip.cores) == 64 and int(chip.weight_bits) == 6
    assert chip.prices["guess"].energy["dense events"].value == 10.0
    run = layered().run(100.0, on=chip)
    assert run.bill("guess").total > 0 and run.provenance["engine"] == "My chip"
    for figure in chip.figures().values():
        assert figure.source


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cores = 3", "line 1, cores: is 3; a table with value"),
        ("[cores]\nvalue = 3\nunit = 'cores'\ngrade = 'user'", "line 1, cores: has no source"),
        ("[cores]\nvalue = 'x'\nunit = 'cores'\ngrade = 'user'\nsource = 's'",
         r"line 2, cores\.value"),
        ("[cores]\nvalue = 3\nunit = 'cores'\ngrade = 'sure'\nsource = 's'",
         r"line 4, cores\.grade: is 'sure'"),
        ("[cores]\nvalue = inf\nunit = 'cores'\ngrade = 'user'\nsource = 's'", "finite"),
        ("[cores]\nvalue = 3\nunit = 'mW'\ngrade = 'user'\nsource = 's'", "in 'mW'; cores"),
        ("[coers]\nvalue = 3\nunit = 'cores'\ngrade = 'user'\nsource = 's'", "coers"),
        ("[cores]\nvalue = 3\ncolour = 3\nunit = 'cores'\ngrade = 'user'\nsource = 's'",
         r"line 3, cores\.colour"),
        ("mesh = [1]", "line 1, mesh"),
        ("year = 'x'", "line 1, year"),
        ("name = 3", "line 1, name"),
        ("prices = 3", "line 1, prices"),
        ("[prices.a]\nscope = 'all'", r"line 2, prices\.a\.scope"),
        ("[prices.a.energy]\nspike = {value=1.0,unit='pJ',grade='user',source='s'}", "'spike'"),
        ("[prices.a]\nenregy = 3", r"line 2, prices\.a\.enregy"),
        ("x = = 3", "line 1"),
        ("[" * 5000, "TOML"),
    ],
)  # fmt: skip
def test_bad_files_say_where(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=says):
        sp.chips.from_file(path)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_damage_to_a_file_crashes(data: st.DataObject, tmp_path_factory: object) -> None:
    """Bytes changed, taken out or repeated: a chip, or an error that is ours."""
    given_ = EXAMPLE.read_bytes()
    begin = data.draw(st.integers(0, len(given_)))
    end = min(begin + data.draw(st.integers(0, 60)), len(given_))
    path = Path(tmp_path_factory.getbasetemp()) / "damaged.toml"  # type: ignore[attr-defined]
    path.write_bytes(given_[:begin] + data.draw(st.binary(max_size=8)) + given_[end:])
    with contextlib.suppress(SpikestackError):
        assert sp.chips.from_file(path).name


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="cannot be read"):
        sp.chips.from_file(tmp_path / "none.toml")
    with pytest.raises(FileFormatError, match="cannot be read"):
        sp.chips.from_file(tmp_path)
    (tmp_path / "large.toml").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(FileFormatError, match="larger than"):
        sp.chips.from_file(tmp_path / "large.toml")
    with pytest.raises(UnknownNameError):
        sp.chips.GenericChip(speed=3.0)
