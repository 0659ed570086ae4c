"""Groups: populations that belong together, added to a network in one call. One file each."""
