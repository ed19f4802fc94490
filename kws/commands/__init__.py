"""Commands of `python -m kws` that are more than a call, one a file: `add_to(commands)` makes the command known."""
