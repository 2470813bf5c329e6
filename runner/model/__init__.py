"""The nouns of the contract as values without behaviour of their own: config, ledger, plan, secrets, time."""
