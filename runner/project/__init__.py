"""The files a user writes: read with the place of every value, judged all at once, and turned into the model."""
