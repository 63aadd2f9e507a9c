"""The errors a person may see: one line each, with the place, the value and the fix."""

NO_MEMORY = "there is not enough memory for that; make batch_size, the layers or data.limit smaller"


class Failure(Exception):
    """Base of every error that is meant for a person; `exit_code` is what the command line returns."""

    exit_code = 1


class BadInput(Failure):
    """A file, a key, a flag or a value that cannot be used as it is."""

    exit_code = 2


class RunFailed(Failure):
    """A run that was started in good order and could not go on: it diverged, or the disk is full."""

    exit_code = 1


def printable(name: str) -> str:
    """A name from a file as it stands on one line: in quotes, with escapes, where it has characters without a shape."""
    return name if name.isprintable() else repr(name)
