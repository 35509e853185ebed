"""Training samples from the simulator: digital patients and deformed label maps, written once and read by every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.volume import AnatomicalView, CTVolume
from OsteoScreenLib.phantom.digital_patient import make_digital_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.label_map_source import make_from_label_map
from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.protocol import PROTOCOLS, Protocol, draw_protocol
from OsteoScreenLib.phantom.traits import PatientTraits
from OsteoScreenLib.training.sample import TrainingSample

# What a stage's patients are scanned with, and how often.
_PROTOCOLS = {
    "coarse": {"low-dose-abdomen": 0.45, "abdomen": 0.15, "abdomen-portal-venous": 0.15, "hip": 0.15, "chest": 0.10},
    "fine": {"hip": 1.0},
}
_FIELD_OF_VIEW_MM = 168.0
_HIP_FROM_MIDLINE_MM = 97.0
_SHARE_OF_LOW_BONE = 0.35
_SHARE_OF_IMPLANTS = {"coarse": 0.20, "fine": 0.25}
_KINDS_OF_IMPLANT = {"stem": 0.5, "nail": 0.25, "screws": 0.25}


@dataclass(frozen=True)
class Simulation:
    """What is simulated for a stage.

    Attributes:
        stage: ``coarse`` (whole scans) or ``fine`` (one hip).
        spacing_mm: voxel size of the samples.
        digital_patients, label_map_samples: how many of each.
        first_seed: the samples' seeds go on from here; other seeds are for validation and test.
    """

    stage: str
    spacing_mm: float
    digital_patients: int
    label_map_samples: int
    first_seed: int = 0


def sample_makers(
    simulation: Simulation, label_maps: tuple[Path, ...]
) -> Iterator[tuple[str, Callable[[], TrainingSample]]]:
    """Name and maker of every sample, the two sources in turn so that an unfinished pool holds both."""
    for number in range(max(simulation.digital_patients, simulation.label_map_samples)):
        seed = simulation.first_seed + number
        if number < simulation.digital_patients:
            yield f"patient-{seed:06d}", partial(from_digital_patient, simulation, seed)
        if number < simulation.label_map_samples and label_maps:
            path = label_maps[number % len(label_maps)]
            yield f"label-map-{seed:06d}", partial(from_label_map, simulation, path, seed)


def from_digital_patient(simulation: Simulation, seed: int) -> TrainingSample:
    """A scan of a digital patient: of the trunk (coarse) or of one hip (fine)."""
    rng = np.random.default_rng([seed, *b"training"])
    shares = _PROTOCOLS[simulation.stage]
    protocol = draw_protocol(PROTOCOLS[str(rng.choice(list(shares), p=list(shares.values())))], rng)
    # Sharp kernels and thick slices come with the augmentation; here the voxel is the thickness.
    protocol = replace(protocol, slice_thickness_mm=simulation.spacing_mm)
    side = 1.0 if rng.random() < 0.5 else -1.0
    if simulation.stage == "fine":
        protocol = _around_a_hip(protocol, side, rng)
    patient = make_digital_patient(
        _traits(seed, simulation.stage, side, rng),
        protocol,
        spacing_xyz_mm=(simulation.spacing_mm,) * 3,
        with_truth=False,
        workers=1,
    )
    labels = patient.labels
    if patient.traits.implant in ("nail", "screws") and patient.traits.implant_side is not None:
        # They lie within the bone, and the periosteal mask is solid. A stem replaces the head: its metal is no femur.
        labels = np.where(labels == LABEL["implant"], sided("femur", patient.traits.implant_side), labels)
    return _sample(patient.ct, labels, "digital_patient", f"patient-{seed:06d}")


def from_label_map(simulation: Simulation, path: Path, seed: int) -> TrainingSample:
    """A scan of a deformed label map: of the pelvis (coarse) or of one hip (fine)."""
    coarse = simulation.stage == "coarse"
    extent = (380.0, 300.0, 430.0) if coarse else (230.0, 150.0, 165.0)
    z, y, x = (round(mm / simulation.spacing_mm) for mm in extent)
    rng = np.random.default_rng([seed, *b"training map"])
    centre = tuple(rng.normal((0.0, 10.0, 20.0), (15.0, 10.0, 40.0)).tolist()) if coarse else None
    drawn = make_from_label_map(
        path, seed, shape_zyx=(z, y, x), spacing_mm=simulation.spacing_mm, centre=centre, strength=1.2, workers=1
    )
    return _sample(drawn.ct, drawn.labels, "label_map", f"label-map-{seed:06d}")


def _around_a_hip(protocol: Protocol, side: float, rng: np.random.Generator) -> Protocol:
    """The protocol with a field of view around one hip, never centred exactly."""
    x, y = rng.normal((side * _HIP_FROM_MIDLINE_MM, 0.0), (14.0, 12.0))
    return replace(protocol, fov_mm=_FIELD_OF_VIEW_MM, fov_centre_mm=(float(x), float(y)))


def _traits(seed: int, stage: str, side: float, rng: np.random.Generator) -> PatientTraits:
    """More patients with little bone and with implants than there are, so that the network learns them."""
    fixed: dict[str, object] = {}
    if rng.random() < _SHARE_OF_LOW_BONE:
        fixed["bone_z"] = float(rng.uniform(-3.5, -1.2))
    if rng.random() < _SHARE_OF_IMPLANTS[stage]:
        fixed["implant"] = str(rng.choice(list(_KINDS_OF_IMPLANT), p=list(_KINDS_OF_IMPLANT.values())))
        fixed["implant_side"] = "L" if (side > 0) == (rng.random() < 0.85) else "R"
    return draw_patient(seed, **fixed)


def _sample(ct: CTVolume, labels: np.ndarray, source: str, name: str) -> TrainingSample:
    """The volume with the labels of the femora alone."""
    femora = np.zeros(labels.shape, dtype=np.uint8)
    femora[labels == LABEL["femur_left"]] = 1
    femora[labels == LABEL["femur_right"]] = 2
    hu = AnatomicalView.of(np.clip(np.rint(ct.hu), -2000, 4000).astype(np.int16), ct.geometry)
    view = AnatomicalView.of(femora, ct.geometry)
    return TrainingSample(
        np.ascontiguousarray(hu.array), np.ascontiguousarray(view.array), hu.spacing_spl_mm, source, name
    )
