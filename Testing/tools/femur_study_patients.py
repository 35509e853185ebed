"""Digital patients for the study of the femur segmentation: seeds, protocols and slices that training never used.

Training scans patients of the seeds from 0 and from 900000 upwards with five protocols, in voxels of one to four
millimetres that are as thick as wide. Here the seeds are others, and so are the scans: sharp kernels, more noise, real
slice thicknesses, an arterial phase, and fields of view that end beside the hips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scan_variants import cut, labels_in_thick_slices, with_thick_slices

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.phantom.digital_patient import DigitalPatient, make_digital_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.protocol import PROTOCOLS, Protocol, draw_protocol
from OsteoScreenLib.segmentation.borders import BORDERS, FieldOfView
from OsteoScreenLib.segmentation.findings import HEAD_OUTSIDE, UPPER_CONTACT_MM2
from OsteoScreenLib.segmentation.grids import Slices
from OsteoScreenLib.segmentation.mask_quality import mask_parts

LETTERS = {"left": "L", "right": "R"}
TRAINING_SEEDS = ((0, 100_000), (900_000, 1_000_000))
"""What training and its validation draw from, with room to spare."""
MIXTURE = {"thin-sharp": 0.25, "noisy-abdomen": 0.25, "thick-arterial": 0.25, "narrow-hips": 0.25}
LEAST_ML = 10.0
"""A femur of which less is in view counts as absent, as the segmenter has it."""
_LOUDEST_HU = 320.0


@dataclass(frozen=True)
class Level:
    """One way in which the same patient is scanned.

    Attributes:
        noise_hu: of slices of 1 mm. slice_mm: thickness. cut: what of the femora lies out of view.
    """

    noise_hu: float = 40.0
    slice_mm: float = 3.0
    cut: str = "none"

    @property
    def name(self) -> str:
        """Such as ``40 HU, 3 mm, none``."""
        return f"{self.noise_hu:g} HU, {self.slice_mm:g} mm, {self.cut}"


SERIES: Mapping[str, tuple[Level, ...]] = {
    "noise": tuple(Level(noise_hu=hu) for hu in (15.0, 40.0, 80.0, 160.0, 320.0)),
    "slice thickness": tuple(Level(slice_mm=mm) for mm in (1.0, 3.0, 5.0, 8.0)),
    "field of view": tuple(Level(cut=name) for name in ("none", "lateral third", "head top", "posterior third")),
}
"""What is changed, one thing at a time; the level in common is scanned once."""


def levels() -> tuple[Level, ...]:
    """Every level once."""
    return tuple(dict.fromkeys(level for series in SERIES.values() for level in series))


@dataclass(frozen=True, eq=False)
class Hips:
    """A simulated scan with what is true of its femora.

    Attributes:
        ct: the scan. truth: (z, y, x) uint8 on its grid, 1 left and 2 right, as training labels them: nails and screws
            belong to the bone, a stem does not.
        patient: anatomy and landmarks. facts: of the scan, for the table.
    """

    ct: CTVolume
    truth: np.ndarray
    patient: DigitalPatient
    facts: Mapping[str, object]

    def truly(self, side: str) -> str:
        """``present``, ``cut``, ``absent`` or ``stem``, by the true landmarks and the border of the scan."""
        parts = mask_parts(self.truth)
        if side not in parts:
            return "absent"
        mask, part = parts[side]
        if np.count_nonzero(mask) * self.ct.geometry.voxel_volume_mm3 / 1000 < LEAST_ML:
            return "absent"
        letter = LETTERS[side]
        if self.patient.traits.implant == "stem" and self.patient.traits.implant_side == letter:
            return "stem"
        femur, points = self.patient.landmarks[letter], self.patient.landmarks_in_image[letter]
        view = FieldOfView(self.ct.hu, self.ct.geometry)
        head = np.asarray(points["head_centre"]) + 0.97 * femur.head_radius_mm * _ball()
        level = points["lesser_trochanter"][2]
        lowest = self.ct.geometry.origin_lps_mm[2] - self.ct.geometry.spacing_xyz_mm[2] / 2
        upper = view.contacts_mm2(mask, part, above_mm=level)
        is_cut = (
            view.share_scanned(head) < 1 - HEAD_OUTSIDE
            or lowest > level
            or any(upper[border] >= UPPER_CONTACT_MM2 for border in BORDERS if border != "inferior")
        )
        return "cut" if is_cut else "present"


def draw_study_protocol(seed: int) -> Protocol:
    """One of the protocols of the mixture, drawn for a patient."""
    rng = np.random.default_rng([seed, *b"femur study"])
    kind = str(rng.choice(list(MIXTURE), p=list(MIXTURE.values())))
    if kind == "thin-sharp":
        drawn = draw_protocol(PROTOCOLS["thin-sharp"], rng)
        return replace(drawn, spacing_xyz_mm=(0.9, 0.9, 1.0), slice_thickness_mm=1.0)
    if kind == "noisy-abdomen":
        drawn = draw_protocol(replace(PROTOCOLS["abdomen"], spacing_xyz_mm=(0.95, 0.95, 2.0)), rng)
        return replace(drawn, noise_hu=float(rng.uniform(30.0, 70.0)), slice_thickness_mm=2.0)
    if kind == "thick-arterial":
        thickness = float(rng.choice([4.0, 5.0, 6.0]))
        base = replace(PROTOCOLS["abdomen"], phase="arterial", spacing_xyz_mm=(0.8, 0.8, thickness))
        return replace(draw_protocol(base, rng), slice_thickness_mm=thickness)
    base = replace(PROTOCOLS["hip"], spacing_xyz_mm=(0.7, 0.7, 2.5), fov_mm=float(rng.uniform(270.0, 360.0)))
    x, y = rng.normal((0.0, 0.0), (30.0, 15.0))
    return replace(draw_protocol(base, rng), slice_thickness_mm=2.5, fov_centre_mm=(float(x), float(y)))


def study_patient(seed: int, workers: int = 2) -> Hips:
    """A patient of the study, implants as often as in the population."""
    patient = make_digital_patient(draw_patient(seed), draw_study_protocol(seed), with_truth=False, workers=workers)
    return hips_of(patient)


def hips_of(patient: DigitalPatient) -> Hips:
    """A scan with its true masks and the facts for the table."""
    protocol, traits = patient.protocol, patient.traits
    facts = {
        "protocol": protocol.name if protocol.phase == "none" else f"{protocol.name}, {protocol.phase}",
        "noise_hu": protocol.noise_hu,
        "slice_mm": protocol.spacing_xyz_mm[2],
        "pixel_mm": protocol.spacing_xyz_mm[0],
        "kernel": protocol.kernel,
        "kvp": protocol.kvp,
        "iterative": protocol.iterative,
        "fov_mm": protocol.fov_mm,
        "cut": "none",
        "implant": f"{traits.implant} {traits.implant_side}" if traits.implant else "none",
    }
    return Hips(patient.ct, true_labels(patient), patient, facts)


def true_labels(patient: DigitalPatient) -> np.ndarray:
    """(z, y, x) uint8, 1 left and 2 right: nails and screws lie within the bone and count, the metal of a stem not.

    Bone beyond a round field of view was not scanned and counts for nothing, as in training.
    """
    truth = np.zeros(patient.labels.shape, np.uint8)
    for number, letter in enumerate("LR", start=1):
        truth[patient.labels == sided("femur", letter)] = number
        if patient.traits.implant in ("nail", "screws") and patient.traits.implant_side == letter:
            truth[patient.labels == LABEL["implant"]] = number
    return scanned(truth, patient.ct)


def scanned(truth: np.ndarray, ct: CTVolume) -> np.ndarray:
    """The labels without what lies in the padding around the field of view."""
    view = FieldOfView(ct.hu, ct.geometry)
    for z, plane in enumerate(truth):
        outside = view.outside(z)
        if outside is not None:
            plane[outside] = 0
    return truth


@dataclass(frozen=True, eq=False)
class PairOfScans:
    """A patient scanned in slices of 1 mm without noise and with much: noise is added to what a scanner sees, so that
    every level between the two is a mixture of them."""

    quiet: DigitalPatient
    loud: DigitalPatient
    truth: np.ndarray

    @classmethod
    def of(cls, seed: int, workers: int = 2, spacing_mm: tuple[float, float, float] = (1.1, 1.1, 1.0)) -> PairOfScans:
        """Both scans of a patient without implants; where the range is not that of a hip scan, nothing is cut."""
        rng = np.random.default_rng([seed, *b"femur levels"])
        protocol = draw_protocol(replace(PROTOCOLS["hip"], spacing_xyz_mm=spacing_mm), rng)
        protocol = replace(protocol, kernel="STANDARD", slice_thickness_mm=spacing_mm[2], iterative=0.0)
        protocol = replace(protocol, lowest_hu=-8000.0, highest_hu=16000.0)  # no noise is clipped before it is mixed
        traits = draw_patient(seed, implant=None, implant_side=None)
        quiet, loud = (
            make_digital_patient(traits, replace(protocol, noise_hu=hu), with_truth=False, workers=workers)
            for hu in (0.0, _LOUDEST_HU)
        )
        return cls(quiet, loud, true_labels(quiet))

    def at(self, level: Level) -> Hips:
        """The scan of a level with its true masks."""
        ct = replace(self.quiet.ct, hu=mixed(self.quiet.ct.hu, self.loud.ct.hu, level.noise_hu / _LOUDEST_HU))
        truth = self.truth
        if level.slice_mm > ct.geometry.spacing_xyz_mm[2]:
            truth = labels_in_thick_slices(truth, ct.geometry, level.slice_mm)
            ct = with_thick_slices(ct, level.slice_mm)
        part = cut_part(truth, ct.geometry.spacing_xyz_mm, level.cut)
        facts = {**hips_of(self.quiet).facts, "protocol": "levels", "noise_hu": level.noise_hu}
        facts |= {"slice_mm": level.slice_mm, "cut": level.cut}
        return Hips(cut(ct, part), np.ascontiguousarray(truth[part]), self.quiet, facts)


def mixed(quiet: np.ndarray, loud: np.ndarray, share: float) -> np.ndarray:
    """int16 scan with a share (0 to 1) of the noise that the loud one has over the quiet one, in a scanner's range."""
    noise = loud.astype(np.float32) - quiet
    values = np.rint(quiet + np.float32(share) * noise)
    return np.asarray(np.clip(values, -1024, 3071).astype(np.int16))


