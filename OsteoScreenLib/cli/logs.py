"""Logging of the command line. Only this package's own records: those of others may quote a patient's name."""

from __future__ import annotations

import logging
import traceback
import warnings
from pathlib import Path
from typing import Any

from OsteoScreenLib.cli import console
from OsteoScreenLib.screening.output_folder import output_error

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_OURS = "OsteoScreenLib"


class _WithoutMessages(logging.Formatter):
    """Tracebacks with their places but without the error's own text, which may quote what a header holds."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """Where the error was raised and its type."""
        kind, _, trace = ei
        return "".join(traceback.format_tb(trace)) + f"{kind.__name__} (its text is shown with -v)"

    def format(self, record: logging.LogRecord) -> str:
        """The record, with a traceback of this formatter's own making."""
        # A record keeps the first traceback text that any handler made of it; each handler must make its own.
        record.exc_text = None
        text = super().format(record)
        record.exc_text = None
        return text


class _ToTerminal(logging.Handler):
    """Records on stderr, unwrapped, above the progress bar where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        for line in self.format(record).splitlines():
            console.say(console.err(), line, "dim")


def verbose_logging() -> bool:
    """Whether -v is on."""
    return logging.getLogger(_OURS).isEnabledFor(logging.DEBUG)


def set_up(verbose: bool, log_file: Path | None) -> None:
    """Send this package's records to a file, and with ``verbose`` to stderr too, tracebacks included.

    Raises:
        OutputError: the log file cannot be written.
    """
    logger = logging.getLogger(_OURS)
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    if verbose and not any(isinstance(handler, _ToTerminal) for handler in logger.handlers):
        terminal = _ToTerminal()
        terminal.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        logger.addHandler(terminal)
    if log_file is not None:
        logger.addHandler(_file_handler(log_file, verbose))
    if not verbose:
        # Warnings of the readers quote header values and mean nothing to a user: what matters becomes a flag.
        warnings.simplefilter("ignore")
        logging.getLogger("pydicom").setLevel(logging.CRITICAL)


def _file_handler(log_file: Path, verbose: bool) -> logging.Handler:
    try:
        handler = logging.FileHandler(log_file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise output_error(error, log_file) from error
    handler.setFormatter(logging.Formatter(_FORMAT) if verbose else _WithoutMessages(_FORMAT))
    return handler


def tear_down() -> None:
    """Close what :func:`set_up` opened, so that a second call in one process starts clean."""
    logger = logging.getLogger(_OURS)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(logging.NOTSET)
    logger.propagate = True
