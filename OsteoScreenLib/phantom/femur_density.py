"""Where the femur is dense: cortex by place, the groups of trabeculae, Ward's triangle, marrow.

Groups after Singh 1970 (J Bone Joint Surg Am 52:457): the principal compressive group from the calcar to the top of the
head stays longer than the principal tensile group. Cortex: thin on the head and on top
of the neck, thick below the neck (calcar) and in the shaft (Treece 2010, Med Image Anal 14:276).
Lengths are for a head radius of 24 mm and scale with the bone.

How the zones stand to each other was fitted to six training hips (hip_ct 011, 012, 015, 021, 029, 031) by
``Testing/tools/fit_femur_density.py``: the bone model was laid into each femur's mask, HU was computed as a scanner of
the same voltage, kernel and slices would show it, and all values of :class:`FemurPattern` that the tool names were
moved together by least squares, each hip counting the same, with one level of density for each hip. Secondary groups
and the scar of the growth plate had a value each in that fit, and both came out as nothing; they are not painted. The
plate's height, reach and width stand at the limits that the fit was given. Compact density, shells of neck, trochanters
and shaft, level of the metaphysis and the strands' amplitude are from an earlier comparison with the same training
hips. How dense the whole bone is follows from published norms (``bone_density.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from OsteoScreenLib.phantom.bone_density import BoneTissue, bone_mineral
from OsteoScreenLib.phantom.femur_solid import FemurPoints, FemurSolid
from OsteoScreenLib.phantom.lattice_noise import lattice_noise
from OsteoScreenLib.phantom.tissue_canvas import Field, Mixture

_TROCHANTER_SHELL_MM = 0.9
_CORTEX_SHARE = 0.95
"""Of the skeleton's compact density; set by the HU of the cortex in the training scans, which it lies above still."""
# Height over the crossing of the axes (size 1) and share of the shaft's full cortical thickness.
_SHELL_LEVELS = (-300.0, -230.0, -100.0, -70.0, -45.0, -25.0, -8.0, 12.0)
_SHELL_SHARES = (0.72, 1.04, 1.04, 0.96, 0.70, 0.45, 0.24, 0.12)
TABLE_LOW_MM = -420.0

Blocks = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class FemurPattern:
    """How dense the zones of a young adult's femur are, mg/cm3 unless it says mm; places are for size 1.

    Attributes:
        head, neck, body: between the groups of trabeculae in the head, in the neck, in metaphysis and trochanters.
        fan, strands: principal compressive group and the deviation of its strands. tensile: principal tensile group.
        ward: what Ward's triangle lacks.
        plate: calcar femorale, with its place (share of the section behind its middle), its lean, its width (share of
            the half section), its height over the metaphysis's level and its reach up and down in mm.
        rise, rise_mm: what is added under the shell of the neck and the depth over which it falls to 1/e.
        rise_head: share of that in the head.
        canal_low_mm, canal_high_mm: heights between which spongy bone fades into the canal; canal: share left in it.
        head_shell_mm, neck_shell_mm: thickness of the compact shell of the head, and of the neck at its top;
            calcar_mm: what is added to the latter at its underside.
    """

    head: float = 85.0
    neck: float = 55.0
    body: float = 136.0
    fan: float = 186.0
    strands: float = 24.0
    tensile: float = 40.0
    ward: float = 13.0
    plate: float = 224.0
    plate_behind: float = 0.19
    plate_lean: float = 0.35
    plate_width: float = 0.25
    plate_height_mm: float = -20.0
    plate_reach_mm: float = 16.0
    rise: float = 350.0
    rise_mm: float = 1.65
    rise_head: float = 0.29
    canal_low_mm: float = -43.5
    canal_high_mm: float = -15.3
    canal: float = 0.22
    head_shell_mm: float = 0.34
    neck_shell_mm: float = 1.7
    calcar_mm: float = 2.4


PATTERN = FemurPattern()


@dataclass
class BoneIsland:
    """A knot of compact bone: centre (u, v, w) in the femur's frame and radius, mm."""

    centre: tuple[float, float, float]
    radius_mm: float


