"""Campaign Runner: recorded voice messages, planned like infrastructure and sent exactly once."""

__version__ = "0.1.0"
