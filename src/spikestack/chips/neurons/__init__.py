"""Neurons of chips as models in whole numbers."""
