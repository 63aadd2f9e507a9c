"""The command line: which command, which options, and which exit code.

Nothing heavy is imported before a command is chosen, so that `--help` and `--version` answer at once.
"""

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

COMMANDS = {
    "train": "train without a screen",
    "resume": "continue a run exactly where it stopped",
    "evaluate": "scores of a run by class, what it confuses, and its hardest samples",
    "compare": "runs side by side: the settings in which they differ, and how good each has become",
    "list": "presets, data sets, layers, optimizers ... with their settings",
    "init": "write a commented experiment file",
    "check": "show every layer with its cost, compare every gradient with finite differences",
    "data": "download public data sets",
}

DESCRIPTION = """\
A laboratory for neural networks in a terminal: build, train, step, go back, and see why it learns.

Without a command, EXPERIMENT opens in the workbench: a TOML file, a preset's name, the folder of a run, or nothing for
handwritten digits.
"""


class UsageError(Exception):
    """A command line that cannot be read; one sentence."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line and leaves the rest to `main`."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code: 0 done, 1 the run failed, 2 bad input, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except UsageError as error:
        return complain(str(error), BAD_INPUT)
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except MemoryError:
        return _out_of_memory()
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return _out_of_memory()
        reason = (error.strerror or str(error)).lower()
        if error.filename is None:
            return complain(f"the output: {reason}; choose another place", FAILED)
        return complain(f"'{error.filename}' cannot be used: {reason}; choose another place", BAD_INPUT)
    except Exception as error:
        errors = sys.modules.get("engine.errors")  # not loaded for its own sake: that takes a while
        if errors is None or not isinstance(error, errors.Failure):
            raise
        return complain(str(error), error.exit_code)


def complain(sentence: str, code: int) -> int:
    """One line on standard error."""
    print(f"nn-tui: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def _out_of_memory() -> int:
    from engine.errors import NO_MEMORY

    return complain(NO_MEMORY, FAILED)


def _run(arguments: list[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        args = _command_parser(arguments[0]).parse_args(arguments[1:])
        name = arguments[0]
    else:
        args, rest = _main_parser().parse_known_args(arguments)
        if rest and args.experiment == arguments[0]:
            refuse_unknown(args.experiment)
        if rest:
            raise UsageError(f"unrecognized arguments: {' '.join(rest)}; see nn-tui --help")
        name = "workbench"
    code: int = _load(name).run(args)
    return code


def _load(name: str) -> Any:
    """A command's module. Ctrl-C has to wait: modules that are compiled do not take it half-way."""
    if threading.current_thread() is not threading.main_thread():
        return import_module(f"tui.commands.{name}")
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    try:
        module = import_module(f"tui.commands.{name}")
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt
    return module


def refuse_unknown(name: str) -> None:
    """Raises UsageError for a word that is no preset and no file, with the nearest command or preset."""
    from difflib import get_close_matches

    names = [*COMMANDS, *_presets()]
    if name in names or os.path.lexists(name):
        return
    near = get_close_matches(name, names, n=1)
    meant = f"did you mean '{near[0]}'?" if near else "'nn-tui list presets' names those that come along"
    raise UsageError(f"no such command or experiment {name!r}; {meant}")


def _presets() -> Iterator[str]:
    """The names of the presets, found without loading the engine."""
    spec = find_spec("engine")
    for folder in spec.submodule_search_locations or () if spec else ():
        with suppress(OSError):
            yield from (name.removesuffix(".toml") for name in os.listdir(os.path.join(folder, "presets")))


def version() -> str:
    """The version, read from the source: importing the engine would load NumPy."""
    spec = find_spec("engine")
    if spec and spec.origin:
        with open(spec.origin, encoding="utf-8") as file:
            for line in file:
                if line.startswith("__version__"):
                    return line.split('"')[1]
    return "unknown"


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"nn-tui {version()}")
        raise SystemExit(DONE)


