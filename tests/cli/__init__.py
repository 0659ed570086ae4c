"""Tests of what a run gives back."""
