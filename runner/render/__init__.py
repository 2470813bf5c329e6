"""Values to text: what a terminal, a log, a script and a colleague read. Nothing here queries or decides."""
