"""What holds for any connection: one deadline over all that happens on it, and words for why it failed."""
