"""Steps of chips that are no equations, compiled or by NumPy."""
