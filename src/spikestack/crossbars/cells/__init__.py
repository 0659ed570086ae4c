"""Arrays of devices, each with its own parameters: stepped, pulsed, programmed, read."""
