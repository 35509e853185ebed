"""What the Segment Editor effect "Split proximal femur" does: a femur's segment in, a segment for each region out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.femur_terms import FEMUR_TERMS
from OsteoScreenLib.mrml.segment_labelmap import read_segment, reference_grid
from OsteoScreenLib.mrml.segment_side import side_of_segment

Splitter = Callable[[np.ndarray, Geometry, str], Any]
"""Takes a mask (z, y, x) bool, its geometry and the side, as
:func:`OsteoScreenLib.densitometry.regions.split_proximal_femur` does, and gives an object with ``labels`` (z, y, x)
uint8 and ``incomplete``, reasons by name."""


@dataclass(frozen=True)
class RegionTerm:
    """How the segment of a region is coded and coloured.

    Attributes:
        code, meaning: SNOMED CT structure. Regions that are cut by planes rather than by anatomy are coded as femur;
            their name says which part.
        color: red, green, blue from 0 to 1.
    """

    code: str
    meaning: str
    color: tuple[float, float, float]


_FEMUR = ("71341001", "Femur")
REGION_TERMS: Mapping[str, RegionTerm] = {
    "head": RegionTerm("2812003", "Head of femur", (0.40, 0.76, 0.65)),
    "neck": RegionTerm("29627003", "Neck of femur", (0.99, 0.55, 0.38)),
    "trochanteric": RegionTerm(*_FEMUR, (0.55, 0.63, 0.80)),
    "intertrochanteric": RegionTerm(*_FEMUR, (0.91, 0.54, 0.76)),
    "shaft": RegionTerm("41111004", "Shaft of femur", (0.65, 0.85, 0.33)),
}
"""By the region's name."""


def split_segment(segmentation_node: Any, segment_id: str, side: str | None, splitter: Splitter | None = None) -> Any:
    """Find the regions of a femur's segment; the scene stays as it is.

    Args:
        segmentation_node: ``vtkMRMLSegmentationNode``.
        segment_id: of the femur.
        side: ``left`` or ``right``; None: as the segment says.
        splitter: finds the regions; None: OsteoScreen's own.

    Returns:
        What the splitter found, on the segmentation's grid; some region is there.

    Raises:
        InputError: ``which_side``, nothing says which femur it is; ``no_regions``, none was found, with the reason;
            ``empty_segment`` and others, see :func:`read_segment`.
    """
    segment = segmentation_node.GetSegmentation().GetSegment(segment_id) if segment_id else None
    if segment is None:
        raise InputError("No segment is selected", next_step="Select the segment of a femur.", code="empty_segment")
    side = side or side_of_segment(segment_id, segment)
    if side is None:
        raise InputError(
            f"'{segment.GetName()}' does not say whether it is the left or the right femur",
            next_step="Choose the side.",
            code="which_side",
        )
    mask, geometry = read_segment(segmentation_node, segment_id)
    regions = (splitter or own_splitter())(mask, geometry, side)
    if not regions.labels.any():
        reasons = " ".join(f"{reason.rstrip('.')}." for reason in dict.fromkeys(regions.incomplete.values()))
        raise InputError(f"No region of '{segment.GetName()}' could be told. {reasons}".rstrip(), code="no_regions")
    return regions


def own_splitter() -> Splitter:
    """OsteoScreen's own geometry of the proximal femur; imported when it is needed."""
    from OsteoScreenLib.densitometry.regions import split_proximal_femur

    return split_proximal_femur


def show_regions(regions: Any, segmentation_node: Any, segment_id: str, side: str | None = None) -> tuple[str, ...]:
    """Make a segment of each region. The femur's segment stays, and regions of an earlier split are replaced.

    Args:
        regions: of :func:`split_segment`.
        segmentation_node, segment_id, side: as given there.

    Returns:
        Ids of the new segments, in the order of the regions' numbers.
    """
    from OsteoScreenLib.densitometry.regions import REGION_NAMES

    segmentation = segmentation_node.GetSegmentation()
    femur = segmentation.GetSegment(segment_id)
    side = side or side_of_segment(segment_id, femur)
    image = _image(regions.labels, reference_grid(segmentation_node))
    made = []
    was_modifying = segmentation_node.StartModify()
    try:
        for number, region in REGION_NAMES.items():
            region_segment_id = region_id(segment_id, region)
            if segmentation.GetSegment(region_segment_id) is not None:
                segmentation.RemoveSegment(region_segment_id)
            if (regions.labels == number).any():
                segment = region_segment(f"{femur.GetName()}: {region}", REGION_TERMS[region], side)
                _add(segmentation, segment, region_segment_id, image, number)
                made.append(region_segment_id)
    finally:
        segmentation_node.EndModify(was_modifying)
    return tuple(made)


def region_id(segment_id: str, region: str) -> str:
    """Id of a region's segment, the same at every split of the same femur."""
    return f"{segment_id}_{region}"


def region_segment(name: str, term: RegionTerm, side: str | None) -> Any:
    """A ``vtkSegment`` without voxels, named, coloured and coded."""
    import slicer

    segment = slicer.vtkSegment()
    segment.SetName(name)
    segment.SetNameAutoGenerated(False)
    segment.SetColor(*term.color)
    segment.SetColorAutoGenerated(False)
    modifier = f"SCT^{FEMUR_TERMS[side].side_code}^{FEMUR_TERMS[side].side_name}" if side else "^^"
    entry = (
        "Segmentation category and type - DICOM master list"
        "~SCT^123037004^Anatomical Structure"
        f"~SCT^{term.code}^{term.meaning}"
        f"~{modifier}"
        "~Anatomic codes - DICOM master list~^^~^^"
    )
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry)
    return segment


def _add(segmentation: Any, segment: Any, segment_id: str, image: Any, number: int) -> None:
    """Add a segment that shares one image with the other regions, told apart by its number."""
    import slicer

    segment.AddRepresentation(slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName(), image)
    segment.SetLabelValue(int(number))
    segmentation.AddSegment(segment, segment_id)


def _image(labels: np.ndarray, grid: Any) -> Any:
    """Labels on the segmentation's grid as the ``vtkOrientedImageData`` that segments hold."""
    import slicer
    from vtk.util.numpy_support import numpy_to_vtk

    image = slicer.vtkOrientedImageData()
    image.DeepCopy(grid)
    scalars = numpy_to_vtk(np.ascontiguousarray(labels, np.uint8).ravel(), deep=True)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    return image
