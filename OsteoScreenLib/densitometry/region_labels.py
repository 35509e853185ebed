"""One number for each side, region and compartment, so that one label map shows all that was measured.

``100 side + 10 region + compartment``: 121 is the cortical bone of the left femoral neck. Side: 1 left, 2 right.
Region: 1 head, 2 neck, 3 trochanteric, 4 intertrochanteric, 5 shaft. Compartment: 1 cortical, 2 trabecular, 0 neither.
Numbers under 100 are mid-body regions of vertebrae, counted from above: 20 is L1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.densitometry.bone_frame import SIDES
from OsteoScreenLib.densitometry.compartments import BoneCompartments
from OsteoScreenLib.densitometry.regions import REGION_NAMES, FemurRegions
from OsteoScreenLib.densitometry.vertebra_region import VERTEBRAE

COMPARTMENT_NAMES: Mapping[int, str] = {0: "", 1: "cortical", 2: "trabecular"}


@dataclass(frozen=True)
class RegionLabel:
    """What a number stands for: side, region and compartment (empty: bone that is neither)."""

    side: str
    region: str
    compartment: str


REGION_LABELS: Mapping[int, RegionLabel] = {
    100 * s + 10 * r + c: RegionLabel(side, region, compartment)
    for s, side in enumerate(SIDES, 1)
    for r, region in REGION_NAMES.items()
    for c, compartment in COMPARTMENT_NAMES.items()
}
"""Every number of a femur in a label map of regions; 0 is background, and bone that could not be attributed."""

VERTEBRA_NUMBERS: Mapping[str, int] = {name: number for number, name in enumerate(VERTEBRAE, 1)}
"""Number of each vertebra's mid-body region in the same map."""


def region_label_map(regions: FemurRegions, compartments: BoneCompartments) -> np.ndarray:
    """(z, y, x) uint8 numbers of :data:`REGION_LABELS` of one femur, on its regions' grid."""
    side = SIDES.index(regions.side) + 1
    numbers = 100 * side + 10 * regions.labels.astype(np.uint8)
    numbers = numbers + compartments.cortical + np.uint8(2) * compartments.trabecular
    return np.where(regions.labels > 0, numbers, 0).astype(np.uint8)
