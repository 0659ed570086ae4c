"""SpiNNaker: its arithmetic held to whole numbers of Python, its delays, mapping and counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.chips.catalogue.spinnaker import SpiNNaker
from spikestack.chips.catalogue.spinnaker2 import SpiNNaker2
from spikestack.chips.faults import Faults
from spikestack.chips.figures import Figure, Grade
from spikestack.chips.neurons.spinnaker import Channel, Row0, Row1, lif
from spikestack.chips.routing.broken_words import Word
from spikestack.chips.routing.checking import Routers, arrivals, check
from spikestack.chips.routing.keys import Block
from spikestack.chips.routing.mapping import RoutedNetwork
from spikestack.errors import UnknownNameError, ValidationError
from spikestack.numerics.random import stream_key, uniform

# ---------------------------------------------------------------------------- arithmetic


def raw(x: float) -> int:
    return round(x * 2**15)


def wrap(x: int) -> int:
    """What 32 bits with a sign hold."""
    return (x + 2**31) % 2**32 - 2**31


class Oracle:
    """One neuron of sPyNNaker in whole numbers of any size."""

    def __init__(self, p: dict[str, float], taus: list[float], dt: float) -> None:
        self.v, self.rest, self.reset, self.thresh, self.offset = (
            raw(p[n]) for n in ("v", "v_rest", "v_reset", "v_thresh", "i_offset")
        )
        self.r, self.e = raw(p["tau_m"] / p["cm"]), raw(math.exp(-dt / p["tau_m"]))
        self.wait = math.ceil(p["tau_refrac"] / dt - 1e-9)
        self.decay = [round(math.exp(-dt / tau) * 2**32) for tau in taus]
        self.init = [round(tau / dt * (1 - math.exp(-dt / tau)) * 2**32) for tau in taus]
        self.s, self.left = [0] * len(taus), 0

    def step(self, arriving: list[int], shifts: list[int], signs: list[int]) -> bool:
        for k, found in enumerate(arriving):
            self.s[k] = self.s[k] * self.decay[k] >> 32
            self.s[k] += (min(found, 65535) << shifts[k]) * self.init[k] >> 32
            self.s[k] = wrap(self.s[k])
        i = wrap(self.offset + sum(s * sign for s, sign in zip(self.s, signs, strict=True)))
        if self.left > 0:
            self.left -= 1
            return False
        alpha = wrap((i * self.r + 2**14 >> 15) + self.rest)
        self.v = wrap(alpha - (self.e * wrap(alpha - self.v) + 2**14 >> 15))
        if self.v < self.thresh:
            return False
        self.v, self.left = self.reset, self.wait
        return True


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_every_step_is_that_of_whole_numbers(dt: float) -> None:
    rng = np.random.default_rng(int(10 * dt))
    cells, steps, taus, shifts, signs = 12, 200, [2.0, 7.5], [5, 3], [1, -1]
    params = {
        "v_rest": rng.uniform(-75, -60, cells), "v_reset": rng.uniform(-80, -60, cells),
        "v_thresh": rng.uniform(-55, -40, cells), "tau_m": rng.uniform(5, 40, cells),
        "cm": rng.uniform(0.05, 2, cells), "i_offset": rng.uniform(-0.2, 2.0, cells),
        "tau_refrac": rng.uniform(0, 3, cells) * dt, "v": rng.uniform(-75, -55, cells),
    }  # fmt: skip
    weights = rng.integers(0, 32_768, (2, 5, cells))
    at, ids = np.nonzero(rng.random((steps, 5)) < 0.2)
    description = sp.Network(seed=1)
    source = description.add(sp.Population("source", 5, sp.SpikeSource()))
    target = description.add(sp.Population("cells", cells, sp.LIF(**params)))
    description.drive(source, sp.SpikeTrains(times=dt * (at + 1.0), ids=ids))
    for k, (sign, tau) in enumerate(zip(signs, taus, strict=True)):
        unit = sign * 2.0 ** (shifts[k] - 15)
        synapse = sp.ExponentialCurrent(weight=1.0, tau_syn=tau, delay=dt)
        wanted = sp.Dense(unit * weights[k])
        description.connect(source, target, wanted, synapse, name=f"{k}")
    description.record(target, "spikes", "v")
    seldom = Figure(0.001, "Hz", Grade.DERIVED, "this test")
    made = SpiNNaker(expected_rate=seldom).quantise(description, dt)
    assert all(made.losses[f"{k}"].error == 0.0 for k in range(2)), str(made)
    run = made.network.run(dt * (steps + 3), dt=dt, precision="float64", on="reference")
    v = run["cells", "v"].values.reshape(-1, cells)
    spikes = {(round(t / dt), i) for t, i in zip(run["cells"].times, run["cells"].ids, strict=True)}
    arriving = np.zeros((steps + 5, 2, cells), int)
    for t, i in zip(at, ids, strict=True):
        # A source's spike of step t + 1 arrives one step later; currents act a step after that.
        arriving[t + 3] += weights[:, i]
    expected = set()
    for c in range(cells):
        oracle = Oracle({n: float(x[c]) for n, x in params.items()}, taus, dt)
        for step in range(1, steps + 4):
            if oracle.step(arriving[step][:, c].tolist(), shifts, signs):
                expected.add((step, c))
            assert v[step - 1, c] == oracle.v, (c, step)
    assert spikes == expected
    assert len(expected) > 100
    assert (arriving > 65535).any()


def test_products_keep_all_their_bits() -> None:
    """Parameters, inputs and decays from all of their range: no bit is lost, sums wrap."""
    rng = np.random.default_rng(3)
    cells, steps, shifts, signs = 40, 25, [16, 9], [1, -1]
    whole = {
        n: rng.integers(-(2**31), 2**31, cells) for n in ("v", "v_rest", "v_reset", "i_offset")
    }
    whole["i_offset"] //= 2 ** rng.integers(0, 30, cells)
    resistance, e = rng.integers(0, 2**31, cells), rng.integers(0, 2**15 + 1, cells)
    halves = {n: rng.integers(0, 2**32, (2, cells)) for n in ("decay", "init")}
    given = {f"{n}_high{k}": x[k] >> 16 for n, x in halves.items() for k in range(2)}
    given |= {f"{n}_low{k}": x[k] & 65535 for n, x in halves.items() for k in range(2)}
    given |= whole | {"e": e, "r_high": resistance >> 15, "r_low": resistance & 32767}
    given |= {"v_thresh": np.full(cells, 2**30)}
    channels = [Channel(k, sign, shift) for k, (sign, shift) in enumerate(zip(signs, shifts))]
    model = lif(channels, **{n: x.astype(float) for n, x in given.items()})
    net = sp.Network(seed=1)
    target = net.add(sp.Population("cells", cells, model))
    arriving = rng.integers(0, 90_000, (2, steps))
    for k, row in enumerate((Row0, Row1)):
        for t in range(steps):
            trains = sp.SpikeTrains([[t + 1.0]] * cells, synapse=row(weight=float(arriving[k, t])))
            net.drive(target, trains, name=f"{k} {t}")
    net.record(target, "v")
    v = net.run(float(steps), dt=1.0, precision="float64", on="reference")["cells", "v"].values
    v = v.reshape(steps, cells)
    for c in range(cells):
        oracle = Oracle.__new__(Oracle)
        oracle.v, oracle.rest, oracle.reset, oracle.offset = (int(x[c]) for x in whole.values())
        oracle.thresh, oracle.r, oracle.e = 2**30, int(resistance[c]), int(e[c])
        oracle.decay, oracle.init = (halves[n][:, c].tolist() for n in ("decay", "init"))
        oracle.s, oracle.left, oracle.wait = [0, 0], 0, 0
        for t in range(steps):
            oracle.step(arriving[:, t].tolist(), shifts, signs)
            assert v[t, c] == oracle.v, (c, t)


def test_reference_and_compiled_engine_agree() -> None:
    made = SpiNNaker().quantise(network(), 1.0).network
    one, two = (made.run(60.0, dt=1.0, precision="float64", on=on) for on in ("cpu", "reference"))
    assert one.same_spikes(two) and one["cells"].times.size > 20
    assert np.array_equal(one["cells", "v"].values, two["cells", "v"].values)


# ---------------------------------------------------------------------------- networks


def network(model: Any = None, delay: Any = 1.0, size: int = 60, synapse: Any = None) -> sp.Network:
    net = sp.Network(seed=5)
    source = net.add(sp.Population("source", 50, sp.PoissonSource(rate=40.0)))
    cells = net.add(sp.Population("cells", size, model or sp.LIF(tau_refrac=2.0, v_reset=-62.0)))
    rule = sp.FixedInDegree(10)
    synapse = synapse or sp.ExponentialCurrent(weight=0.9, delay=delay, tau_syn=5.0)
    net.connect(source, cells, rule, synapse)
    back = sp.ExponentialCurrent(weight=-0.02, delay=2.0, tau_syn=5.0)
    net.connect(cells, cells, rule, back)
    net.record(cells, "spikes", "v")
    return net


def events(record: sp.SpikeRecord) -> set[tuple[int, int]]:
    steps = np.rint(record.times).astype(int)
    return set(zip(steps.tolist(), record.ids.tolist(), strict=True))


@pytest.mark.parametrize(
    ("model", "synapse"),
    [
        (None, None),
        (sp.LIF(), sp.AMPA(weight=0.02, delay=1.0)),
        (sp.LIF(), sp.Delta(weight=3.0, delay=1.0)),
        (sp.Izhikevich(), None),
        (sp.AdEx(), None),
    ],
)
def test_numbers_of_16_and_32_bits_change_little(model: Any, synapse: Any) -> None:
    """The first spike of each neuron comes when it does in the description."""
    net = network(model, synapse=synapse)
    made = SpiNNaker().quantise(net, 0.5)
    assert all(loss.error < 1e-3 for loss in made.losses.values()), str(made)
    ours, theirs = (
        n.run(60.0, dt=0.5, precision="float64", on="reference") for n in (net, made.network)
    )
    a = ours["cells", "v"].values.reshape(-1, 60)
    b = theirs["cells", "v"].values.reshape(-1, 60) / made.scales["cells"]
    # Until anyone has spiked: later, a spike that comes a step apart is a different trace.
    until = int(min([*ours["cells"].times, *theirs["cells"].times, 60.0]) / 0.5) - 1
    assert until > 10
    assert np.abs(a - b)[:until].max() < 0.01 * np.ptp(a[:until])
    assert len(theirs["cells"].times) == pytest.approx(len(ours["cells"].times), rel=0.1, abs=3)


def test_constant_currents_are_part_of_the_neuron() -> None:
    made = []
    for inside in (True, False):
        net = sp.Network(seed=1)
        model = sp.LIF(i_offset=np.array([0.2, 0.9, 0.9, 0.2]) if inside else 0.2)
        cells = net.add(sp.Population("cells", 4, model))
        if not inside:
            net.drive(cells[1:3], sp.ConstantCurrent(0.7))
        net.record(cells, "spikes", "v")
        chip = SpiNNaker().quantise(net, 1.0).network
        made.append(chip.run(80.0, dt=1.0, precision="float64", on="reference"))
    assert made[0].same_spikes(made[1]) and len(made[0]["cells"].times) > 2
    assert np.array_equal(made[0]["cells", "v"].values, made[1]["cells", "v"].values)


def test_networks_from_files_are_computed_alike(tmp_path: Any) -> None:
    net = network()
    made = SpiNNaker().quantise(net, 1.0).network
    again = SpiNNaker().quantise(sp.load(net.save(tmp_path / "net.spk")), 1.0).network
    assert made["cells"].model.label == again["cells"].model.label == "SpiNNakerLIF"
    assert made.fingerprint == again.fingerprint


def test_inputs_are_those_of_the_description() -> None:
    """Events, given or drawn, on a part of a population; currents that change."""
    net = sp.Network(seed=1)
    model = sp.LIF(v=sp.Normal(-62.0, 2.0, high=-55.0), tau_refrac=2.0)
    cells = net.add(sp.Population("cells", 30, model))
    synapse = sp.ExponentialCurrent(weight=sp.Uniform(0.1, 0.5), tau_syn=3.0)
    net.drive(cells[:20], sp.Poisson(300.0, synapse=synapse))
    net.drive(cells[10:], sp.SpikeTrains([[k + 1.0] for k in range(20)], synapse=synapse))
    net.record(cells, "v")
    plain = net.run(40.0, dt=0.5, precision="float64", on="reference")["cells", "v"].values
    quantised = SpiNNaker().quantise(net, 0.5)
    run = quantised.network.run(40.0, dt=0.5, precision="float64", on="reference")
    chip = run["cells", "v"].values / 2.0**15
    # The description's currents act a step after they arrive, the machine's at once.
    assert np.abs(chip[..., :-1, :] - plain[..., 1:, :]).max() < 0.05 * np.ptp(plain)
    changing = sp.Network(seed=1)
    cells = changing.add(sp.Population("cells", 3, sp.LIF()))
    changing.drive(cells, sp.StepCurrent([5.0, 20.0], [1.0, 0.2]))
    changing.record(cells, "v")
    made = SpiNNaker().quantise(changing, 0.5)
    assert made.scales["cells"][0] == 1.0
    one, two = (
        n.run(40.0, dt=0.5, precision="float64", on="reference")["cells", "v"].values
        for n in (changing, made.network)
    )
    assert np.abs(one - two).max() < 0.01 and np.array_equal(two * 2**15, np.rint(two * 2**15))


def test_long_delays_pass_through_stages() -> None:
    """Spikes come as late as described; each passes every stage on the way, and is counted."""
    direct, staged = (SpiNNaker().quantise(network(delay=d), 1.0) for d in (15.0, 47.0))
    assert set(direct.scales) == {"source", "cells"}
    assert set(staged.scales) == {"source", "cells", "source + 16", "source + 32"}
    early, late = (m.network.run(200.0, dt=1.0, precision="float64") for m in (direct, staged))
    moved = {(t + 32, i) for t, i in events(early["cells"]) if t <= 168}
    first = min(t for t, _ in moved)
    assert first > 40 and moved == events(late["cells"])
    run = network(delay=47.0).run(200.0, dt=1.0, on=SpiNNaker())
    plain = network(delay=15.0).run(200.0, dt=1.0, on=SpiNNaker())
    assert run.ledger.total("accesses") == 200 * 210
    source, cells, *stages = run.ledger.counts["spikes"].tolist()
    assert source == plain.ledger.counts["spikes"][0] > stages[0] > stages[1] > 0.7 * source
    assert cells == len(run["cells"].times)
    # A current arrives a step later than it does in the description.
    assert len(SpiNNaker().quantise(network(delay=143.0), 1.0).scales) == 10
    with pytest.raises(ValidationError, match="144 at most"):
        SpiNNaker().quantise(network(delay=144.0), 1.0)


def test_full_ring_buffers_are_counted() -> None:
    low = Figure(0.01, "Hz", Grade.DERIVED, "this test")
    net = network(synapse=sp.ExponentialCurrent(weight=0.99, delay=1.0, tau_syn=5.0))
    run, calm = (net_run(net, SpiNNaker(expected_rate=f)) for f in (low, SpiNNaker.expected_rate))
    assert run.ledger.total("saturations") > 10 > calm.ledger.total("saturations")


def net_run(net: sp.Network, chip: SpiNNaker) -> Any:
    return net.run(100.0, dt=1.0, on=chip)


def test_events_of_drives_are_counted_and_change_nothing() -> None:
    """Two events of a step at one neuron are two; those of synapses are counted besides."""
    net = network()
    at = [[3.0, 3.0, 5.0], [5.0]]
    given = sp.SpikeTrains(at, synapse=sp.ExponentialCurrent(weight=0.7, tau_syn=5.0))
    net.drive(net["cells"][:2], given)
    low = SpiNNaker(neurons_per_core=SMALL)
    run, plain = net_run(net, low), net_run(network(), low)
    core = run.mapped.core_of["cells"][0]
    more, less = (r.ledger.by_step["sparse events"][:, core] for r in (run, plain))
    assert (more - less)[[1, 2, 4]].tolist() == [0, 2, 2]
    assert set(run.integers.traces["cells"]) == {"v"}
    assert run.ledger.total("host words out") == 100 * 60 + len(run["cells"].times)
    v = run["cells", "v"].values.reshape(100, 60), plain["cells", "v"].values.reshape(100, 60)
    assert np.abs(v[0][:2] - v[1][:2]).max() == 0.0 < v[0][2, 0] - v[1][2, 0] < 10.0


def test_what_it_cannot_do_is_refused() -> None:
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 4, sp.LIF()))
    four = sp.Network(seed=1)
    alike = four.add(sp.Population("cells", 4, sp.LIF()))
    for k in range(5):
        synapse = sp.ExponentialCurrent(weight=1.0, delay=1.0, tau_syn=k + 1.0)
        net.connect(cells, cells, sp.AllToAll(), synapse, name=str(k))
        if k < 4:
            four.connect(alike, alike, sp.AllToAll(), synapse, name=str(k))
    assert "s3" in SpiNNaker().quantise(four, 1.0).network["cells"].model.block.states
    with pytest.raises(ValidationError, match=r"5 types of synapses.*4"):
        SpiNNaker().quantise(net, 1.0)
    with pytest.raises(ValidationError, match="sends values"):
        values = sp.Network(seed=1)
        source = values.add(sp.Population("source", 3, sp.SpikeSource()))
        cells = values.add(sp.Population("cells", 4, sp.GradedReLU()))
        values.connect(source, cells, sp.AllToAll(), sp.Delta(weight=0.1, delay=1.0))
        SpiNNaker().quantise(values, 1.0)


# ---------------------------------------------------------------------------- machine


SMALL = Figure(7, "neurons", Grade.DERIVED, "this test")


def test_slices_change_no_spike_and_every_packet_is_counted() -> None:
    net = network()
    one = net.run(100.0, dt=1.0, on=SpiNNaker())
    chip = SpiNNaker(neurons_per_core=SMALL)
    run = net.run(100.0, dt=1.0, on=chip)
    alone = SpiNNaker().quantise(net, 1.0).network.run(100.0, dt=1.0, precision="float64")
    assert one.same_spikes(run) and alone.same_spikes(run)
    assert run["cells", "v"].unit == "mV"
    assert np.array_equal(run["cells", "v"].values * 2.0**15, alone["cells", "v"].values)
    mapped = run.mapped
    assert isinstance(mapped, RoutedNetwork) and len(mapped.cores) == 8 + 9
    assert max(core.used["neurons"] for core in mapped.cores) == 7
    assert {core.place // 16 for core in mapped.cores} == {0, 1}
    check(
        mapped.machine, mapped.tables,
        [(mapped.cores[c].place // 16, mapped.blocks[c]) for c in mapped.reached],
        [_wanted(mapped, c) for c in mapped.reached],
    )  # fmt: skip
    spikes = run.ledger.counts["spikes"]
    reached = sum(int(spikes[c]) * len(to) for c, to in mapped.reached.items())
    assert run.ledger.total("messages in") == reached == run.ledger.packets[:, 2].sum()
    assert run.ledger.total("messages") == spikes[list(mapped.reached)].sum()
    hops = sum(int(spikes[c]) * len(tree.links) for c, tree in mapped.trees.items())
    assert run.ledger.total("hops between chips") == hops > 0
    for name in ("spikes", "sparse events", "accesses"):
        assert run.ledger.total(name) == one.ledger.total(name)


def _wanted(mapped: RoutedNetwork, core: int) -> dict[int, list[int]]:
    wanted: dict[int, list[int]] = {}
    for to in mapped.reached[core]:
        chip, number = divmod(mapped.cores[to].place, 16)
        wanted.setdefault(chip, []).append(number)
    return wanted


def test_dead_parts_are_left_out() -> None:
    faults = {"chips": [(1, 0)], "links": [(0, 0, 1)], "cores": [(0, 0, 3), (0, 0, 4)]}
    chip = SpiNNaker(neurons_per_core=SMALL, faults=faults)
    mapped = chip.map(network())
    places = {core.place for core in mapped.cores}
    assert not places & {3, 4} and mapped.machine.size == 47
    assert (0, 1) not in {link for tree in mapped.trees.values() for link in tree.links}
    assert net_run(network(), chip).same_spikes(net_run(network(), SpiNNaker()))
    with pytest.raises(ValidationError, match="tuples of 2"):
        SpiNNaker(faults={"chips": [(1, 0, 0)]})
    with pytest.raises(ValidationError, match="a mapping with"):
        SpiNNaker(faults={"boards": []})


def test_faults_are_named_as_on_other_chips() -> None:
    listed = {"chips": [(1, 0)], "links": [(0, 0, 1)], "cores": [(0, 0, 3)]}
    faults = Faults(dead_chips=[(1, 0)], dead_links=[(0, 0, 1)], dead_cores=[(0, 0, 3)])
    one, two = (
        SpiNNaker(neurons_per_core=SMALL, faults=f).map(network()) for f in (listed, faults)
    )
    assert [c.place for c in one.cores] == [c.place for c in two.cores]
    assert one.trees == two.trees
    for wrong, says in (
        (Faults(dead_cores=[3]), "3 numbers"), (Faults(dead_chips=[(8, 8)]), "no chip at"),
        (Faults(dead_links=[(0, 0, 6)]), "0 to 5"), (Faults(dead_cores=[(0, 0, 16)]), "0 to 15"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match=says):
            SpiNNaker(faults=wrong)


def test_a_machine_that_is_cut_in_two_uses_its_first_part() -> None:
    """Chips that cannot be reached hold nothing; what then does not fit is refused."""
    around = [(x, y) for x in range(6) for y in range(6) if max(x, y) == 1]
    chip = SpiNNaker(neurons_per_core=SMALL, faults=Faults(dead_chips=around))
    assert chip.machine.size == 1
    assert {core.place // 16 for core in chip.map(network(size=24)).cores} == {0}
    with pytest.raises(ValidationError, match="do not fit 1 chips"):
        chip.map(network(size=200))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 256), st.integers(0, 2**32 - 1))
def test_words_hold_what_is_put_into_them(types: int, neurons: int, seed: int) -> None:
    rng, word = np.random.default_rng(seed), Word(types, neurons)
    given = (
        rng.integers(0, 65536, 50), rng.integers(1, 17, 50), rng.integers(0, types, 50),
        rng.integers(0, neurons, 50),
    )  # fmt: skip
    packed = word.packed(*given)
    assert packed.min() >= 0 and packed.max() < 2**32
    assert all(np.array_equal(a, b) for a, b in zip(word.read(packed), given, strict=True))


def test_bits_that_flip_change_weight_delay_type_and_neuron() -> None:
    """Each word once, by hand: what runs is what the words in memory say."""
    net, name = network(delay=3.0), "source->cells"
    seven = Figure(7, "neurons", Grade.DERIVED, "this test")
    whole = SpiNNaker(neurons_per_core=seven).map(net)
    chip = SpiNNaker(neurons_per_core=seven, faults=Faults(bit_flips=0.03, seed=2))
    mapped = chip.map(net)
    old, new = (m.quantised.network.connections for m in (whole, mapped))
    given = {n: old(n, dt=1.0, precision="float64") for n in (name, "cells->cells, negative")}
    expected: dict[str, list[tuple[float, ...]]] = {}
    for n, e in given.items():
        for k in range(len(e.weight)):
            core, index = divmod(int(e.post[k]), 7)
            flips = 0
            for bit in range(32):
                key = stream_key(2, n, f"bit {bit} flips")
                flips |= int(uniform(key, np.array([k], np.uint64))[0] < 0.03) << bit
            kind = int(n != name)
            word = int(e.weight[k]) << 16 | round(e.delay[k]) % 16 << 4 | kind << 3 | index
            word ^= flips
            weight, delay, to, at = word >> 16, word >> 4 & 15 or 16, word >> 3 & 1, word & 7
            if at >= (7 if core < 8 else 4):
                weight, delay, to, at = 0, round(e.delay[k]), kind, index
            there = n if to == kind else f"{n}, as type {to}"
            expected.setdefault(there, []).append((e.pre[k], 7 * core + at, weight, delay))
    assert set(expected) == set(mapped.quantised.network.projections) and len(expected) == 4
    for n, rows in expected.items():
        e = new(n, dt=1.0, precision="float64")
        found = zip(e.pre, e.post, e.weight, np.rint(e.delay), strict=True)
        assert sorted((int(a), int(b), float(c), float(d)) for a, b, c, d in found) == sorted(rows)
    assert "words of synapses are not those meant" in mapped.quantised.notes[-1]
    run = chip.execute(mapped, 100, False)
    assert not run.same_spikes(whole.chip.execute(whole, 100, False))
    assert run.ledger.total("sparse events") > 0


def test_stuck_words_do_nothing() -> None:
    net = network()
    mute = SpiNNaker(faults=Faults(stuck_synapses={"source->cells": list(range(600))}))
    assert len(net_run(net, SpiNNaker())["cells"].times) > 0
    assert len(net_run(net, mute)["cells"].times) == 0
    with pytest.raises(UnknownNameError):
        SpiNNaker(faults=Faults(stuck_synapses={"none": [0]})).map(net)
    with pytest.raises(ValidationError, match=r"projection .* learns"):
        _learning(sp.AdditiveSTDP(), SpiNNaker(faults=Faults(bit_flips=0.1)))


def test_tables_of_cores_say_where_neurons_send_and_by_which_keys() -> None:
    mapped = SpiNNaker(neurons_per_core=SMALL).map(network())
    routers = Routers.of(mapped.machine, mapped.tables)
    at = 0
    for k, core in enumerate(mapped.cores):
        (ids,) = core.neurons.values()
        table = core.table
        assert set(table.neurons.tolist()) == set(range(at, at + len(ids)) if len(table) else ())
        assert set(table.cores.tolist()) == set(mapped.reached.get(k, []))
        at += len(ids)
        for key in np.unique(table.keys).tolist():
            ((_, found),) = arrivals(routers, core.place // 16, Block(key, 2**32 - 1))
            places = {divmod(mapped.cores[to].place, 16) for to in table.cores[table.keys == key]}
            assert set(found) == places
        for to, hops in zip(table.cores, table.hops, strict=True):
            far = mapped.machine.distance(core.place // 16, mapped.cores[to].place // 16)
            assert hops.tolist() == [0, 0, far]
        assert core.memory["local bytes"][1] == 65536.0


@pytest.mark.parametrize("extra", [0, 1])
def test_a_machine_takes_what_it_holds(extra: int) -> None:
    net = network(size=7 * 8 + extra)
    chip = SpiNNaker(chips=1, neurons_per_core=SMALL)
    if not extra:
        assert len(chip.map(net).cores) == 16
        return
    with pytest.raises(ValidationError, match=r"17 slices do not fit 1 chips.*pass chips="):
        chip.map(net)


def test_neurons_on_a_core_are_a_deadline_and_local_memory_is_a_wall() -> None:
    many = Figure(300, "neurons", Grade.DERIVED, "this test")
    mapped = SpiNNaker(neurons_per_core=many).map(network(size=300))
    assert "300 neurons, 256 neurons per core at most (deadline)" in str(mapped)
    more = Figure(1000, "neurons", Grade.DERIVED, "this test")
    mapped = SpiNNaker(neurons_per_core=more).map(network(size=1000))
    assert max(core.used["local bytes"] for core in mapped.cores) <= 64 * 1024
    assert max(core.used["neurons"] for core in mapped.cores) == 250
    calm = net_run(network(size=256), SpiNNaker())
    assert calm.late_steps == 0
    hasty = SpiNNaker(step=Figure(0.1, "ms", Grade.DERIVED, "this test"))
    assert net_run(network(size=256), hasty).late_steps == 100


def test_links_that_carry_too_much_drop_and_send_again() -> None:
    mapped = SpiNNaker(neurons_per_core=SMALL).map(network())
    run = net_run(network(), SpiNNaker(neurons_per_core=SMALL))
    assert run.ledger.total("sent again") == 0
    spikes = run.ledger.by_step["spikes"]
    loads = mapped.link_loads(spikes)
    assert sum(int(load.sum()) for load in loads.values()) == run.ledger.total("hops between chips")
    tight = mapped.routed(run.ledger, 2.0)
    beyond = sum(int(np.maximum(load - 2, 0).sum()) for load in loads.values())
    assert tight.total("sent again") == beyond > 0


@pytest.mark.parametrize("kind", [SpiNNaker, SpiNNaker2])
def test_every_number_has_unit_grade_and_source(kind: type[SpiNNaker]) -> None:
    chip = kind()
    for name, figure in chip.figures().items():
        assert figure.source and figure.unit and isinstance(figure.grade, Grade), name
        assert str(figure) in chip.describe()
    assert int(chip.cores) == chip.tile


def test_an_idle_chip_costs_what_idle_chips_and_cores_draw() -> None:
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 100, sp.LIF()))
    net.record(cells, "spikes")
    run = net_run(net, SpiNNaker())
    assert run.bill().total == pytest.approx(0.1 * (0.35 + 0.034))
    events = run.bill("events")
    assert events.dynamic["accesses"] == pytest.approx(100 * 100 * 26e-9)
    two = net_run(net, SpiNNaker2()).bill()
    assert two.total == pytest.approx(100 * 100 * 2.19e-9)
    assert "messages" in two.unpriced


# ---------------------------------------------------------------------------- learning


def test_weights_learn_in_16_bits() -> None:
    """A source before, one after the target's spike: by a share of w_max, cut to the last bit."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 3, sp.SpikeSource()))
    cell = net.add(sp.Population("cell", 1, sp.LIF(tau_m=10.0, tau_refrac=50.0)))
    net.drive(source, sp.SpikeTrains([[10.0], [18.0], [14.0]]))
    strong = sp.ExponentialCurrent(weight=8.0, delay=1.0, tau_syn=5.0)
    rule = sp.AdditiveSTDP(A_plus=0.1, A_minus=0.12, tau_plus=20.0, tau_minus=20.0, w_max=2.0)
    weak = sp.ExponentialCurrent(weight=1.0, delay=1.0, tau_syn=5.0)
    net.connect(source[2:], cell, sp.AllToAll(), strong, name="strong")
    net.connect(source[:2], cell, sp.AllToAll(), weak, name="weak", plasticity=rule)
    net.record(cell, "spikes")
    made = SpiNNaker().quantise(net, 1.0)
    run = sp.Simulation(made.network, dt=1.0, precision="float64", on="reference")
    run.advance(40.0)
    post = run.recording()["cell"].times
    assert len(post) == 1
    weights = np.asarray(run.connections("weak").weight)
    assert np.array_equal(weights, np.rint(weights))
    given = made.network.projections["weak"].synapse.weight
    rules = made.network.projections["weak"].plasticity[0]
    lag = (post[0] - 12.0, 20.0 - post[0])
    up = int(rules.values["up"]) * int(2048 * math.exp(-lag[0] / 20)) // 2048
    down = int(rules.values["down"]) * int(2048 * math.exp(-lag[1] / 20)) // 2048
    assert weights.tolist() == [given[0] + up, given[1] - down]
    assert up > 10 < down
    with pytest.raises(ValidationError, match=r"sp\.AdditiveSTDP alone"):
        _learning(sp.MultiplicativeSTDP())


