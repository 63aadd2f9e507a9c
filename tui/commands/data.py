"""nn-tui data fetch NAME: downloads a public data set to the cache."""

import argparse

from engine.data.downloads import fetch
from tui.commands.downloading import Download


def run(args: argparse.Namespace) -> int:
    """Downloads what is missing and says where it is."""
    with Download(args.quiet) as download:
        folder = fetch(args.name, download)
    if not args.quiet:
        print(f"{args.name} is in {folder}")
    return 0
