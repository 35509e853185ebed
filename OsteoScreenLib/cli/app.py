"""The ``osteoscreen`` command."""

from __future__ import annotations

import functools
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

import OsteoScreenLib
from OsteoScreenLib.cli import console, logs
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.errors import CancelledError, OsteoScreenError, printable

EXIT_FAILED = 1
EXIT_WRONG_CALL = 2
EXIT_INTERRUPTED = 130


def _interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with Ctrl-C as our own error: typer would end the process with the code of a failed case."""

    @functools.wraps(command)
    def wrapped(*args: object, **options: object) -> None:
        gc.freeze()
        gc.enable()
        try:
            command(*args, **options)
        except KeyboardInterrupt as error:
            raise CancelledError("Stopped by the user") from error

    return wrapped


_COMMANDS = {
    "screen": "screen:screen",
    "segment": "segment:segment",
    "radiomics": "radiomics:radiomics",
    "doctor": "doctor:doctor",
    "phantom": "phantom:phantom",
    "evaluate": "evaluate:evaluate",
    "stability": "stability:stability_command",
}
"""Name of each command, and its module and function in this package."""

_GROUPS = {
    "models": "The models: list, show, install, verify and remove.",
    "train": "Fit models on your own data.",
}
"""Name of each group of commands, which is its module too, and its help."""


_ONE_BY_ONE = ("radiomics", "stability")
"""Commands that divide their work among threads themselves: linear algebra needs none, and to start them takes time."""


def program(arguments: Sequence[str] = ()) -> typer.Typer:
    """The program; where the arguments begin with the name of a command, that one only: loading all takes a while."""
    first = arguments[0] if arguments else ""
    only = {first} if first in _COMMANDS or first in _GROUPS else {*_COMMANDS, *_GROUPS}
    found = typer.Typer(
        name="osteoscreen",
        help="Opportunistic osteoporosis screening from CT. Research use only. Not a medical device.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=_common,
    )
    for name, place in _COMMANDS.items():
        if name in only:
            module, function = place.split(":")
            found.command(name)(_interruptible(getattr(_module(module), function)))
    for name, text in _GROUPS.items():
        if name in only:
            group = typer.Typer(name=name, help=text, no_args_is_help=True)
            for own_name, command in _module(name).COMMANDS.items():
                group.command(own_name)(_interruptible(command))
            found.add_typer(group)
    return found


def app(args: Sequence[str] | None = None, **options: Any) -> Any:
    """Run the program with these arguments; those of the process where None."""
    arguments = sys.argv[1:] if args is None else list(args)
    return program(arguments)(args=arguments, **options)


def _module(name: str) -> Any:
    return importlib.import_module(f"OsteoScreenLib.cli.{name}")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"osteoscreen {OsteoScreenLib.__version__}")
        raise typer.Exit


def _common(
    verbose: Verbose = False,
    log_file: LogFile = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    logs.set_up(verbose, log_file)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; never raises, and shows a traceback with ``-v`` only.

    Codes: 0 every case has a result, 1 some case failed, 2 the call itself was wrong, 130 interrupted.
    """
    console.make_streams_forgiving()
    try:
        code = app(args=None if arguments is None else list(arguments), standalone_mode=True, prog_name="osteoscreen")
        return int(code or 0)
    except SystemExit as end:
        return _exit_code(end.code)
    except (KeyboardInterrupt, CancelledError):
        console.say(console.err(), "Stopped.")
        return EXIT_INTERRUPTED
    except OsteoScreenError as error:
        _show_traceback_if_verbose()
        console.say(console.err(), f"Error: {error}", "bold red")
        return EXIT_WRONG_CALL
    except BrokenPipeError:
        # The reader of our output (such as ``head``) went away: nobody is left to tell.
        sys.stderr.close()
        return EXIT_FAILED
    except Exception as error:
        _show_traceback_if_verbose()
        what = printable(str(error))[:300]
        console.say(console.err(), f"Unexpected error: {type(error).__name__}: {what}. Run with -v to see where.")
        return EXIT_FAILED
    finally:
        logs.tear_down()


def main() -> None:
    """Entry point of the ``osteoscreen`` script."""
    gc.disable()  # until the command begins: what loading makes stays, and looking through it costs a tenth of it
    if sys.argv[1:2] and sys.argv[1] in _ONE_BY_ONE:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy heeds it when it is loaded
    # A scheduler or a parent process that ends this one deserves the same tidy end as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = run()
    gc.freeze()  # what is there ends with the process: nothing to look through
    sys.exit(code)


def _exit_code(code: object) -> int:
    if code is None:
        return 0
    return code if isinstance(code, int) else EXIT_FAILED


def _show_traceback_if_verbose() -> None:
    if logs.verbose_logging():
        console.err().print_exception(show_locals=False)
