"""Self-contained HTML pages: every value is escaped, and a content security policy forbids scripts and other files."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from OsteoScreenLib.errors import MissingPackageError, printable

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(template: str, **values: Any) -> str:
    """A page from one of the templates of this room.

    Values are HTML-escaped whatever they hold, and control, invisible and undecodable characters appear as escapes.

    Raises:
        MissingPackageError: Jinja2 is not installed.
    """
    environment = _environment()
    from markupsafe import Markup

    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8").replace("\r\n", "\n")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return environment.get_template(template).render(
        style=Markup(style), style_hash=Markup(f"sha256-{digest}"), **values
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise MissingPackageError("Reports need the package Jinja2", next_step="Run: pip install jinja2") from error
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _visible(value: Any) -> Any:
    """Plain text with its invisible characters shown; trusted markup and numbers as they are."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return printable(value)
    return value
