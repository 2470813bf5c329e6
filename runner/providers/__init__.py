"""The one door out: a chunk becomes a request, and an answer what the contract's table says."""
