"""SpiNNaker's multicast: trees over a torus of chips, keys, tables and their compression."""
