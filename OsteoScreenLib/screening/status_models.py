"""Which bone-status models a run asks: those the user named, or those that are installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from OsteoScreenLib.errors import MissingPackageError, ModelError, UsageError, printable
from OsteoScreenLib.models.bundle import load_bundle
from OsteoScreenLib.models.store import SHIPPED, ModelEntry, find_model, list_models
from OsteoScreenLib.status.status_classifier import TASK, StatusClassifier


@dataclass(frozen=True, eq=False)
class StatusModels:
    """The models that a run asks.

    Attributes:
        classifiers: ready to answer. notes: which models are not asked, and why, in sentences.
        threads: for radiomics; None: all processors.
    """

    classifiers: tuple[StatusClassifier, ...] = ()
    notes: tuple[str, ...] = ()
    threads: int | None = None

    def to_dict(self) -> list[dict[str, str]]:
        """Plain JSON form for a result: id, version and digest of each, so that ``--resume`` sees another one."""
        return [classifier.bundle.reference() for classifier in self.classifiers]


def status_models(wanted: Sequence[str] = (), threads: int | None = None) -> StatusModels:
    """The bone-status models to ask, each in its newest version.

    Args:
        wanted: ids, or names of bundle folders; empty: every one that the user installed. A demonstration that only
            comes with OsteoScreen is asked where it is named, and not otherwise: nobody asked for its answer.
        threads: for radiomics.

    Raises:
        UsageError: there is no model of that name, it is none of bone status, or two versions of one are named.
            ModelError: a model that was named
            cannot be used. MissingPackageError: a model was named, and onnxruntime is not installed.
    """
    if wanted:
        return StatusModels(_each_once([_named(name) for name in wanted]), threads=threads)
    found, notes = [], []
    for entry in installed_status_models():
        name = printable(f"{entry.model_id} {entry.version}")
        if entry.origin == SHIPPED and entry.document and entry.document["demonstration"]:
            notes.append(
                f"{name} was not asked: it is a demonstration, which is asked only where it is chosen by name."
            )
            continue
        try:
            found.append(StatusClassifier(load_bundle(entry.folder)))
        except (ModelError, MissingPackageError) as error:
            notes.append(f"{name} was not asked: it cannot be used. {error.message}. {error.next_step}".strip())
    notes += [
        f"{printable(entry.folder.name)} was not asked: it cannot be read. {entry.problem.message}.".strip()
        for entry in list_models()
        if entry.problem is not None
    ]
    if not found and not notes:
        notes.append("No bone-status model is installed: bone status is by rule alone.")
    return StatusModels(tuple(found), tuple(notes), threads)


def installed_status_models() -> Iterator[ModelEntry]:
    """Every bone-status model that came with OsteoScreen or was installed, in its newest version."""
    seen = set()
    for entry in list_models():
        if entry.document and entry.document["task"] == TASK and entry.model_id not in seen:
            seen.add(entry.model_id)
            yield entry


def _each_once(named: Sequence[StatusClassifier]) -> tuple[StatusClassifier, ...]:
    """One of each model: a result and a table have room for one version."""
    found: dict[str, StatusClassifier] = {}
    for model in named:
        other = found.setdefault(model.bundle.model_id, model)
        if other.bundle.sha256 != model.bundle.sha256:
            raise UsageError(
                f"{printable(model.bundle.model_id)} is named in two versions",
                next_step="Name one of them, or run twice into two folders.",
            )
    return tuple(found.values())


def _named(name: str) -> StatusClassifier:
    known = ", ".join(entry.model_id for entry in installed_status_models()) or "none"
    try:
        return StatusClassifier(find_model(name))
    except ModelError as error:
        if error.code not in ("not_found", "wrong_task"):
            raise
        raise UsageError(
            f"There is no bone-status model {printable(name)[:100]}",
            next_step=f"Installed are: {printable(known)}. To install one: osteoscreen models install PATH.",
            code="no_such_model",
        ) from error
