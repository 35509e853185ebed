"""The errors a user can meet. Each says what happened, to which file, and what to do next."""

from __future__ import annotations

import os


class OsteoScreenError(Exception):
    """Base of every error that is shown to a user as one clear message, without a traceback.

    Args:
        message: what happened, as a sentence without its final full stop.
        path: the file or folder it happened to.
        next_step: what the user can do about it, as a full sentence.
        code: a stable machine-readable name of the problem, such as ``empty_folder``.
    """

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        path: str | os.PathLike[str] | None = None,
        next_step: str = "",
        code: str | None = None,
    ) -> None:
        self.message = message.rstrip(".")
        self.path = None if path is None else os.fspath(path)
        self.next_step = next_step
        if code is not None:
            self.code = code
        super().__init__(self.message)

    def __str__(self) -> str:
        where = "" if self.path is None else f" ({printable(self.path)})"
        advice = f" {self.next_step}" if self.next_step else ""
        return f"{self.message}{where}.{advice}"


class InputError(OsteoScreenError):
    """The input cannot be read as one CT volume. ``code`` says why."""

    code = "unreadable_input"


class OutputError(OsteoScreenError):
    """A result cannot be written."""

    code = "unwritable_output"


class UsageError(OsteoScreenError):
    """The call itself was wrong: an option, a combination of options, a file that is not a result."""

    code = "usage"


class ModelError(OsteoScreenError):
    """A model bundle cannot be trusted, found, installed or run. ``code`` says why."""

    code = "unusable_model"


class MissingPackageError(OsteoScreenError):
    """A Python package that this step needs is not installed."""

    code = "missing_package"


class CancelledError(OsteoScreenError):
    """The user asked to stop."""

    code = "cancelled"


def printable(text: str) -> str:
    """Text safe for a terminal or a log: control characters and undecodable bytes are shown as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
