"""Lowering: from a network to flat arrays and three-address code. Knows no engine."""
