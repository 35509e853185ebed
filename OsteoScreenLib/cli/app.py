"""The ``osteoscreen`` command."""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

import OsteoScreenLib
from OsteoScreenLib.cli import console, logs, models, train
from OsteoScreenLib.cli.doctor import doctor
from OsteoScreenLib.cli.evaluate import evaluate
from OsteoScreenLib.cli.options import LogFile, Verbose
from OsteoScreenLib.cli.phantom import phantom
from OsteoScreenLib.cli.radiomics import radiomics
from OsteoScreenLib.cli.screen import screen
from OsteoScreenLib.cli.segment import segment
from OsteoScreenLib.cli.stability import stability_command
from OsteoScreenLib.errors import CancelledError, OsteoScreenError, printable

EXIT_FAILED = 1
EXIT_WRONG_CALL = 2
EXIT_INTERRUPTED = 130


def _interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with Ctrl-C as our own error: typer would end the process with the code of a failed case."""

    @functools.wraps(command)
    def wrapped(*args: object, **options: object) -> None:
        try:
            command(*args, **options)
        except KeyboardInterrupt as error:
            raise CancelledError("Stopped by the user") from error

    return wrapped


app = typer.Typer(
    name="osteoscreen",
    help="Opportunistic osteoporosis screening from CT. Research use only. Not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (screen, segment, radiomics, doctor, phantom, evaluate):
    app.command()(_interruptible(command))
app.command("stability")(_interruptible(stability_command))

_models = typer.Typer(name="models", help="The models: list, show, install, verify and remove.", no_args_is_help=True)
for name, command_of_models in models.COMMANDS.items():
    _models.command(name)(_interruptible(command_of_models))
app.add_typer(_models)

_train = typer.Typer(name="train", help="Fit models on your own data.", no_args_is_help=True)
for name, command_of_train in train.COMMANDS.items():
    _train.command(name)(_interruptible(command_of_train))
app.add_typer(_train)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"osteoscreen {OsteoScreenLib.__version__}")
        raise typer.Exit


@app.callback()
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
    # A scheduler or a parent process that ends this one deserves the same tidy end as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run())


def _exit_code(code: object) -> int:
    if code is None:
        return 0
    return code if isinstance(code, int) else EXIT_FAILED


def _show_traceback_if_verbose() -> None:
    if logs.verbose_logging():
        console.err().print_exception(show_locals=False)
