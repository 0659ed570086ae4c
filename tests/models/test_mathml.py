"""Equations as MathML: well formed, escaped, and saying what the equations say."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

import spikestack as sp
from spikestack.docs import typeset
from spikestack.docs.entries import Entry, entries
from spikestack.docs.pages import index_page, model_page
from spikestack.equations.mathml import lines_of, mathml, printed, symbol, unit_symbol
from spikestack.equations.parser import parse_expression
from spikestack.units import parse_unit

NAMES = {"a", "b", "c", "tau_m", "v", "k1", "m_inf", "v_th_low", "dt", "xi_2"}


def content(text: str) -> str:
    """The MathML of an expression, without thin spaces."""
    return re.sub(r"<mspace[^>]*>", " ", printed(parse_expression(text, NAMES, "test")))


def plain(text: str) -> str:
    """What is read, line by line: a fraction as [above|below]."""
    marked = content(text).replace("<mfrac><mrow>", "[").replace("</mrow></mfrac>", "]")
    marked = re.sub(r"</mrow><mrow>(?=[^\[]*\])", "|", marked)
    return re.sub("<[^>]*>", "", marked).replace("&#160;", " ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tau_m", "<msub><mi>τ</mi><mrow><mi>m</mi></mrow></msub>"),
        ("v_rest", "<msub><mi>v</mi><mrow><mi>rest</mi></mrow></msub>"),
        ("k1", "<msub><mi>k</mi><mrow><mn>1</mn></mrow></msub>"),
        ("cm", "<mi>cm</mi>"),
        ("m_inf", "<msub><mi>m</mi><mrow><mi>∞</mi></mrow></msub>"),
        ("xi_2", "<msub><mi>ξ</mi><mrow><mn>2</mn></mrow></msub>"),
        ("v_th_low", "<msub><mi>v</mi><mrow><mi>th</mi><mo>,</mo><mi>low</mi></mrow></msub>"),
    ],
)
def test_symbols(name: str, expected: str) -> None:
    """Greek letters, subscripts, numbers."""
    assert symbol(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-a/b", "−[a|b]"),
        ("a/b/c", "[a|b c]"),
        ("a/(b/c)", "[a c|b]"),
        ("a - (b - c)", "a−(b−c)"),
        ("a - b - c", "a−b−c"),
        ("a - (-b)", "a+b"),
        ("-a*-b", "−a (−b)"),
        ("-(a + b)*c", "−(a+b) c"),
        ("a*(b + c)", "a (b+c)"),
        ("2*a*3", "2 a·3"),
        ("40*mV*a", "40 mV a"),
        ("a/ms", "a ms−1"),
        ("1e-7*a", "1·10−7 a"),
        ("exp(a)*b", "ea b"),
        ("2.718281828459045*a", "e a"),
        ("6.283185307179586*a", "2π a"),
        ("abs(a - b)", "|a−b|"),
        ("floor(a)", "⌊a⌋"),
        ("min(a, b)", "min(a,b)"),
        ("not (a < b or b >= c)", "not (a&lt;b or b≥c)"),
        ("a < b and (b < c or c == a)", "a&lt;b and (b&lt;c or c=a)"),
        ("previous(v) != a", "vprev≠a"),
        ("dt*a", "Δt a"),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    """Parentheses stand where they are needed and nowhere else."""
    assert plain(text) == expected


def test_exact_strings() -> None:
    """A few in full."""
    assert content("a/b") == "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>"
    assert content("exp(a)") == "<msup><mi>e</mi><mrow><mi>a</mi></mrow></msup>"
    assert content("sqrt(a)") == "<msqrt><mi>a</mi></msqrt>"
    power = "<msubsup><mi>τ</mi><mrow><mi>m</mi></mrow><mn>3</mn></msubsup>"
    assert content("tau_m**3") == power
    assert content("(a + b)**2").endswith("</mrow><mrow><mn>2</mn></mrow></msup>")
    assert content("exp(-a/b)").startswith("<mrow><mi>exp</mi><mrow><mo>(</mo>")


def test_cases() -> None:
    """Nested choices are one brace; a choice within a product stands in parentheses."""
    found = content("where(a < b, 1, where(a < c, 2, 3))")
    assert found.count("<mtable>") == 1 and found.count("<mtr>") == 3
    assert "otherwise" in found and "<mo>(" not in found
    assert "<mo>(" in content("a*where(a < b, 1, 2)")


def test_long_sums_are_broken() -> None:
    """Into lines that together are the sum."""
    expr = parse_expression(" - ".join(f"a*b/c*{k}" for k in range(1, 20)), NAMES, "test")
    lines = lines_of(expr, 40)
    assert len(lines) > 2
    assert "".join(lines).replace(' form="infix"', "") == printed(expr)
    assert all(line.startswith('<mo form="infix">−</mo>') for line in lines[1:])
    assert lines_of(parse_expression("a*b", NAMES, "test")) == [
        content("a*b").replace(" ", '<mspace width="0.17em"/>')
    ]


def test_units() -> None:
    """Upright, with powers; none for plain numbers."""
    assert unit_symbol(parse_unit("1")) == ""
    found = re.sub("<[^>]*>", "", unit_symbol(parse_unit("nA/cm^2")))
    assert found == "nAcm−2"
    assert "μS" in re.sub("<[^>]*>", "", unit_symbol(parse_unit("uS")))
    assert "0.5" in unit_symbol(parse_unit("nA*ms^0.5"))


@pytest.mark.parametrize("entry", entries(), ids=lambda e: e.name)
def test_every_page(entry: Entry) -> None:
    """Each page's equations and tables are well-formed, and say what the declaration says."""
    page = model_page(entry, "<svg></svg>", "a < b")
    for line in page.splitlines():
        if line.startswith("<"):
            ElementTree.fromstring(line)
    assert page.startswith(f"# {entry.name}\n") and "a &lt; b" in page
    if entry.kind != "group":
        model = entry.item()
        assert all(f"<code>{name}</code>" in page for name in model.parameters)
        assert page.count("<mtr>") or "where(" not in model.equations
        rows = len(model.block.aliases) + len(model.block.derivatives) + len(model.block.updates)
        assert typeset.equations(model).count('class="left"') == rows


def test_every_public_model_has_a_page() -> None:
    """Whatever `dir(spikestack)` calls a model, synapse or current."""
    from spikestack.network.currents.base import CurrentModel

    bases = (sp.NeuronModel, sp.Synapse, CurrentModel)
    public = {
        name
        for name in dir(sp)
        if isinstance(getattr(sp, name), type)
        and issubclass(getattr(sp, name), bases)
        and getattr(sp, name) not in bases
    }
    assert len(public) > 30
    assert public <= {entry.name for entry in entries()}
    assert all(f"<b>{name}</b>" in index_page() for name in public)


def test_escapes() -> None:
    """Text of a stranger stays text."""
    assert "<b>" not in symbol("<b>") and "&lt;b&gt;" in symbol("<b>")
    ElementTree.fromstring(mathml(content("a < b and a > c")))