@pytest.mark.slow
def test_learning_is_counted_by_the_spikes_of_sources() -> None:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 3, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", 20, sp.LIF()))
    net.drive(source, sp.SpikeTrains([[10.0, 12.0], [18.0], []]))
    synapse = sp.ExponentialCurrent(weight=0.5, delay=1.0)
    net.connect(source, cells, sp.AllToAll(), synapse, plasticity=sp.AdditiveSTDP(w_max=1.0))
    net.record(cells, "spikes")
    assert net_run(net, SpiNNaker()).ledger.total("learning updates") == 3 * 20


def _learning(rule: Any, chip: SpiNNaker | None = None) -> None:
    net = sp.Network(seed=1)
    cells = net.add(sp.Population("cells", 4, sp.LIF()))
    synapse = sp.ExponentialCurrent(weight=0.5, delay=1.0)
    net.connect(cells, cells, sp.AllToAll(), synapse, plasticity=rule)
    if chip is not None:
        chip.map(net)
    SpiNNaker().quantise(net, 1.0)


def test_a_timer_starts_the_steps_at_a_multiple_of_real_time_that_is_chosen() -> None:
    net = network(size=64)

    def lasts(dt: float, **how: Any) -> float:
        run = net.run(10.0, dt=dt, on=SpiNNaker(**how))
        return run.hardware_seconds / 10e-3

    assert lasts(1.0) == pytest.approx(1.0) and lasts(2.0) == pytest.approx(1.0)
    assert lasts(0.1) == pytest.approx(10.0) and lasts(0.4) == pytest.approx(3.0)
    assert lasts(0.1, time_scale=20) == pytest.approx(20.0)
    assert lasts(0.1, step=Figure(2.0, "ms", Grade.DERIVED, "this test")) == pytest.approx(20.0)
    mapped = SpiNNaker(time_scale=20).map(net, 0.1)
    assert float(mapped.chip.step) == pytest.approx(2.0) and mapped.chip.step.grade is Grade.USER
    # A slower timer leaves links more time.
    assert mapped.chip.packets_per_link == pytest.approx(12_000)
    with pytest.raises(ValidationError, match=r"along with step.*one of both"):
        SpiNNaker(time_scale=2, step=Figure(2.0, "ms", Grade.DERIVED, "this test"))
    for wrong in (0, -1.0, float("nan"), "20", True):
        with pytest.raises(ValidationError, match=r"time_scale.*a number from 0.001"):
            SpiNNaker(time_scale=wrong)  # type: ignore[arg-type]
