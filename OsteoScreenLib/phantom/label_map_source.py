"""The second source of anatomy: real label maps, deformed, painted with the same materials, bone and scanner.

What a label map lacks is made up: fat and skin around the outline of all labels, and bladder, rectum, bowel and vessels
in the space that muscles and bones leave. The samples are for training segmenters; they have no true T-score.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.bone_density import BoneTissue, bone_tissue
from OsteoScreenLib.phantom.bone_painting import BoneRecipe, paint_bone, pieces
from OsteoScreenLib.phantom.ct_scanner import scan
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.femur_density import FemurDensity
from OsteoScreenLib.phantom.femur_shape import FemurShape
from OsteoScreenLib.phantom.femur_solid import BoneFrame, FemurPoints, FemurSolid
from OsteoScreenLib.phantom.label_map_contents import paint_contents
from OsteoScreenLib.phantom.label_map_reading import LabelMap, read_label_map
from OsteoScreenLib.phantom.label_map_warp import Warp, draw_warp, rotation, sampled, warped
from OsteoScreenLib.phantom.labels import LABEL, sided
from OsteoScreenLib.phantom.lattice_noise import lattice_noise
from OsteoScreenLib.phantom.protocol import PROTOCOLS, Protocol
from OsteoScreenLib.phantom.shapes import Solid, inset, minus, sphere
from OsteoScreenLib.phantom.swept_shapes import remembered
from OsteoScreenLib.phantom.tissue_canvas import Mixture, TissueCanvas
from OsteoScreenLib.phantom.traits import PatientTraits
from OsteoScreenLib.phantom.truth import PatientTruth

SAMPLE_SHAPE = (192, 192, 192)
SLAB_SLICES = 24
SKIN_MM = 1.8
_RECIPES = {
    "hip": BoneRecipe("ilium", 1.3),
    "sacrum": BoneRecipe("sacrum", 0.8),
    "vertebra": BoneRecipe("vertebra", 0.7),
}


@dataclass(frozen=True, eq=False)
class LabelMapSample:
    """A simulated scan of a deformed label map.

    Attributes:
        ct: the image. labels: (z, y, x) uint8, numbers of ``labels.LABEL``; vertebrae have no name.
        mineral: (z, y, x) float32, hydroxyapatite in mg/cm3. traits, protocol: density, scan. source: the map's name.
        truth, landmarks_in_image: None, they are not known.
    """

    ct: CTVolume
    labels: np.ndarray
    mineral: np.ndarray
    traits: PatientTraits
    protocol: Protocol
    source: str
    truth: PatientTruth | None = None
    landmarks_in_image: None = None


class MappedFemur:
    """A label map's femur that answers as :class:`FemurSolid` does, so that the same density model fills it."""

    def __init__(self, anatomy: LabelMap, side: str, warp: Warp) -> None:
        self.shape: FemurShape
        frame: BoneFrame
        self.shape, frame = anatomy.femurs[side]
        self._model = FemurSolid(self.shape)
        self._frame, self._warp = frame, warp
        self._distances = anatomy.bones["femur_left" if side == "L" else "femur_right"]
        self._last: tuple[np.ndarray, np.ndarray, np.ndarray, FemurPoints] | None = None

    @property
    def solid(self) -> Solid:
        """The bone in the deformed patient."""
        base = warped(self._distances, self._warp)
        return Solid(self.distance, base.low, base.high)

    def distance(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Signed distance to the surface, mm."""
        return self.at(x, y, z).distance

    def at(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> FemurPoints:
        """Everything about points: coordinates from the fitted frame, the distance from the label map."""
        last = self._last
        if last is not None and last[0] is x and last[1] is y and last[2] is z:
            return last[3]
        places = self._warp(x, y, z)
        distance = sampled(self._distances, places) * self._warp.stretch
        points = self._model.local(*self._frame.to_local(*places), known_distance=distance)
        self._last = (x, y, z, points)
        return points


def make_from_label_map(
    path: str | Path,
    seed: int,
    protocol: Protocol | None = None,
    *,
    shape_zyx: tuple[int, int, int] = SAMPLE_SHAPE,
    spacing_mm: float = 1.5,
    centre: tuple[float, float, float] | None = None,
    strength: float = 1.0,
    workers: int = 2,
) -> LabelMapSample:
    """Deform, paint and scan a label map; the same bytes for the same arguments on one platform.

    Args:
        path: of the label map, in any format that CTs may have.
        seed: of deformation, density, scan and field of view.
        protocol: how to scan; its spacing is replaced. None: a random variant of ``low-dose-abdomen``.
        shape_zyx, spacing_mm: of the sample.
        centre: LPS mm from the middle between the femoral heads; None: drawn around one of the hips.
        strength: of the deformation; 0: none.
        workers: threads.

    Raises:
        InputError: the map cannot be read.
    """
    from OsteoScreenLib.phantom.protocol import draw_protocol

    anatomy = read_label_map(path)
    rng = np.random.default_rng([seed, *b"label map"])
    traits = draw_patient(seed, sex="M", implant=None, implant_side=None)
    warp = draw_warp(rng, seed, strength)
    used = protocol or draw_protocol(PROTOCOLS["low-dose-abdomen"], rng)
    used = replace(used, spacing_xyz_mm=(spacing_mm,) * 3, tilt_deg=(0.0, 0.0, 0.0), fov_mm=None)
    if centre is None:
        side = 1.0 if rng.random() < 0.5 else -1.0
        x, y, z = rng.normal((side * 60.0, 10.0, -10.0), (25.0, 8.0, 30.0)).tolist()
        centre = (x, y, z)
    grid = _grid(shape_zyx, spacing_mm, centre)
    turns = {side: rotation(strength * rng.normal(0.0, (9.0, 5.0, 8.0))) for side in "LR"}
    beam = Beam.of(used.kvp, used.phase, used.water_cm)
    canvas = TissueCanvas(grid, beam.hu)
    scene = _Scene(anatomy, warp, turns, traits, rng, spacing_mm)

    def paint(start: int) -> None:
        scene.paint(canvas.slab(slice(start, start + SLAB_SLICES)))

    with ThreadPoolExecutor(max(1, workers)) as pool:
        list(pool.map(paint, range(0, shape_zyx[0], SLAB_SLICES)))
    image = scan(
        beam.bone_hu(canvas.soft_hu, canvas.mineral, out=canvas.soft_hu),
        grid,
        used,
        np.random.default_rng([seed, *b"label map scan"]),
        workers=workers,
    )
    return LabelMapSample(
        _volume(image, grid, traits, used, seed), canvas.label, canvas.mineral, traits, used, anatomy.name
    )


def _grid(shape_zyx: tuple[int, int, int], spacing: float, centre: tuple[float, float, float]) -> Geometry:
    x, y, z = (c - (n - 1) / 2 * spacing for c, n in zip(centre, shape_zyx[::-1], strict=True))
    return Geometry(shape_zyx, (spacing,) * 3, (x, y, z), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))


class _Scene:
    """Everything of one sample that is worked out before painting."""

    def __init__(
        self,
        anatomy: LabelMap,
        warp: Warp,
        turns: dict[str, np.ndarray],
        traits: PatientTraits,
        rng: np.random.Generator,
        voxel_mm: float,
    ) -> None:
        self.anatomy, self.warp, self.traits = anatomy, warp, traits
        self.tissue: BoneTissue = bone_tissue(traits)
        self.fat_mm = float(np.clip(10.0 * np.exp(0.09 * (traits.bmi - 25.0)) * np.exp(rng.normal(0, 0.3)), 3.0, 45.0))
        self.fibre_fat = float(np.clip(0.04 + 0.003 * (traits.age_years - 40.0) + rng.normal(0, 0.05), 0.0, 0.4))
        self.gap_mm = float(rng.uniform(0.8, 4.0))
        self.contents_seed = int(rng.integers(2**31))
        self.femur_warps = {}
        self.heads = {}
        for side, (shape, _) in anatomy.femurs.items():
            head = warp.inverse_of(shape.head_centre)
            self.heads[side] = (head, shape.head_radius_mm * warp.stretch)
            self.femur_warps[side] = replace(warp, turn=turns[side], pivot=head)
        self.femur_pieces = {
            side: pieces(MappedFemur(anatomy, side, femur_warp).solid, voxel_mm)
            for side, femur_warp in self.femur_warps.items()
        }
        self.body = warped(anatomy.body, warp, coarse=True)
        self.muscle = warped(anatomy.muscle, warp)
        self.bones = {name: self._bone(name) for name in anatomy.bones if not name.startswith("femur")}
        self.fibres = lattice_noise(traits.seed * 13 + 1, (3.0, 3.0, 11.0))

    def paint(self, canvas: TissueCanvas) -> None:
        self._paint_body(canvas)
        paint_contents(canvas, self.heads, self.traits, self.contents_seed)
        self._paint_muscles(canvas)
        femurs = {side: MappedFemur(self.anatomy, side, warp) for side, warp in self.femur_warps.items()}
        for head, radius in self.heads.values():
            canvas.paint(sphere(head, radius + self.gap_mm), "cartilage", label=LABEL["cartilage"])
        for name, solid in self.bones.items():
            paint_bone(canvas, solid, self.tissue, _RECIPES[name.split("_")[0]], LABEL[name])
        for side, femur in femurs.items():
            density = FemurDensity(femur, self.tissue, canvas.voxel_mm, self.traits.sclerosis)  # type: ignore[arg-type]
            for low, high in self.femur_pieces[side]:
                canvas.paint(
                    Solid(femur.distance, low, high),
                    density.marrow(),
                    mineral=density.mineral,
                    label=sided("femur", side),
                )

    def _bone(self, name: str) -> Solid:
        solid = warped(self.anatomy.bones[name], self.warp)
        if not name.startswith("hip"):
            return solid
        head, radius = self.heads["L" if name.endswith("left") else "R"]
        return minus(solid, sphere(head, radius + self.gap_mm))

    def _paint_body(self, canvas: TissueCanvas) -> None:
        reach = 70.0
        low, high = np.asarray(self.body.low) - reach, np.asarray(self.body.high) + reach
        # One evaluation serves all three layers.
        known = remembered(Solid(self.body.distance, tuple(low.tolist()), tuple(high.tolist())))
        fat = self.fat_mm

        def skin(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
            return known.distance(x, y, z) - fat

        canvas.paint(Solid(skin, known.low, known.high), "skin", label=LABEL["skin"])
        beneath = inset(Solid(skin, known.low, known.high), SKIN_MM)
        canvas.paint(beneath, "fat", label=LABEL["subcutaneous_fat"])
        canvas.paint(known, "fat", label=LABEL["visceral_fat"])

    def _paint_muscles(self, canvas: TissueCanvas) -> None:
        share = Mixture("muscle", "fat", lambda x, y, z: self.fibre_fat * (1.0 + 0.7 * self.fibres(x, y, z)))
        canvas.paint(self.muscle, share, label=LABEL["other_muscle"])
        self._name_muscles(canvas)

    def _name_muscles(self, canvas: TissueCanvas) -> None:
        """Give each voxel of muscle the label of the nearest source voxel."""
        where = np.nonzero(canvas.label == LABEL["other_muscle"])
        if where[0].size == 0:
            return
        muscle = self.anatomy.muscle
        box = tuple(slice(int(index.min()), int(index.max()) + 1) for index in where)
        places = self.warp(canvas.x[:, :, box[2]], canvas.y[:, box[1]], canvas.z[box[0]])
        local = tuple(index - part.start for index, part in zip(where, box, strict=True))
        found = []
        for place, origin, count in zip(places, muscle.origin, muscle.steps.shape[::-1], strict=True):
            index = np.rint((place[local] - origin) / muscle.spacing_mm).astype(np.int32)
            found.append(np.clip(index, 0, count - 1))
        names = self.anatomy.muscle_labels[found[2], found[1], found[0]]
        canvas.label[where] = np.where(names > 0, names, LABEL["other_muscle"])


def _volume(image: np.ndarray, grid: Geometry, traits: PatientTraits, protocol: Protocol, seed: int) -> CTVolume:
    from OsteoScreenLib.phantom.write_patient import acquisition_of

    image.setflags(write=False)
    note = "Made by OsteoScreen: a deformed label map, simulated, not a person."
    source = Source(name=f"label-map-{seed}", kind="simulation", notes=(note,))
    return CTVolume(hu=image, geometry=grid, acquisition=acquisition_of(traits, protocol), source=source)
