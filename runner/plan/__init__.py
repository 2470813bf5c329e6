"""What apply would do: campaigns, audiences and the ledger held against each other. Unable to send."""
