"""Seeded histories through the product's own code, under laws that no seed may break.

A history is a state, a machine, a provider, the user's files, and processes that plan and send: `runner.sending` and
`runner.state` as they are, on a real SQLite file. Time, the wire and the order of events are drawn from one seed, so
that a history that breaks a law can be played again, step by step: `python -m simulation --seed N`.
"""
