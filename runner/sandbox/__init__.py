"""The stand-in for the provider's API: real HTTP on loopback, written from the provider's page alone."""
