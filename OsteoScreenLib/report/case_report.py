"""``report.html``: one case for a human reader, in one file."""

from __future__ import annotations

from typing import Any

import numpy as np

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.report import wording
from OsteoScreenLib.report.density_section import density_section
from OsteoScreenLib.report.femur_pictures import TILE
from OsteoScreenLib.report.femur_section import femur_section
from OsteoScreenLib.report.model_section import model_section
from OsteoScreenLib.report.overlay import PANEL, panel_of
from OsteoScreenLib.report.pages import render_page
from OsteoScreenLib.report.pictures import WINDOW_LEVEL_HU, WINDOW_WIDTH_HU, three_pictures
from OsteoScreenLib.report.status_words import model_words, status_words
from OsteoScreenLib.report.summary import SEVERITY_SYMBOLS, SEVERITY_WORDS, summarise
from OsteoScreenLib.result.case_result import CaseResult

_KINDS = {
    "nifti": "NIfTI image",
    "nrrd": "NRRD image",
    "metaimage": "MetaImage",
    "dicom": "DICOM",
    "dicom-zip": "DICOM in a zip archive",
    "scene": "volume of a scene",
    "simulation": "simulated CT",
}
_SLICE_FACTS = (
    ("n_files", "Images found", ""),
    ("n_slices", "Slices as read", ""),
    ("n_duplicates", "Duplicates left out", ""),
    ("n_missing", "Missing, interpolated", ""),
    ("mixed_orientation", "Of another orientation, left out", ""),
    ("spacing_mm", "Slice spacing", "mm"),
    ("largest_gap_mm", "Largest gap", "mm"),
    ("spacing_deviation_mm", "Largest deviation", "mm"),
    ("tilt_deg", "Tilt by positions", "°"),
    ("resampled", "Resampled to a regular grid", ""),
)


def case_report(result: CaseResult, ct: CTVolume, labels: np.ndarray | None = None) -> str:
    """The report as a self-contained HTML page: no script, no other file, every value escaped.

    Args:
        result: what was learnt of the case.
        ct: the volume it was learnt from, for the pictures.
        labels: (z, y, x) uint8 masks of the femora on its grid, for their pictures and projections.

    Raises:
        MissingPackageError: Jinja2, scipy or Pillow is not installed.
    """
    oblique = result.geometry.obliquity_deg
    low = WINDOW_LEVEL_HU - WINDOW_WIDTH_HU / 2
    return render_page(
        "case_report.html.j2",
        result=result,
        absent=wording.NOT_STATED,
        not_known=wording.NOT_KNOWN,
        tile_size=int(TILE),
        kind=_KINDS.get(str(result.input.get("kind")), "unknown kind"),
        summary=summarise(result),
        panels=[panel_of(picture) for picture in three_pictures(ct)],
        panel_size=int(PANEL),
        window={
            "low": f"{low:.0f}".replace("-", "−"),
            "high": f"{low + WINDOW_WIDTH_HU:.0f}",
            "width": f"{WINDOW_WIDTH_HU:.0f}",
            "level": f"{WINDOW_LEVEL_HU:.0f}",
        },
        status_words=status_words(result),
        models=model_section(result),
        model_words=model_words(result),
        density=density_section(result, ct, labels),
        femora=femur_section(result, ct, labels),
        oriented=ct.source.oriented,
        oblique=f"{oblique:.1f}°" if oblique >= 0.5 else "",
        flags=[_flag(flag) for flag in result.quality],
        acquisition=wording.acquisition_facts(result.acquisition),
        acquisition_origin=wording.facts_origin(result.acquisition),
        geometry=wording.geometry_facts(result.geometry),
        stack=_slice_facts(result.input.get("stack")),
        series=[_series(entry) for entry in result.input.get("series") or ()],
        notes=list(result.input.get("notes") or ()),
        provenance=_provenance(result),
    )


def _flag(flag: QualityFlag) -> dict[str, Any]:
    return {
        "severity": flag.severity.value,
        "symbol": SEVERITY_SYMBOLS[flag.severity],
        "word": SEVERITY_WORDS[flag.severity],
        "message": flag.message,
        "evidence": wording.evidence(flag.evidence),
        "code": flag.code,
    }


def _series(entry: dict[str, Any]) -> dict[str, Any]:
    """One row of the series table; an absent fact is said to be absent."""

    def in_mm(name: str) -> str:
        value = entry.get(name)
        return wording.NOT_STATED if value is None else f"{wording.plain(value)} mm"

    return {
        "label": wording.plain(entry.get("label")),
        "modality": wording.plain(entry.get("modality") or None),
        "images": wording.plain(entry.get("n_images")),
        "plane": wording.plain(entry.get("plane")),
        "kernel": wording.plain(entry.get("kernel")),
        "thickness": in_mm("slice_thickness_mm"),
        "spacing": in_mm("slice_spacing_mm"),
        "reason": wording.plain(entry.get("reason") or ""),
        "taken": bool(entry.get("taken")),
    }


def _slice_facts(stack: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What the DICOM slice positions say; nothing for other formats."""
    if not stack:
        return []
    return [(title, wording.with_unit(wording.plain(stack.get(name)), unit)) for name, title, unit in _SLICE_FACTS]


def _provenance(result: CaseResult) -> list[tuple[str, str]]:
    """Software, timings and the digest that ties the result to its input."""
    names = {
        "osteoscreen": "OsteoScreen",
        "python": "Python",
        "platform": "Platform",
        "numpy": "NumPy",
        "simpleitk": "SimpleITK",
        "scipy": "SciPy",
        "onnxruntime": "ONNX Runtime",
        "openvino": "OpenVINO",
    }
    versions = [(names.get(name, name), version) for name, version in result.software.items()]
    timings = [(f"Time for {step}", f"{seconds:.2f} s") for step, seconds in result.timings_s.items()]
    files = wording.plain(result.input.get("n_files"))
    return [
        *versions,
        *timings,
        ("Files read", files),
        ("SHA-256 of the input", wording.plain(result.input.get("sha256"))),
    ]