def cut_part(truth: np.ndarray, spacing_xyz_mm: tuple[float, float, float], name: str) -> Slices:
    """What of a scan is left, its axes running along S, P, L: of both femora alike a part lies out of view.

    ``lateral third``: of their width; ``head top``: 20 mm, nearly half of a head; ``posterior third``: of their depth.

    Raises:
        ValueError: an unknown cut.
    """
    z, y, x = (slice(0, n) for n in truth.shape)
    used = [np.flatnonzero(truth.any(axis=axes)) for axes in ((1, 2), (0, 2))]
    if name == "head top":
        return slice(0, int(used[0][-1]) + 1 - round(20.0 / spacing_xyz_mm[2])), y, x
    if name == "posterior third":
        first, last = int(used[1][0]), int(used[1][-1])
        return z, slice(0, last + 1 - (last + 1 - first) // 3), x
    if name == "lateral third":
        right, left = (np.flatnonzero((truth == label).any(axis=(0, 1))) for label in (2, 1))
        low = int(right[0]) + (int(right[-1]) + 1 - int(right[0])) // 3
        high = int(left[-1]) + 1 - (int(left[-1]) + 1 - int(left[0])) // 3
        return z, y, slice(low, high)
    if name != "none":
        raise ValueError(f"there is no cut {name!r}")
    return z, y, x


def is_unseen(first_seed: int, count: int) -> bool:
    """Whether none of these seeds may have been trained on."""
    return all(first_seed + count <= low or first_seed >= high for low, high in TRAINING_SEEDS)


def _ball(step: float = 0.125) -> np.ndarray:
    """(n, 3) points that fill the unit ball evenly."""
    line = np.arange(-1.0, 1.0 + step / 2, step)
    points = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(points[(points**2).sum(axis=1) <= 1.0])
