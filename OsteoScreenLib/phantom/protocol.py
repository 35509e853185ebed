"""How a digital patient is scanned: tube voltage, kernel, noise, slices, field of view, and which scanner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from OsteoScreenLib.phantom.attenuation import REFERENCE_WATER_CM
from OsteoScreenLib.phantom.kernels import KERNELS, Kernel
from OsteoScreenLib.phantom.materials import PHASES


@dataclass(frozen=True)
class Protocol:
    """A scan protocol on a scanner.

    Attributes:
        name: of the protocol.
        kvp: tube voltage, 80 to 140.
        phase: contrast phase, one of ``materials.PHASES``.
        kernel: name of a kernel of ``kernels.KERNELS``.
        noise_hu: standard deviation in the middle of a water cylinder of 300 mm, in a slice of this protocol.
        iterative: strength of iterative reconstruction, 0 (filtered back projection) to 1.
        tube_modulation: 0 (one tube current) to 1 (current follows each view's attenuation wholly); scanners use about
            0.5.
        electronic: share of electronic noise in the variance behind 300 mm of water; it grows fast behind more.
        slice_thickness_mm: width of the slice. spacing_xyz_mm: voxel size, z being the distance between slices.
        fov_mm: diameter of the round field of view; None: the square grid is full.
        fov_centre_mm: its centre, LPS (x, y), relative to the middle of the body.
        tilt_deg: how the patient lies, in degrees: rolled about the body axis (positive: to the left), yawed in the
            plane of the table, pitched.
        cupping_hu: how much darker the middle of a 300 mm water cylinder is than its border.
        hardening: share of the physical beam hardening by bone that the scanner does not correct, 0 to 1.
        water_cm: water behind which the beam's spectrum is taken, 20 to 32: how far a body hardens it; 26 for all,
            unless a study asks for each body's own.
        hu_scale, hu_offset: the site's effect: HU + 1000 is multiplied, then the offset is added.
        padding_hu: stored outside of the field of view. lowest_hu, highest_hu: range that can be stored.
        table: whether the patient lies on a table that is seen.
        manufacturer, model: invented names. site: number of the site in a cohort.
    """

    name: str
    kvp: float = 120.0
    phase: str = "none"
    kernel: str = "STANDARD"
    noise_hu: float = 11.0
    iterative: float = 0.0
    tube_modulation: float = 0.5
    electronic: float = 0.005
    slice_thickness_mm: float = 1.5
    spacing_xyz_mm: tuple[float, float, float] = (1.5, 1.5, 1.5)
    fov_mm: float | None = None
    fov_centre_mm: tuple[float, float] = (0.0, 0.0)
    tilt_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    cupping_hu: float = 3.0
    hardening: float = 0.5
    water_cm: float = REFERENCE_WATER_CM
    hu_scale: float = 1.0
    hu_offset: float = 0.0
    padding_hu: float = -1024.0
    lowest_hu: float = -1024.0
    highest_hu: float = 3071.0
    table: bool = True
    manufacturer: str = "OsteoScreen Sim"
    model: str = "Sim A"
    site: int = 0

    @property
    def convolution(self) -> Kernel:
        """The kernel itself. Raises KeyError for an unknown name."""
        return KERNELS[self.kernel]

    def is_valid(self) -> tuple[bool, str]:
        """Whether this can be scanned with, and if not, why."""
        checks = (
            (80 <= self.kvp <= 140, f"kvp lies between 80 and 140, not at {self.kvp:g}"),
            (self.phase in PHASES, f"phase is one of {', '.join(PHASES)}, not {self.phase!r}"),
            (self.kernel in KERNELS, f"kernel is one of {', '.join(KERNELS)}, not {self.kernel!r}"),
            (self.noise_hu >= 0, f"noise_hu is not negative: {self.noise_hu:g}"),
            (0 <= self.iterative <= 1, f"iterative lies between 0 and 1, not at {self.iterative:g}"),
            (0 <= self.tube_modulation <= 1, f"tube_modulation lies between 0 and 1, not at {self.tube_modulation:g}"),
            (0 <= self.hardening <= 1, f"hardening lies between 0 and 1, not at {self.hardening:g}"),
            (20 <= self.water_cm <= 32, f"water_cm lies between 20 and 32, not at {self.water_cm:g}"),
            (self.slice_thickness_mm > 0, f"slice_thickness_mm is positive, not {self.slice_thickness_mm:g}"),
            (all(s > 0 for s in self.spacing_xyz_mm), f"voxel sizes are positive, not {self.spacing_xyz_mm}"),
            (self.fov_mm is None or self.fov_mm > 0, f"fov_mm is positive or None, not {self.fov_mm}"),
            (-32768 <= self.lowest_hu < self.highest_hu <= 32767, "the range of HU does not fit 16 bits"),
            (-32768 <= self.padding_hu <= 32767, f"padding_hu does not fit 16 bits: {self.padding_hu:g}"),
        )
        for holds, reason in checks:
            if not holds:
                return False, reason
        return True, ""


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            # As in studies of the femur on low-dose abdominal CT: 120 kVp, some 30 mAs, whole pelvis, thin soft slices.
            Protocol("low-dose-abdomen", noise_hu=26.0, kernel="STANDARD", electronic=0.03, tube_modulation=0.3),
            # The lowest part of such a scan, which is all that a study of the femur reads, in about half the time.
            Protocol("low-dose-pelvis", noise_hu=26.0, kernel="STANDARD", electronic=0.03, tube_modulation=0.3),
            Protocol("abdomen", noise_hu=11.0, kernel="STANDARD"),
            Protocol("abdomen-portal-venous", noise_hu=11.0, kernel="SOFT", phase="portal_venous", iterative=0.3),
            Protocol("chest", noise_hu=16.0, kernel="STANDARD", electronic=0.01),
            Protocol(
                "thin-sharp",
                noise_hu=48.0,
                kernel="BONE",
                slice_thickness_mm=0.8,
                spacing_xyz_mm=(0.8, 0.8, 0.8),
            ),
            Protocol(
                "hip",
                kvp=140.0,
                noise_hu=30.0,
                tube_modulation=0.2,
                kernel="SOFT",
                slice_thickness_mm=3.0,
                spacing_xyz_mm=(0.98, 0.98, 3.0),
                model="Sim B",
            ),
        )
    }
)


def draw_protocol(base: Protocol, rng: np.random.Generator) -> Protocol:
    """A random variant of a protocol, as different scanners, patients and radiographers would make it.

    Voltage, kernel, noise, slice thickness, patient position, hardening and the site's effect vary widely; name, phase,
    spacing and field of view stay.
    """
    kernels = [name for name in KERNELS if name != "BONE"] if base.kernel != "BONE" else ["LUNG", "BONE"]
    voltages, shares = (80, 90, 100, 110, 120, 130, 140), (0.03, 0.02, 0.17, 0.05, 0.6, 0.05, 0.08)
    kvp = float(rng.choice(voltages, p=shares))
    spacing_z = base.spacing_xyz_mm[2]
    return replace(
        base,
        kvp=kvp,
        kernel=str(rng.choice(kernels)),
        noise_hu=float(base.noise_hu * np.exp(rng.normal(0.0, 0.35))),
        iterative=float(rng.choice([0.0, rng.uniform(0.2, 1.0)])),
        tube_modulation=float(rng.uniform(0.0, 0.8)),
        electronic=float(base.electronic * np.exp(rng.normal(0.0, 0.7))),
        slice_thickness_mm=float(spacing_z * rng.choice([1.0, 1.0, 1.25, 1.67, 2.0, 3.0])),
        tilt_deg=(float(rng.normal(0, 3.0)), float(rng.normal(0, 1.5)), float(rng.normal(0, 1.5))),
        cupping_hu=float(rng.normal(3.0, 2.5)),
        hardening=float(rng.uniform(0.1, 0.9)),
        hu_scale=float(rng.normal(1.0, 0.008)),
        hu_offset=float(rng.normal(0.0, 3.0)),
        table=bool(rng.random() < 0.85),
        model=f"Sim {rng.choice(list('ABCDEF'))}",
    )
