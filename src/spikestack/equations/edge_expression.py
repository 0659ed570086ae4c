"""Values and conditions of pairs of neurons, as text: of their distance, positions and indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import EquationError, ValidationError, shorten
from ..numerics.stack_machine import OPERATIONS, Code
from ..units import DIMENSIONLESS
from .dimensions import BOOLEAN, unit_of
from .expressions import Expr, Name, Num, Op, names_in
from .parser import check_identifier, parse_expression

__all__ = ["GEOMETRY", "POSITIONS", "Expression", "Sides"]

#: Names that need both sides to have positions, and those that need one.
GEOMETRY = ("d", "dx", "dy", "dz")
POSITIONS = ("x_pre", "y_pre", "z_pre", "x_post", "y_post", "z_post")
_INDICES = ("i", "j", "n_pre", "n_post")
_OPCODES = {name: code for code, name in enumerate(OPERATIONS)}


class Expression:
    """A number for each pair of neurons, computed from a text.

    Parameters
    ----------
    text
        In the equation language. It may use the distance ``d`` and displacement ``dx, dy, dz``
        from source to target and the coordinates ``x_pre ... z_post`` (um); the indices ``i`` of
        the source and ``j`` of the target in the views that are connected, and ``n_pre, n_post``,
        their sizes; and `parameters`. Numbers are plain: lengths are in um, and a weight or delay
        comes out in its own unit.
    parameters
        Numbers, or arrays with one number for each source (a name that ends with ``_pre``) or
        target (``_post``).

    Raises
    ------
    EquationError, UnknownNameError
        If the text is not in the language, or a name is unknown.

    Examples
    --------
    >>> import spikestack as sp
    >>> sp.ExponentialCurrent(weight=sp.Expression("w*exp(-d/150)", w=0.2), delay=1.0).weight
    Expression('w*exp(-d/150)', w=0.2)
    """

    def __init__(self, text: str, **parameters: Any) -> None:
        self.text = text
        self.parameters = {name: _parameter(name, value) for name, value in parameters.items()}
        known = {*GEOMETRY, *POSITIONS, *_INDICES, *parameters}
        where = f"Expression {shorten(text)}"
        self.tree = parse_expression(text, known, where)
        _refuse_units(self.tree, where)
        self.unit = unit_of(self.tree, dict.fromkeys(known, DIMENSIONLESS), where)
        self.names = frozenset(names_in(self.tree))
        if "previous" in _operations(self.tree):
            raise EquationError(where, "previous() has no meaning for a pair", "other functions")

    def __repr__(self) -> str:
        settings = "".join(f", {k}={shorten(v, 30)}" for k, v in self.parameters.items())
        return f"Expression({self.text!r}{settings})"

    @property
    def is_condition(self) -> bool:
        """Whether it says yes or no instead of giving a number."""
        return self.unit == BOOLEAN

    def check_kind(self, condition: bool, where: str) -> None:
        """Raise ValidationError if this is a condition where a number is needed, or the reverse."""
        if self.is_condition != condition:
            kinds = ("a number", "a condition")
            raise ValidationError(
                where,
                f"{shorten(self.text)} is {kinds[self.is_condition]}",
                f"{kinds[condition]} is needed",
            )

    def check_sides(self, n_pre: int, n_post: int, dims: tuple[int, int], where: str) -> None:
        """Raise ValidationError if the sides lack positions or fit no array.

        Parameters
        ----------
        n_pre, n_post
            Numbers of sources and targets.
        dims
            Dimensions of their positions, 0 where they have none.
        where
            What the expression belongs to, for messages.
        """
        for name, value in self.parameters.items():
            size = n_pre if name.endswith("_pre") else n_post
            if isinstance(value, np.ndarray) and len(value) != size:
                raise ValidationError(
                    f"{where}, {name}",
                    f"an array of {len(value)} values",
                    f"{size}, one for each {'source' if name.endswith('_pre') else 'target'}",
                )
        for name in sorted(self.names - set(self.parameters)):
            axis = 1 + "xyz".index(name.strip("d")[:1] or "x") if name in _SPATIAL else 0
            ends = (name in _SPATIAL and not name.endswith("_post"), name in _SPATIAL_POST)
            for needed, has, side in zip(ends, dims, ("sources", "targets")):
                if needed and has < axis:
                    raise ValidationError(
                        where,
                        f"uses {name!r}, and the {side} have "
                        + (f"{has}-dimensional positions" if has else "no positions"),
                        f"positions with {axis} dimensions or more",
                        "give the population positions=, such as Grid or RandomPositions",
                    )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads."""
        pairs = [[name, value] for name, value in self.parameters.items()]
        return {"kind": "Expression", "text": self.text, "parameters": pairs}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Expression:
        """Read what `to_dict` wrote."""
        return cls(str(data["text"]), **{str(k): v for k, v in data["parameters"]})

    def compiled(self, sides: Sides, centre: str = "pre") -> tuple[Code, int]:
        """Compile for the stack machine.

        Parameters
        ----------
        sides
            The two sides; arrays that are needed are added to its tables.
        centre
            Which side is the centre of a block of pairs: ``"pre"`` or ``"post"``.

        Returns
        -------
        The code, and how deep its stack is.
        """
        steps: list[tuple[int, int]] = []
        constants: list[float] = []
        depth = _flatten(self.tree, self.parameters, sides, centre, steps, constants)
        code = Code(np.array(steps, np.int64), np.array([*constants, 0.0]))
        return code, depth


