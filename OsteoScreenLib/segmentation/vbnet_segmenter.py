"""VBNetSegmenter: the proximal femora by two networks, a coarse one that finds and a fine one that outlines."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import InputError, ModelError
from OsteoScreenLib.models.bundle import ModelBundle, load_bundle
from OsteoScreenLib.models.network import open_network
from OsteoScreenLib.models.network_spec import NetworkSpec
from OsteoScreenLib.models.store import find_model
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of, stop_if
from OsteoScreenLib.quality.flag import QualityFlag, Severity
from OsteoScreenLib.segmentation.borders import FieldOfView
from OsteoScreenLib.segmentation.coarse_stage import SIDES, CoarseResult, CoarseSettings, find_femora
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS, FemurFinding, FemurMasks
from OsteoScreenLib.segmentation.findings import finding_of
from OsteoScreenLib.segmentation.fine_stage import FineFemur, FineSettings, outline_femur
from OsteoScreenLib.segmentation.grids import Box, Slices, box_of, slices_of
from OsteoScreenLib.segmentation.lone_side import OTHER, renamed, sureness
from OsteoScreenLib.segmentation.mask_features import NetworkFeatures
from OsteoScreenLib.segmentation.mask_quality import rate_femora
from OsteoScreenLib.segmentation.network_features import network_features
from OsteoScreenLib.segmentation.resample import FULL, to_input_region
from OsteoScreenLib.segmentation.solid import solid
from OsteoScreenLib.segmentation.windows import RunnableNetwork

MODEL_ID = "femur-vbnet"
TASK = "femur_segmentation"
COARSE_CHANNELS = {"background", "femur_left", "femur_right"}


@dataclass(frozen=True)
class VBNetSettings:
    """Settings of both stages, and what makes an outline a femur. The limits are own choices.

    Attributes:
        coarse, fine: of the stages.
        min_ml: least volume of a femur's final mask.
        min_agreement: least Dice similarity coefficient of the two stages, on the coarse grid; where they see different
            things, there is no femur. In the training hips it lies between 0.7 and 0.93.
    """

    coarse: CoarseSettings = field(default_factory=CoarseSettings)
    fine: FineSettings = field(default_factory=FineSettings)
    min_ml: float = 10.0
    min_agreement: float = 0.4


@dataclass(frozen=True, eq=False)
class _Outline:
    """One femur on the volume's grid: array part, probability (uint8, 255 is 1) and mask of the part's shape."""

    part: Slices
    probability: np.ndarray
    mask: np.ndarray
    said: NetworkFeatures


class VBNetSegmenter:
    """Proximal femora by a coarse and a fine network.

    Args:
        coarse, fine: the networks, opened.
        coarse_spec, fine_spec: what they want and give.
        models: the bundle they come from: ``{"id", "version", "sha256"}``.
        settings: limits; None for the usual ones.
    """

    def __init__(
        self,
        coarse: RunnableNetwork,
        fine: RunnableNetwork,
        coarse_spec: NetworkSpec,
        fine_spec: NetworkSpec,
        models: tuple[Mapping[str, str], ...] = (),
        settings: VBNetSettings | None = None,
    ) -> None:
        self._coarse, self._fine = coarse, fine
        self._coarse_spec, self._fine_spec = coarse_spec, fine_spec
        self.models = models
        self._settings = settings or VBNetSettings()

    def segment(
        self,
        ct: CTVolume,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> FemurMasks:
        """Find the proximal femora of a volume.

        Memory beside the volume stays under about 2 GB for any size: regions are cut out first, and the networks see
        windows of bounded size.

        Raises:
            CancelledError: the user asked to stop.
            InputError: ``impossible_geometry``: the volume does not lie in space.
            ModelError: a network failed.
        """
        possible, why = ct.geometry.is_valid()
        if not possible:
            raise InputError(
                f"The femora cannot be looked for: {why}",
                next_step="Repair the header of the image.",
                code="impossible_geometry",
            )
        timings: dict[str, float] = {}
        started = time.perf_counter()
        progress(0.0, "Looking for the femora")
        coarse = find_femora(
            ct.hu,
            ct.geometry,
            self._coarse,
            self._coarse_spec,
            self._settings.coarse,
            part_of(progress, 0.0, 0.3),
            cancelled,
        )
        timings["find_femora"] = time.perf_counter() - started
        coarse, fines = self._outlined(ct, coarse, progress, cancelled, timings)
        started = time.perf_counter()
        outlines = {
            side: _on_volume(ct, fine, network_features(coarse, fine, side), cancelled) for side, fine in fines.items()
        }
        timings["resample"] = time.perf_counter() - started
        stop_if(cancelled)
        progress(0.9, "Describing the femora")
        started = time.perf_counter()
        labels, findings = self._described(ct, coarse, outlines)
        said = {side: outline.said for side, outline in outlines.items()}
        rated, flags, _ = rate_femora(ct, labels, findings, said)
        timings["describe_femora"] = time.perf_counter() - started
        progress(1.0, "Femora done")
        return FemurMasks(labels, rated, "vbnet", self.models, (*_renamed_flag(coarse), *flags), timings)

    def _outlined(
        self,
        ct: CTVolume,
        coarse: CoarseResult,
        progress: ProgressCallback,
        cancelled: CancelToken,
        timings: dict[str, float],
    ) -> tuple[CoarseResult, dict[str, FineFemur]]:
        """The fine network's answers by side; where a femur is alone, the side is settled here (``lone_side``)."""
        spans = ((0.3, 0.6), (0.6, 0.9))
        fines = {}
        for side, span in zip(coarse.femurs, spans, strict=False):
            box = coarse.femurs[side].box
            fines[side] = self._fine_answer(ct, box, side, part_of(progress, *span), cancelled, timings)
        if len(fines) != 1 or self._fine_spec.mirrored_side is None:
            return coarse, fines
        (side, fine), span = next(iter(fines.items())), spans[1]
        other = OTHER[side]
        rival = self._fine_answer(ct, coarse.femurs[side].box, other, part_of(progress, *span), cancelled, timings)
        if sureness(rival) <= sureness(fine):
            return coarse, fines
        return renamed(coarse, side), {other: rival}

    def _fine_answer(
        self,
        ct: CTVolume,
        box: Box,
        side: str,
        progress: ProgressCallback,
        cancelled: CancelToken,
        timings: dict[str, float],
    ) -> FineFemur:
        """The fine network's answer in a box, taken as one side's femur."""
        started = time.perf_counter()
        stop_if(cancelled)
        progress(0.0, f"Outlining the {side} femur")
        fine = outline_femur(
            ct.hu,
            ct.geometry,
            box,
            self._fine_spec.mirrored_side == side,
            self._fine,
            self._fine_spec,
            self._settings.fine,
            progress,
            cancelled,
        )
        timings[f"outline_{side}"] = time.perf_counter() - started
        return fine

    def _described(
        self, ct: CTVolume, coarse: CoarseResult, outlines: dict[str, _Outline]
    ) -> tuple[np.ndarray, dict[str, FemurFinding]]:
        """Labels and findings of both sides."""
        labels = np.zeros(ct.geometry.shape_zyx, np.uint8)
        findings = {side: FemurFinding("absent", reason) for side, reason in coarse.reasons.items()}
        if len(outlines) == 2:
            _keep_apart(outlines["left"], outlines["right"])
        view = FieldOfView(ct.hu, ct.geometry)
        upwards = 2 - int(np.abs(ct.geometry.matrix[2]).argmax())
        for side, outline in outlines.items():
            part, mask = _tight(outline, solid(outline.mask, upwards))
            reason = self._why_not(outline, side, np.count_nonzero(mask) * ct.geometry.voxel_volume_mm3 / 1000)
            if reason:
                findings[side] = FemurFinding("absent", reason)
                continue
            free = mask & (labels[part] == 0)
            labels[part][free] = SIDE_LABELS[side]
            findings[side] = finding_of(ct.hu, ct.geometry, free, part, side, view)
        return labels, {side: findings[side] for side in SIDES}

    def _why_not(self, outline: _Outline, side: str, volume_ml: float) -> str:
        """Why an outline is no femur, as a sentence; empty where it is one."""
        if volume_ml < self._settings.min_ml:
            return f"Only {volume_ml:.1f} ml of the scan were outlined as a {side} femur, too little to be one"
        agreement = outline.said.coarse_fine_dsc
        if agreement is not None and agreement < self._settings.min_agreement:
            return (
                f"What looked like a {side} femur on the whole scan was not outlined as one from near "
                f"(agreement {agreement:.2f})"
            )
        return ""


