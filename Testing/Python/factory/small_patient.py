"""A patient of a few rods, made in a moment, where a test is about files and not about anatomy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.phantom.areal_truth import ArealDensity
from OsteoScreenLib.phantom.bone_density import expected_neck_abmd
from OsteoScreenLib.phantom.cohort import Options
from OsteoScreenLib.phantom.cohort_design import Case
from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.protocol import Protocol
from OsteoScreenLib.phantom.shapes import ellipsoid, rod
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits
from OsteoScreenLib.phantom.truth import FemurRecord, PatientTruth, SpineRecord
from OsteoScreenLib.phantom.write_patient import acquisition_of

HU = {"air": -1000.0, "muscle": 55.0, "yellow_marrow": -80.0, "titanium": 3000.0}


@dataclass(frozen=True)
class SmallPatient:
    ct: CTVolume
    labels: np.ndarray
    traits: PatientTraits
    protocol: Protocol
    truth: PatientTruth
    femur_regions: np.ndarray
    landmarks_in_image: None = None


def make_small_case(case: Case, options: Options) -> tuple[SmallPatient, np.ndarray]:
    """Two rods for femora in an oval body; an implant is a titanium rod in one of them."""
    if case.traits.seed == 666:
        raise AssertionError("this case should not have been made")
    spacing = options.spacing_xyz_mm or (8.0, 8.0, 8.0)
    shape = options.shape_zyx or (12, 30, 45)
    origin = tuple(-(n - 1) / 2 * s for n, s in zip(shape[::-1], spacing, strict=True))
    geometry = Geometry(shape, spacing, origin, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    canvas = TissueCanvas(geometry, HU)
    canvas.paint(ellipsoid((0, 0, 0), (160.0, 100.0, 400.0)), "muscle", label=LABEL["other_muscle"])
    for side, x in (("L", 90.0), ("R", -90.0)):
        femur = rod((x, 0.0, -90.0), (x, 0.0, 90.0), 17.0)
        canvas.paint(femur, "yellow_marrow", mineral=900.0, label=sided("femur", side))
        if case.traits.implant_side == side:
            canvas.paint(rod((x, 0, -90.0), (x, 0, 90.0), 9.0), "titanium", label=LABEL["implant"])
    rng = np.random.default_rng([case.traits.seed, 1])
    hu = canvas.soft_hu + 1.2 * canvas.mineral + rng.normal(0.0, case.protocol.noise_hu, shape)
    hu = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    ct = CTVolume(hu, geometry, acquisition_of(case.traits, case.protocol), Source("small", "simulation"))
    neck = ArealDensity(5.0 * expected_neck_abmd(case.traits), 5.0)
    femur_record = FemurRecord({}, {"femoral_neck": neck, "total_hip": ArealDensity(30.0, 33.0)}, {})
    truth = PatientTruth(
        case.traits,
        {"L": femur_record, "R": femur_record},
        SpineRecord(ArealDensity(55.0, 60.0), {"L1": 120.0}),
        {},
        0.97,
    )
    regions = np.where(np.isin(canvas.label, (1, 2)), canvas.label, 0).astype(np.uint8)
    return SmallPatient(ct, canvas.label, case.traits, case.protocol, truth, regions), regions