@dataclass
class Sides:
    """What expressions read of two sides: sizes, coordinates (3, n), and tables of values."""

    pre: np.ndarray
    post: np.ndarray

    def __post_init__(self) -> None:
        self._axes = {"pre": tuple(self.pre), "post": tuple(self.post)}
        self._tables = {side: [axes[0]] for side, axes in self._axes.items()}

    def axis(self, side: str, k: int) -> np.ndarray:
        """Coordinate k of every neuron of a side."""
        return self._axes[side][k]

    def place(self, side: str, values: np.ndarray) -> int:
        """The row of `values` in the table of a side, added if it is not there."""
        for k, known in enumerate(self._tables[side]):
            if known is values:
                return k
        self._tables[side].append(values)
        return len(self._tables[side]) - 1

    def table(self, side: str) -> np.ndarray:
        """Values of each neuron of a side, float64 (rows, n)."""
        if len(self._tables[side]) == 1:
            return np.ascontiguousarray(self._tables[side][0][None, :])
        return np.array(self._tables[side], dtype=np.float64)


_SPATIAL = (*GEOMETRY, *POSITIONS)
_SPATIAL_POST = (*GEOMETRY, *(name for name in POSITIONS if name.endswith("_post")))


def _parameter(name: str, value: Any) -> float | np.ndarray:
    where = f"Expression, parameter {shorten(name)}"
    check_identifier(name, where)
    if name in (*_SPATIAL, *_INDICES):
        raise ValidationError(where, "the name has a meaning already", "another name")
    try:
        array = np.array(value)
        if array.dtype.kind not in "iufb":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise ValidationError(
            where, f"got {shorten(value)}", "a number or an array of numbers"
        ) from None
    if array.ndim > 1 or not np.isfinite(array).all():
        raise ValidationError(where, f"got {shorten(value)}", "finite numbers in one dimension")
    if array.ndim == 0:
        return float(array)
    if not name.endswith(("_pre", "_post")):
        raise ValidationError(
            where,
            "an array, and the name does not say of which side",
            "a name that ends with _pre (one value for each source) or _post (for each target)",
        )
    array.flags.writeable = False
    return array


def _refuse_units(tree: Expr, where: str) -> None:
    if isinstance(tree, Num) and tree.unit is not None and any(tree.unit.dims):
        raise EquationError(
            where,
            f"holds the unit {tree.unit}",
            "plain numbers: lengths in um, the result in the unit of what it is given to",
            "leave units out; give parameters that bear such a name a value",
        )
    for part in tree.args if isinstance(tree, Op) else ():
        _refuse_units(part, where)


def _operations(tree: Expr) -> set[str]:
    if not isinstance(tree, Op):
        return set()
    return {tree.op}.union(*(_operations(part) for part in tree.args))


def _flatten(
    tree: Expr,
    parameters: dict[str, Any],
    sides: Sides,
    centre: str,
    steps: list[tuple[int, int]],
    constants: list[float],
) -> int:
    """Append the steps of a tree in order of evaluation; return how deep its stack is."""
    if isinstance(tree, Op):
        args = tree.args[:1] if tree.op == "pow" else tree.args
        depth = 0
        for k, part in enumerate(args):
            depth = max(depth, k + _flatten(part, parameters, sides, centre, steps, constants))
        exponent = tree.args[1].value if tree.op == "pow" else 0  # type: ignore[union-attr]
        steps.append((_OPCODES[tree.op], int(exponent)))
        return depth
    value = tree.value if isinstance(tree, Num) else _named(tree, parameters, sides)
    if isinstance(value, float):
        steps.append((_OPCODES["const"], len(constants)))
        constants.append(value)
    elif isinstance(value, tuple):
        side, array = value
        op = "centre" if side == centre else "candidate"
        steps.append((_OPCODES[op], sides.place(side, array)))
    elif value in ("i", "j"):
        op = "centre_index" if (value == "i") == (centre == "pre") else "candidate_index"
        steps.append((_OPCODES[op], 0))
    else:
        steps.append((_OPCODES["pair"], GEOMETRY.index(value)))
    return 1


def _named(
    name: Name, parameters: dict[str, Any], sides: Sides
) -> float | str | tuple[str, np.ndarray]:
    """What a name stands for: a number, an array of a side, or what the machine knows itself."""
    value = parameters.get(name.id)
    if isinstance(value, float):
        return value
    side = "pre" if name.id.endswith("_pre") else "post"
    if value is not None:
        return side, value
    if name.id in ("n_pre", "n_post"):
        return float(getattr(sides, side).shape[1])
    if name.id in POSITIONS:
        return side, sides.axis(side, "xyz".index(name.id[0]))
    return name.id