class FemurDensity:
    """Mineral and marrow of one femur at any point."""

    def __init__(
        self,
        femur: FemurSolid,
        tissue: BoneTissue,
        voxel_mm: float,
        sclerosis: float = 0.0,
        island: BoneIsland | None = None,
        pattern: FemurPattern = PATTERN,
    ) -> None:
        self.femur, self.tissue, self.voxel_mm, self.pattern = femur, tissue, voxel_mm, pattern
        self.sclerosis, self.island = sclerosis, island
        self.shape = femur.shape
        levels = np.arange(TABLE_LOW_MM, 60.0, 0.5)
        shell = np.interp(levels, np.array(_SHELL_LEVELS) * self.shape.size, _SHELL_SHARES)
        self._shell = (shell * self.shape.shaft_cortex_mm).astype(np.float32)
        # Trabeculae are sheets and rods along the lines of stress: noise in coordinates that follow these lines.
        self._fan_strands = lattice_noise(tissue.seed * 7 + 15, (1.5, 1.9, 11.0))
        self._arc_strands = lattice_noise(tissue.seed * 7 + 16, (1.4, 2.2, 13.0))
        # The inner face of the cortex is scalloped.
        self._scallops = lattice_noise(tissue.seed * 7 + 17, (3.2, 3.2, 6.5))

    def mineral(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Hydroxyapatite in mg/cm3."""
        points = self.femur.at(x, y, z)
        depth = -points.distance
        neck, base = self._parts(points)
        thickness = self.tissue.thickness(self.cortex_mm(points, neck, base))
        uneven = np.clip(0.15 * self.tissue.patches(x, y, z) + 0.12 * self._scallops(x, y, z), -0.45, 0.6)
        thickness = thickness + uneven * np.minimum(thickness, 2.8)
        spongy = self.tissue.spongy(self._trabeculae(points, thickness, (neck, base), (x, y, z)), x, y, z)
        cortical = (_CORTEX_SHARE * self.tissue.cortical_density) * (
            0.80 + 0.20 * np.clip((thickness - 0.6) / 2.4, 0.0, 1.0)
        )
        value = bone_mineral(depth, thickness, cortical, spongy, self.voxel_mm)
        return value if self.island is None else self._with_island(value, points)

    def marrow(self) -> Mixture:
        """Red and yellow marrow: fat in head and trochanter, remnants of red in neck and shaft."""
        fat = {part: self.tissue.marrow_fat(f"femoral_{part}") for part in ("head", "neck", "shaft")}

        def share(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
            points = self.femur.at(x, y, z)
            neck, base = self._parts(points)
            value = fat["head"] + (fat["neck"] - fat["head"]) * neck + (fat["shaft"] - fat["neck"]) * base
            trochanter = np.clip((points.lateral - 0.2) * 1.6, 0.0, 1.0) * np.clip(points.height / 20.0 + 1.0, 0.0, 1.0)
            value = value + (self.tissue.marrow_fat("trochanter") - value) * trochanter
            return value + 0.09 * self.tissue.patches(x, y, z)

        return Mixture("red_marrow", "yellow_marrow", share)

    def _parts(self, points: FemurPoints) -> tuple[np.ndarray, np.ndarray]:
        """From 0 in the head to 1 in the neck, and from 0 in the neck to 1 in metaphysis and shaft."""
        radius, length = self.shape.head_radius_mm, self.shape.neck_length_mm
        return _ramp(points.along, 0.60 * radius, 1.0 * radius), _ramp(points.along, length - 18.0, length - 2.0)

    def cortex_mm(self, points: FemurPoints, neck: np.ndarray, base: np.ndarray) -> np.ndarray:
        """A young adult's cortical thickness."""
        size = self.shape.size
        below = np.clip(-points.across / self.shape.neck_half_height_mm, 0.0, 1.0)
        below = below * np.exp(-0.5 * ((points.v + 2.0 * size) / (10.0 * size)) ** 2)
        thicker = self.pattern.calcar_mm * (1.0 + 0.67 * _ramp(points.along, 20.0 * size, 40.0 * size))
        neck_shell = self.pattern.neck_shell_mm * size + thicker * size * below
        # Thick bone reaches higher at the inner and front side of the shaft than at its outer and back side.
        side = np.clip(points.lateral, -1.1, 1.3) * (13.0 * size) + np.clip(points.posterior, -1.1, 1.6) * (15.0 * size)
        fade = np.clip(1.0 + (points.height + 45.0 * size) / (45.0 * size), 0.0, 1.0)
        index = ((points.height + side * fade - TABLE_LOW_MM) * 2.0).astype(np.int32)
        shaft = np.maximum(self._shell[np.clip(index, 0, len(self._shell) - 1)], _TROCHANTER_SHELL_MM)
        # The lesser trochanter stands out of the section: its own shell is thin.
        outside = np.clip((points.lateral**2 + points.posterior**2 - 1.25) * 2.0, 0.0, 1.0) * (
            points.height > -60.0 * size
        )
        shaft = shaft + (1.3 - shaft) * outside * (points.lateral < 0.0)
        head_shell = self.pattern.head_shell_mm
        return head_shell + (neck_shell - head_shell) * neck + (shaft - neck_shell) * base

    def _trabeculae(self, points: FemurPoints, thickness: np.ndarray, parts: Blocks, place: Blocks) -> np.ndarray:
        """Density between the shells, before its texture."""
        depth, (neck, base) = -points.distance, parts
        loss, size, pattern = self.tissue.loss, self.shape.size, self.pattern
        head, neck_mean, body = pattern.head * loss(1.7), pattern.neck * loss(1.9), pattern.body * loss(1.9)
        value = head + (neck_mean - head) * neck + (body - neck_mean) * base
        value = np.maximum(value + self._groups(points, *place), 8.0)
        # Spongy bone condenses towards the shell, more so where the shell is thick.
        inner = np.maximum(depth - thickness, 0.0)
        share = pattern.rise_head + (1.0 - pattern.rise_head) * neck
        value = value + (pattern.rise * loss(2.0)) * np.exp(inner * (-1.0 / pattern.rise_mm)) * share
        # Towards the shaft's canal the spongy bone fades; a share stays, as the scans show it.
        above = _ramp(points.height, pattern.canal_low_mm * size, pattern.canal_high_mm * size)
        value = value * (pattern.canal + (1.0 - pattern.canal) * above)
        if self.sclerosis > 0.0:
            top = np.clip((points.w - 0.45 * self.shape.head_radius_mm) / 8.0, 0.0, 1.0)
            value = value + (450.0 * self.sclerosis) * top * np.exp(-depth / 4.0) * (1.0 - neck)
        return value

    def _groups(self, points: FemurPoints, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Compressive and tensile groups, Ward's triangle, and the calcar's plate."""
        loss, size, pattern = self.tissue.loss, self.shape.size, self.pattern
        # In coordinates that bend with the neck: on its axis, and square to it, for size 1.
        s = points.along * (1.0 / size)
        q = points.across * (1.0 / size)
        v2 = (points.v * (1.0 / size)) ** 2
        # A fan: from the calcar to the top of the head, steep, leaning inwards.
        course = 0.50 * s + 0.87 * q - 0.9  # across the fan
        rise = 21.5 + 0.50 * q - 0.87 * s  # along it, 0 below the head, about 40 at its top
        width = 5.5 + 0.12 * np.clip(rise, 0.0, 45.0)
        fan = np.exp(-0.5 * (course / width) ** 2 - v2 * (1.0 / 1000.0)) * np.clip(rise / 8.0 + 1.0, 0.0, 1.0)
        # An arc: from the outer cortex over the top of the neck into the lower half of the head. Its course wavers.
        waver = self.tissue.patches(x, y, z)
        from_middle = np.sqrt((s - 36.0) ** 2 + (q + 52.0) ** 2)
        arc = from_middle - 61.0 + 0.9 * waver
        tensile = np.exp(-0.5 * (arc * (1.0 / 4.6)) ** 2 - v2 * (1.0 / 260.0)) * np.clip((58.0 - s) / 12.0, 0.0, 1.0)
        ward = np.exp(-0.5 * (((s - 37.0) / 8.5) ** 2 + ((q + 1.0) / 7.5) ** 2) - v2 * (1.0 / 200.0))
        # Calcar femorale: a plate that stands behind the inner cortex at the level of the lesser trochanter.
        high = points.height * (1.0 / size)
        aside = points.posterior - pattern.plate_behind - pattern.plate_lean * (points.lateral + 0.75)
        level = (high - pattern.plate_height_mm) * (1.0 / pattern.plate_reach_mm)
        plate = np.exp(-0.5 * (aside * (1.0 / pattern.plate_width)) ** 2 - 0.5 * level**2)
        plate = plate * _ramp(-points.lateral, 0.05, 0.5)
        # Strands run along the fan and along the arc, bent and spaced unevenly.
        spongy = (points.distance < 1.0) & (high > -80.0)
        spread = course * (1.0 + 0.10 * waver) + 0.8 * waver
        fan_strands = _where(self._fan_strands, spongy, spread, points.v + 0.6 * waver, rise)
        turn = 61.0 * np.arctan2(s - 36.0, q + 52.0)
        arc_strands = _where(self._arc_strands, spongy & (tensile > 0.04), arc, points.v + 0.6 * waver, turn)
        return (
            (pattern.fan * loss(1.2)) * fan
            + (pattern.strands * loss(1.2)) * fan_strands * (1.0 - 0.6 * tensile + 0.9 * fan)
            + (pattern.plate * loss(1.3)) * plate
            + (pattern.tensile * loss(2.0)) * tensile * (1.0 + 0.42 * arc_strands)
            - (pattern.ward * loss(1.4)) * ward
        )

    def _with_island(self, value: np.ndarray, points: FemurPoints) -> np.ndarray:
        assert self.island is not None
        u, v, w = self.island.centre
        away = np.sqrt((points.u - u) ** 2 + (points.v - v) ** 2 + (points.w - w) ** 2) - self.island.radius_mm
        share = np.clip(0.5 - away / (self.voxel_mm + 0.8), 0.0, 1.0)
        return value + share * np.maximum(1000.0 - value, 0.0)


def _where(noise: Field, mask: np.ndarray, *coordinates: np.ndarray) -> np.ndarray:
    """Noise at the points of a mask, 0 elsewhere."""
    result = np.zeros(mask.shape, dtype=np.float32)
    result[mask] = noise(*(np.broadcast_to(values, mask.shape)[mask] for values in coordinates))
    return result


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Smooth step from 0 at ``low`` to 1 at ``high``."""
    part = np.clip((values - low) * (1.0 / (high - low)), 0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)
