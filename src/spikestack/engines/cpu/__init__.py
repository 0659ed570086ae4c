"""The compiled engine: Numba kernels, persistent threads, delivery partitioned by target."""
