"""What a user types: the only room that knows arguments, terminal, environment and exit codes."""
