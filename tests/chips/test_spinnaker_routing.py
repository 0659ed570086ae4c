"""SpiNNaker's multicast: every key reaches its targets once, whatever is dead or compressed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.chips.routing.checking import Routers, arrivals, check
from spikestack.chips.routing.compressing import compressed, ordered_covering, pairs_merged
from spikestack.chips.routing.keys import Block, allocate
from spikestack.chips.routing.machine import BOARD, LINKS, Machine, opposite
from spikestack.chips.routing.slicing import cut, places_of
from spikestack.chips.routing.tables import Entry, Table, tables_of
from spikestack.chips.routing.trees import tree_to
from spikestack.errors import ValidationError

ALL = 2**32 - 1


def test_a_board_has_48_chips_and_six_links_at_most() -> None:
    board = Machine.boards(1)
    assert board.size == BOARD == 48
    assert (board.near < 0).sum() == 6 * 8  # Eight links leave each side of the hexagon.
    for chip in range(board.size):
        for link, there in enumerate(board.near[chip]):
            if there >= 0:
                assert board.near[there, opposite(link)] == chip
                assert tuple(board.at[there] - board.at[chip]) == LINKS[link]
    assert tuple(board.at[0]) == (0, 0)


@pytest.mark.parametrize(("boards", "shape"), [(3, (12, 12)), (24, (48, 24)), (1200, (240, 240))])
def test_boards_make_a_torus(boards: int, shape: tuple[int, int]) -> None:
    if boards > 100:
        assert boards * BOARD == shape[0] * shape[1]
        return
    machine = Machine.boards(boards)
    assert (machine.width, machine.height) == shape and machine.size == boards * BOARD
    assert (machine.near >= 0).all()


def test_distances_are_those_of_a_search() -> None:
    machine = Machine.torus(7, 5)
    apart = np.full(machine.size, -1)
    apart[0], wave = 0, [0]
    while wave:
        wave = [int(c) for chip in wave for c in machine.near[chip] if apart[c] < 0 and
                not apart.__setitem__(c, apart[chip] + 1)]  # fmt: skip
    assert [machine.distance(0, c) for c in range(machine.size)] == apart.tolist()


def test_trees_go_by_the_diagonal_first_and_round_what_is_dead() -> None:
    machine = Machine.torus(8, 8)
    number = machine.number
    path = machine.path(number[0, 0], number[3, 1])
    assert path is not None
    assert [tuple(machine.at[c]) for c in path] == [(0, 0), (1, 1), (2, 1), (3, 1)]
    broken = Machine.torus(8, 8, dead_chips=[(2, 1)], dead_links=[(0, 0, 1)])
    tree = tree_to(broken, broken.number[0, 0], [broken.number[3, 1]])
    assert (2, 1) not in {tuple(broken.at[c]) for c in tree.chips}
    assert (broken.number[0, 0], 1) not in tree.links
    assert len(tree.links) >= 3


def test_slices_are_cut_and_counted() -> None:
    slices = cut({"a": 600, "b": 10}, {"a": 256, "b": 16})
    assert slices.names == ("a", "a", "a", "b")
    assert slices.sizes == {"a": [256, 256, 88], "b": [10]}
    assert np.array_equal(np.concatenate(slices.ids[:3]), np.arange(600))
    assert slices.of["b"].tolist() == [3] * 10


def test_what_cannot_be_reached_is_refused() -> None:
    cut = [(1, 0), (0, 1), (1, 1), (3, 0), (0, 3), (3, 3)]
    machine = Machine.torus(4, 4, dead_chips=cut)
    assert machine.size == 1
    with pytest.raises(ValidationError, match="no chip that works"):
        Machine.torus(1, 1, dead_chips=[(0, 0)])


def test_keys_of_a_population_share_a_mask() -> None:
    blocks = allocate([[256, 256, 44], [10], [100, 100]])
    taken = set()
    for sizes, mine in zip([[256, 256, 44], [10], [100, 100]], blocks, strict=True):
        for size, block in zip(sizes, mine, strict=True):
            keys = {block.key + i for i in range(size)}
            assert all(key & block.mask == block.key for key in keys)
            assert not keys & taken
            taken |= keys
    assert len({b.key >> 10 for b in blocks[0]}) == 1
    with pytest.raises(ValidationError, match="are needed"):
        allocate([[2**31], [2**31], [1]])


@st.composite
def problems(draw: st.DrawFn) -> tuple:
    """A machine with dead parts, sources with keys, and where their packets are to go."""
    wide, high = draw(st.integers(2, 6)), draw(st.integers(2, 6))
    places = st.tuples(st.integers(0, wide - 1), st.integers(0, high - 1))
    chips = draw(st.lists(places, max_size=3))
    links = draw(st.lists(st.tuples(st.integers(0, wide - 1), st.integers(0, high - 1),
                                    st.integers(0, 5)), max_size=5))  # fmt: skip
    if len(set(chips)) >= wide * high:
        chips = []
    kind = Machine.torus(wide, high, chips, links)
    machine = kind if draw(st.booleans()) else Machine.boards(1, chips[:2], links)
    slices = draw(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=5), min_size=1,
                           max_size=6))  # fmt: skip
    blocks = [block for mine in allocate(slices) for block in mine]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sources = [(int(rng.integers(machine.size)), block) for block in blocks]
    targets = []
    kinds = [_targets(rng, machine.size) for _ in range(3)]
    for _ in blocks:
        own = _targets(rng, machine.size)
        targets.append(kinds[rng.integers(3)] if rng.random() < 0.7 else own)
    return machine, sources, targets


def _targets(rng: np.random.Generator, chips: int) -> dict[int, list[int]]:
    count = int(rng.integers(1, min(chips, 5) + 1))
    there = rng.choice(chips, count, replace=False).tolist()
    return {c: np.flatnonzero(rng.random(4) < 0.5).tolist() or [1] for c in there}


@given(problems())
@settings(max_examples=80, deadline=None)
def test_every_key_reaches_its_targets_once(problem: tuple) -> None:
    machine, sources, targets = problem
    trees = [tree_to(machine, chip, wanted) for (chip, _), wanted in zip(sources, targets)]
    for tree in trees:
        assert len(tree.links) == len(tree.chips) - 1
    tables = tables_of(trees, [block for _, block in sources], targets)
    check(machine, tables, sources, targets)
    for shorter in (pairs_merged, ordered_covering):
        made = {chip: shorter(table, 0) for chip, table in tables.items()}
        assert all(len(made[c].entries) <= len(tables[c].entries) for c in tables)
        check(machine, made, sources, targets)
    both = {chip: ordered_covering(pairs_merged(t, 0), 0) for chip, t in tables.items()}
    check(machine, both, sources, targets)


def test_a_wrong_table_is_found() -> None:
    machine = Machine.torus(3, 3)
    sources, targets = [(0, Block(0, ALL & ~7))], [{4: [2]}]
    tables = tables_of([tree_to(machine, 0, [4])], [sources[0][1]], targets)
    check(machine, tables, sources, targets)
    chip = tree_to(machine, 0, [4]).chips[-1]
    more = Entry(3, ALL, 1 << 6)
    broken = tables | {chip: Table((more, *tables[chip].entries))}
    with pytest.raises(ValidationError, match="key 00000003 reaches"):
        check(machine, broken, sources, targets)
    circle = {0: Table((Entry(0, 0, 1 << 0),))}
    with pytest.raises(ValidationError, match=r"in circles"):
        check(machine, circle, sources, targets)
    assert len(arrivals(Routers.of(machine, broken), *sources[0])) > 1


@pytest.mark.parametrize("extra", [0, 1])
def test_chips_hold_what_their_memory_holds(extra: int) -> None:
    def placed(words: list[float], chips: int) -> list[int]:
        return places_of(words, 100.0, 16, chips, lambda chip, core: core == 1, "here").tolist()

    assert placed([60.0, 40.0 + extra, 1.0], 2) == [0, 2 + 14 * extra, 16 + 2 * extra]
    assert placed([0.0] * 15, 1) == [0, *range(2, 16)]
    with pytest.raises(ValidationError, match="do not fit 1 chips"):
        placed([0.0] * 16, 1)
    with pytest.raises(ValidationError, match="101 words of synapses"):
        placed([101.0], 9)


def test_long_tables_are_compressed_until_they_fit() -> None:
    rng = np.random.default_rng(1)
    entries = tuple(
        Entry(k << 8, ALL & ~255, 1 << int(route) + 6)
        for k, route in enumerate(np.repeat(rng.integers(0, 12, 400), 4))
    )
    table = Table(entries)
    made = compressed(table)
    assert len(entries) == 1600 and len(made.entries) <= 1023
    for entry in entries:
        first = next(e for e in made.entries if entry.key & e.mask == e.key)
        assert first.route == entry.route
    assert compressed(Table(entries[:1023])).entries == entries[:1023]
    alone = Table(tuple(Entry(k, ALL, k + 1) for k in range(1024)))
    with pytest.raises(ValidationError, match="1,024 routing entries"):
        compressed(alone)
