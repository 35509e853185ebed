"""The installed models, for the panel: what there is, whether it is sound, its card, installing and removing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from OsteoScreenLib.errors import ModelError, printable
from OsteoScreenLib.models import store
from OsteoScreenLib.models.bundle import ModelBundle, load_bundle
from OsteoScreenLib.models.model_card import Line, model_card
from OsteoScreenLib.models.places import user_folder
from OsteoScreenLib.screening.environment_words import without_home


@dataclass(frozen=True)
class ModelRow:
    """One bundle of the store.

    Attributes:
        folder: where it lies.
        model_id, version: as ``model.json`` says; the folder's name and nothing where it cannot be read.
        task: what it is for, in words.
        shipped: whether it came with OsteoScreen, so that it cannot be removed.
        demonstration: whether its answers mean nothing; None where that is not known.
        problem: why it cannot be used; empty where nothing is known against it.
    """

    folder: Path
    model_id: str
    version: str
    task: str
    shipped: bool
    demonstration: bool | None
    problem: str

    @property
    def where(self) -> str:
        """The folder, the user's home shortened."""
        return printable(without_home(str(self.folder)))


class ModelsLogic:
    """Lists, checks, shows, installs and removes models; no dialogs, no widgets. Nothing is downloaded."""

    def rows(self) -> tuple[ModelRow, ...]:
        """Every bundle that comes with OsteoScreen or was installed; files are not compared with their digests here."""
        return tuple(_row(entry) for entry in store.list_models())

    def verify(self, row: ModelRow) -> str:
        """Compare a bundle's files with their sizes and SHA-256 and look through its networks.

        Returns:
            The SHA-256 of the whole bundle.

        Raises:
            ModelError: what is wrong with it.
        """
        return store.verify_folder(row.folder).sha256

    def card(self, row: ModelRow) -> str:
        """The model's card as rich text; every value is escaped.

        Raises:
            ModelError: the bundle is not what its maker wrote; a card of it would be worth nothing.
        """
        return card_html(model_card(load_bundle(row.folder)))

    def install(self, path: str | os.PathLike[str], replace: bool = False) -> ModelBundle:
        """Check a bundle and copy it into the user's folder of models.

        Args:
            path: its folder or zip file.
            replace: whether a bundle of the user's with the same id and version gives way.

        Raises:
            ModelError: what is wrong with it; :func:`may_be_replaced` says whether ``replace`` would help.
            OutputError: the user's folder cannot be written.
        """
        return store.install_model(path, replace=replace)

    def remove(self, row: ModelRow) -> None:
        """Remove a bundle that the user installed.

        Raises:
            ModelError: ``shipped_model``, it belongs to OsteoScreen; ``not_found``, it is gone already.
            OutputError: it cannot be removed.
        """
        if row.shipped:
            raise ModelError(
                f"The model {row.model_id} is part of OsteoScreen and is not removed",
                next_step="A newer version that you install is used in its place.",
                code="shipped_model",
            )
        store.remove_model(row.folder.name, row.version or None)


def may_be_replaced(error: ModelError) -> bool:
    """Whether an installation failed only because another bundle of the user's own has the place."""
    return error.code == "version_taken" and error.path is not None and Path(error.path).parent == user_folder()


def card_html(lines: Iterable[Line]) -> str:
    """The lines of a card as rich text."""
    rows = []
    for text, style in lines:
        shown = escape(printable(text))
        if text.startswith("  "):
            shown = f'<div style="margin-left:12px">{shown.strip()}</div>'
        elif "yellow" in style:
            shown = f'<div style="color:#d98e04"><b>{shown}</b></div>'
        elif "bold" in style:
            shown = f"<div><b>{shown}</b></div>"
        else:
            shown = f"<div>{shown or '&nbsp;'}</div>"
        rows.append(shown)
    return "".join(rows)


def _row(entry: store.ModelEntry) -> ModelRow:
    document = entry.document or {}
    return ModelRow(
        folder=entry.folder,
        model_id=printable(entry.model_id),
        version=entry.version,
        task=str(document.get("task", "")).replace("_", " "),
        shipped=entry.origin == store.SHIPPED,
        demonstration=document.get("demonstration"),
        problem="" if entry.problem is None else printable(entry.problem.message),
    )