def _main_parser() -> Parser:
    commands = "\n".join(f"  {name:<10} {meaning}" for name, meaning in COMMANDS.items())
    parser = Parser(
        prog="nn-tui", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"commands:\n{commands}\n\n'nn-tui COMMAND --help' tells more.",
        usage="nn-tui [EXPERIMENT] [options]\n       nn-tui COMMAND ...",
    )  # fmt: skip
    parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="experiment file, preset or run")
    parser.add_argument("--version", nargs=0, action=_Version, help="print the version")
    _changes(parser)
    _data(parser)
    return parser


def _command_parser(name: str) -> Parser:
    parser = Parser(prog=f"nn-tui {name}", description=COMMANDS[name])
    _OPTIONS[name](parser)
    return parser


def _changes(parser: Parser) -> None:
    _epochs(parser)
    parser.add_argument("--seed", type=_whole, metavar="S", help="decides every random number")
    _sets(parser, "change a setting, such as optimizer.lr=0.01 or 'model.hidden=[32, 16]'")


def _epochs(parser: Parser) -> None:
    parser.add_argument("--epochs", type=_whole, metavar="N", help="passes over the training data")


def _sets(parser: Parser, meaning: str) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="sets", help=f"{meaning}; may be given again"
    )


def _data(parser: Parser) -> None:
    parser.add_argument("--data-dir", type=_folder, metavar="DIR", help="folder of data files (else NN_TUI_DATA)")


def _output(parser: Parser) -> None:
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    _json(parser)


def _json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _train(parser: Parser) -> None:
    parser.add_argument("experiment", nargs="?", default="digits", metavar="EXPERIMENT", help="file or preset")
    _changes(parser)
    parser.add_argument("--out", type=_folder, metavar="DIR", help="write the run into this folder")
    _cores(parser)
    _output(parser)
    _data(parser)


def _resume(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", help="folder of a run")
    _epochs(parser)
    _sets(parser, "change a setting from here on, such as optimizer.lr=0.01 or regularization.clip_norm=1")
    _cores(parser)
    _output(parser)
    _data(parser)


def _cores(parser: Parser) -> None:
    parser.add_argument(
        "--cores", type=int, choices=(1, 2),
        help="how many a large network may use; 2 where there are, and never more than are free; the results are equal",
    )  # fmt: skip


def _evaluate(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", help="folder of a run, or a checkpoint")
    parser.add_argument("--data", metavar="NAME", help="another data set, with --set data.KEY=VALUE for its settings")
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test"),
        help="which part; else test, or validation where there is no test",
    )
    _sets(parser, "a setting of --data NAME, such as data.path=other.csv")
    _json(parser)
    _data(parser)


def _compare(parser: Parser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folders of two runs or more")
    _json(parser)


def _list(parser: Parser) -> None:
    parser.add_argument(
        "kind", nargs="*", metavar="KIND", help="a kind such as optimizer, or one name such as adam or spiral"
    )
    _json(parser)


def _init(parser: Parser) -> None:
    meaning = "experiment.toml by default; - prints it"
    parser.add_argument("file", nargs="?", default="experiment.toml", metavar="FILE", help=meaning)
    parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="file or preset that it begins as")
    parser.add_argument("--force", action="store_true", help="overwrite the file")
    _changes(parser)


def _check(parser: Parser) -> None:
    parser.add_argument("experiment", nargs="?", default="digits", metavar="EXPERIMENT", help="file or preset")
    _changes(parser)
    _json(parser)
    _data(parser)


def _fetch(parser: Parser) -> None:
    parser.add_argument("action", choices=("fetch",), help="download to the cache, check the hash")
    parser.add_argument("name", metavar="NAME", help="such as mnist")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


_OPTIONS = {
    "train": _train, "resume": _resume, "evaluate": _evaluate, "compare": _compare, "list": _list, "init": _init,
    "check": _check, "data": _fetch,
}  # fmt: skip


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number") from None


def _folder(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of the folder is empty")
    return text


if __name__ == "__main__":
    from tui.start import main as begin  # it runs this module under the name by which the commands know it

    sys.exit(begin())
