"""The feature engine's door: ``extract(image, mask, settings) -> FeatureTable``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from OsteoScreenLib.errors import UsageError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, stop_if
from OsteoScreenLib.radiomics import provenance
from OsteoScreenLib.radiomics.feature_table import FeatureRow, FeatureTable
from OsteoScreenLib.radiomics.filters import derived_images, names_of
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.image_features import (
    features_of_class,
    intensity_classes,
    levels_of_image,
    names_of_image,
    shape_of_region,
)
from OsteoScreenLib.radiomics.mask_checks import Box, labels_in, refuse_absent
from OsteoScreenLib.radiomics.packages import linear_algebra_in_one_thread
from OsteoScreenLib.radiomics.preparation import Frame, PreparedRegion, prepare
from OsteoScreenLib.radiomics.settings import Settings

_LONGEST_FIRST = ("glszm", "glrlm", "glcm", "firstorder", "ngtdm", "gldm")
"""The order of work: so that no thread is left with much to do when the others have finished."""

_Answer = tuple[dict[str, float], list[str]]


@dataclass
class _Collected:
    """The answers of one region, by image in the order they were asked for."""

    region: PreparedRegion
    answers: dict[str, _Answer] = field(default_factory=dict)

    def take(self, name: str, answer: _Answer) -> None:
        """Add features and notes of an image; features keep the place that they were named at first."""
        features, notes = self.answers.setdefault(name, ({}, []))
        features.update(answer[0])
        notes.extend(answer[1])


def extract(
    image: GridImage,
    mask: GridImage,
    settings: Settings | None = None,
    *,
    labels: Sequence[int] | None = None,
    threads: int | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> FeatureTable:
    """Compute the features of every region of a mask.

    Args:
        image: grey values; see :func:`OsteoScreenLib.radiomics.grid_image.read_image`.
        mask: label map, on the image's grid unless the settings resample or correct it.
        settings: PyRadiomics' parameters; its defaults where None.
        labels: which regions; the settings' ``label`` where None.
        threads: how many images are worked on at a time; the number of processors where None.

    Returns:
        One row for each label. A label whose region cannot be used (too small, beyond the image, nothing left after
        resegmentation, ...) has the error in its row and no features. Features that are not defined are NaN and named.

    Raises:
        InputError: the mask is empty or not a label map, or does not hold a label that was asked for.
        UsageError: no labels or threads at all. CancelledError: the user asked to stop.
    """
    settings = settings or Settings()
    wanted = tuple(dict.fromkeys(labels)) if labels is not None else (int(settings.values["label"]),)
    threads = threads or _processors()
    if not wanted or threads < 1:
        raise UsageError("There must be at least one label and one thread")
    present = labels_in(mask)
    for label in wanted:
        refuse_absent(label, present)
    progress(0.0, "Preparing the regions")
    stop_if(cancelled)
    with linear_algebra_in_one_thread(), ThreadPoolExecutor(1) as beside:
        frames = prepare(image, mask, wanted, settings, beside)
        collected = [_Collected(region) for frame in frames for region in frame.regions]
        _run(frames, {id(one.region): one for one in collected}, settings, threads, progress, cancelled)
    software = provenance.of_software(settings) if settings.values["additionalInfo"] else {}
    progress(1.0, "Features computed")
    return FeatureTable(tuple(_row(one, settings, software) for one in collected))


def _run(
    frames: Sequence[Frame],
    collected: dict[int, _Collected],
    settings: Settings,
    threads: int,
    progress: ProgressCallback,
    cancelled: CancelToken,
) -> None:
    """Filter in this thread, count in the others; no more images are held than there are threads to work on them."""
    total = max(1, sum(_n_parts(frame, settings) for frame in frames))
    done = 0
    waiting: dict[Future[_Answer], tuple[PreparedRegion, str]] = {}

    def take(finished: set[Future[_Answer]]) -> None:
        nonlocal done
        for future in finished:
            region, name = waiting.pop(future)
            collected[id(region)].take(name, future.result())
            done += 1
            progress(min(1.0, done / total), f"Features of {name}, label {region.label}")

    with ThreadPoolExecutor(threads) as pool:
        try:
            for frame in frames:
                for region, name, task in _tasks(frame, settings, collected):
                    stop_if(cancelled)
                    waiting[pool.submit(*task)] = (region, name)
                    while len(set(waiting.values())) > threads:
                        take(wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED).done)
                        stop_if(cancelled)
            while waiting:
                take(wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED).done)
                stop_if(cancelled)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _tasks(
    frame: Frame, settings: Settings, collected: dict[int, _Collected]
) -> Iterator[tuple[PreparedRegion, str, tuple[Any, ...]]]:
    """What to compute of a frame: shape, then each class of each derived image of each region."""
    usable = [region for region in frame.regions if region.region is not None]
    if not usable:
        return
    for region in usable:
        collected[id(region)].take("shape", ({}, []))
        yield region, "shape", (shape_of_region, region.shape_mask, region.region, settings)
    box = _around([region.box for region in usable])
    for image_type in settings.image_types:
        values = settings.of_image_type(image_type)
        for derived in derived_images(frame.image, box, image_type, values):
            for region in usable:
                own = collected[id(region)]
                own.take(derived.name, (dict.fromkeys(names_of_image(derived.name, settings), float("nan")), []))
                if derived.array is None:
                    own.take(derived.name, ({}, [derived.why_not]))
                    continue
                grey = derived.in_box(region.box)[_region(region).mask]
                levels = levels_of_image(derived.name, grey, settings, values)
                if isinstance(levels, str):
                    own.take(derived.name, ({}, [levels]))
                    continue
                for kind in sorted(intensity_classes(settings), key=_LONGEST_FIRST.index):
                    task = (features_of_class, derived.name, kind, grey, levels, region.region, settings, values)
                    yield region, derived.name, task


def _region(prepared: PreparedRegion) -> Any:
    return prepared.region


def _n_parts(frame: Frame, settings: Settings) -> int:
    usable = sum(region.region is not None for region in frame.regions)
    images = sum(len(names_of(name, settings.of_image_type(name))) for name in settings.image_types)
    return usable * (1 + images * len(intensity_classes(settings)))


def _around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all."""
    z, y, x = (slice(min(box[axis].start for box in boxes), max(box[axis].stop for box in boxes)) for axis in range(3))
    return (z, y, x)


def _row(one: _Collected, settings: Settings, software: dict[str, Any]) -> FeatureRow:
    features: dict[str, float] = {}
    notes = list(settings.notes)
    for values, said in one.answers.values():
        features |= values
        notes += said
    region, facts = one.region, dict(software)
    for found in one.region.facts:
        facts |= found.result()
    return FeatureRow(region.label, features, facts, tuple(notes), region.error)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mask_of(labels: np.ndarray, image: GridImage) -> GridImage:
    """A label map that lies on an image's own grid."""
    return GridImage(labels, image.geometry)
