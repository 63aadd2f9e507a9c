"""One command a file: `run(args)` does it and returns the exit code, or raises an error of the engine."""
