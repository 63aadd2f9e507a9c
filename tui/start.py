"""Where the program begins: Ctrl-C works from here on, before anything that takes time is imported."""

import sys


def main() -> int:
    """Runs the command line; the exit code is 130 where it is interrupted while it is being loaded."""
    try:
        from tui.cli import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("nn-tui: interrupted\n")
        return 130
