"""The PyNN 0.13 interface: ``import spikestack.pynn as sim``."""