def _on_volume(ct: CTVolume, fine: FineFemur, said: NetworkFeatures, cancelled: CancelToken) -> _Outline:
    """The fine answer on the voxels of the volume that may hold it."""
    empty = np.zeros((0, 0, 0), np.uint8)
    nothing = _Outline((slice(0, 0), slice(0, 0), slice(0, 0)), empty, empty.astype(bool), said)
    possible = fine.probability > 0.25
    if not possible.any():
        return nothing
    ends = []
    for axis in range(3):
        used = np.flatnonzero(possible.any(axis=tuple(other for other in range(3) if other != axis)))
        ends.append(slice(max(0, int(used[0]) - 1), min(possible.shape[axis], int(used[-1]) + 2)))
    part = slices_of(box_of(fine.grid, (ends[0], ends[1], ends[2])), ct.geometry, (1.0, 1.0, 1.0))
    if part is None:
        return nothing
    probability = to_input_region(fine.probability, fine.grid, ct.geometry, part, cancelled)
    return _Outline(part, probability, probability > FULL // 2, said)


def _renamed_flag(coarse: CoarseResult) -> tuple[QualityFlag, ...]:
    """``femur_sides_swapped`` where the network named the sides otherwise than they lie."""
    sides = [side for side, femur in coarse.femurs.items() if femur.renamed]
    if not sides:
        return ()
    message = (
        "The network did not name the sides of the femora as they lie; they are named by their place in the scan. "
    )
    message += "Check that the orientation of the scan is right."
    return (QualityFlag("femur_sides_swapped", Severity.WARNING, message, {"sides": sides}),)


def _keep_apart(first: _Outline, second: _Outline) -> None:
    """Where both masks claim a voxel, the more probable one keeps it."""
    low = [max(a.start, b.start) for a, b in zip(first.part, second.part, strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(first.part, second.part, strict=True)]
    if any(a >= b for a, b in zip(low, high, strict=True)):
        return
    views = [
        tuple(slice(a - e.start, b - e.start) for a, b, e in zip(low, high, outline.part, strict=True))
        for outline in (first, second)
    ]
    stronger = first.probability[views[0]] >= second.probability[views[1]]
    first.mask[views[0]] &= stronger
    second.mask[views[1]] &= ~stronger


def _tight(outline: _Outline, mask: np.ndarray) -> tuple[Slices, np.ndarray]:
    """The mask in the smallest part that holds it, and that part."""
    if not mask.any():
        return outline.part, mask
    spans = [np.flatnonzero(mask.any(axis=tuple(b for b in range(3) if b != a))) for a in range(3)]
    inner = tuple(slice(int(span[0]), int(span[-1]) + 1) for span in spans)
    z, y, x = (slice(e.start + i.start, e.start + i.stop) for e, i in zip(outline.part, inner, strict=True))
    return (z, y, x), mask[inner]


def femur_segmenter(
    engine: str = "auto",
    threads: int | None = None,
    bundle: str | os.PathLike[str] | None = None,
    settings: VBNetSettings | None = None,
) -> VBNetSegmenter:
    """Open the networks that outline femora.

    Args:
        engine: ``auto``, ``onnxruntime`` or ``openvino``. threads: processors to use; None for all.
        bundle: folder of a bundle; None for the newest installed ``femur-vbnet``.
        settings: limits of both stages; None for the usual ones.

    Raises:
        ModelError: no bundle is there, it is damaged, or it is not one for femora.
        MissingPackageError: the engine is not installed.
        UsageError: there is no such engine.
    """
    model = find_model(MODEL_ID) if bundle is None else load_bundle(bundle)
    _check(model)
    coarse, fine = (open_network(model.networks[name], model.folder, engine, threads) for name in ("coarse", "fine"))
    return VBNetSegmenter(coarse, fine, coarse.spec, fine.spec, (model.reference(),), settings)


def _check(model: ModelBundle) -> None:
    """Refuse a bundle that is not one of a coarse and a fine network for femora."""
    networks = model.networks
    fits = model.task == TASK and {"coarse", "fine"} <= set(networks)
    if not fits or set(networks["coarse"].channels) != COARSE_CHANNELS or len(networks["fine"].channels) != 1:
        raise ModelError(
            f"The model {model.model_id} {model.version} does not outline femora",
            path=model.folder,
            next_step=f"Choose a model of the task {TASK}: a coarse network whose channels are background, femur_left "
            "and femur_right, and a fine one with a single channel.",
            code="wrong_task",
        )
