"""What ends a measurement."""


class MeasurementFailed(SystemExit):
    """A measurement could not be made or means nothing. Where nobody catches it, it ends the program with what it says."""
