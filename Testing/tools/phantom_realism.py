"""Compares the hips of digital patients with real hips: histograms of HU and of in-plane gradients, by region.

    python Testing/tools/phantom_realism.py ../shared/data --out realism.json [--dials] [--held-out] [--per-case 2]

For every real hip, digital patients of the same sex are scanned with the same tube voltage, kernel name, spacing and
slice thickness, and cropped where the real femur lies in its crop. Regions: ``body`` (the body within the crop),
``around`` (3 to 15 mm outside of the femur), ``femur`` (the femur's mask). Tumours and 6 mm around them do not count.

Distances: Wasserstein's (in HU, or HU/mm for gradients) and Jensen and Shannon's (0 to 1, base 2) between a hip's
histogram and that of all other training hips together. Real hips against each other are the yardstick. With
``--dials`` the same patients are scanned again with one thing changed each, to see what brings them nearer.

Only the training hips may be used to change anything. The held-out ones are opened with ``--held-out`` only; they are
measured and reported, no more.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from hip_histograms import REGIONS, Hip, describe, distances, histograms, near, pooled

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.phantom.attenuation import Beam
from OsteoScreenLib.phantom.ct_scanner import scan
from OsteoScreenLib.phantom.digital_patient import paint_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.femur import paint_femora
from OsteoScreenLib.phantom.labels import LABEL, MUSCLES, sided
from OsteoScreenLib.phantom.plan import BodyPlan, plan_body
from OsteoScreenLib.phantom.protocol import PROTOCOLS, Protocol
from OsteoScreenLib.phantom.soft_anatomy import make_soft_anatomy
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas

TRAINING = ("007", "011", "012", "015", "021", "029", "031", "048", "050")
HELD_OUT = ("036", "040")
TUMOUR_MARGIN_MM = 6.0
UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
SURROUNDINGS_MM = 6.0
COMPACT_MG_CM3 = 700.0
FATS = ("subcutaneous_fat", "visceral_fat", "intermuscular_fat")


def load_hip(folder: Path, case: str, record: Mapping[str, object]) -> Hip:
    """Read one of the cropped hips with its masks."""
    ct = read_ct(folder / f"STS_{case}_CT.nii.gz")
    femur = read_ct(folder / f"STS_{case}_femur.nii.gz").hu
    tumour = read_ct(folder / f"STS_{case}_GTVmask.nii.gz").hu > 0
    spacing = ct.geometry.spacing_xyz_mm
    return Hip(
        name=case,
        hu=ct.hu,
        femur=femur > 0,
        excluded=near(tumour, spacing, TUMOUR_MARGIN_MM),
        spacing_xyz_mm=spacing,
        sex=str(record["sex"]),
        side="L" if (femur == 1).any() else "R",
        kvp=float(str(record["kvp"])),
        kernel=str(record["kernel"]),
    )


def load_whole_example(folder: Path) -> Hip:
    """The clean right femur of the whole-body example, with what lies within 6 cm of it."""
    ct = read_ct(folder / "example_ct.nii.gz")
    labels = read_ct(folder / "example_seg_v1_104class.nii.gz")
    view, numbers = ct.anatomical(), labels.anatomical().array
    femur = numbers == 89
    sz, sy, sx = view.spacing_spl_mm
    margin = [round(60.0 / s) for s in (sz, sy, sx)]
    box = tuple(
        slice(max(0, int(index.min()) - m), int(index.max()) + 1 + m)
        for index, m in zip(np.nonzero(femur), margin, strict=True)
    )
    return Hip("whole", view.array[box], femur[box], np.zeros(femur[box].shape, bool), (sx, sy, sz), side="R", kvp=120)


@dataclass(frozen=True, eq=False)
class Painted:
    """A digital hip before it is scanned, so that it can be scanned in several ways."""

    name: str
    seed: int
    canvas: TissueCanvas
    femur: np.ndarray
    protocol: Protocol
    surroundings: tuple[np.ndarray, Geometry]
    pattern: Hip

    def scanned(self, protocol: Protocol | None = None, shifts: Mapping[str, float] | None = None) -> Hip:
        """Scan it; ``shifts``: HU added to ``fat``, ``muscle`` or ``marrow``, share added to the ``cortex``."""
        protocol = protocol or self.protocol
        shifts = shifts or {}
        mineral = self.canvas.mineral
        denser = np.where(mineral > COMPACT_MG_CM3, np.float32(1.0 + shifts.get("cortex", 0.0)), np.float32(1.0))
        hu = Beam.of(protocol.kvp, protocol.phase).bone_hu(self.canvas.soft_hu + self._shift(shifts), mineral * denser)
        rng = np.random.default_rng([self.seed, *b"realism"])
        image = scan(hu, self.canvas.geometry, protocol, rng, surroundings=self.surroundings)
        nothing = np.zeros(image.shape, dtype=bool)
        return replace(self.pattern, name=self.name, hu=image, femur=self.femur, excluded=nothing)

    def _shift(self, shifts: Mapping[str, float]) -> np.ndarray:
        groups = {"fat": FATS, "muscle": MUSCLES, "marrow": ("femur_left", "femur_right")}
        table = np.zeros(256, dtype=np.float32)
        for name, members in groups.items():
            table[[LABEL[member] for member in members]] = shifts.get(name, 0.0)
        return table[self.canvas.label]


def paint_like(pattern: Hip, seed: int) -> Painted:
    """Paint the hip of a digital patient as a real one was cropped; the field of view does not change the noise."""
    traits = replace(
        draw_patient(seed, sex=pattern.sex), implant=None, implant_side=None, age_years=35.0 + 9.7 * (seed % 5)
    )
    plan = plan_body(traits)
    anatomy = make_soft_anatomy(plan)
    spacing = pattern.spacing_xyz_mm
    protocol = replace(
        PROTOCOLS["hip"], kvp=pattern.kvp, kernel=pattern.kernel, spacing_xyz_mm=spacing, slice_thickness_mm=spacing[2]
    )
    beam = Beam.of(protocol.kvp, protocol.phase)
    origin = crop_origin(pattern, plan)
    canvas = TissueCanvas(Geometry(pattern.hu.shape, spacing, origin, UPRIGHT), beam.hu)
    paint_patient(canvas, plan, anatomy)
    levels = np.arange(pattern.hu.shape[0], dtype=np.float32) * spacing[2] + origin[2]
    x_low, x_high, y_low, y_high = anatomy.surface.reach(levels)
    counts = [max(1, round(extent / SURROUNDINGS_MM)) for extent in (x_high - x_low + 24, y_high - y_low + 60)]
    whole = Geometry(
        (max(1, round(len(levels) * spacing[2] / SURROUNDINGS_MM)), counts[1], counts[0]),
        (SURROUNDINGS_MM,) * 3,
        (float(x_low) - 12, float(y_low) - 12, origin[2]),
        UPRIGHT,
    )
    wide = TissueCanvas(whole, beam.hu)
    paint_patient(wide, plan, anatomy)
    return Painted(
        name=f"{pattern.name}/{seed}",
        seed=seed,
        canvas=canvas,
        femur=canvas.label == sided("femur", pattern.side),
        protocol=protocol,
        surroundings=(beam.bone_hu(wide.soft_hu, wide.mineral), whole),
        pattern=pattern,
    )


def crop_origin(pattern: Hip, plan: BodyPlan) -> tuple[float, float, float]:
    """Where to crop so that the digital femur lies in it as the real one does in its crop: where they overlap best."""
    from scipy.signal import fftconvolve

    sx, sy, sz = pattern.spacing_xyz_mm
    fine = (2 * sx, 2 * sy, sz)
    head = plan.head_centre(pattern.side)
    low = (head[0] - 90.0, head[1] - 80.0, head[2] - 260.0)
    shape = (round(300 / sz), round(170 / fine[1]), round(180 / fine[0]))
    canvas = TissueCanvas(Geometry(shape, fine, low, UPRIGHT), Beam.of(120.0).hu)
    paint_femora(canvas, plan)
    digital = (canvas.label == sided("femur", pattern.side)).astype(np.float32)
    real = pattern.femur[:, ::2, ::2].astype(np.float32)
    backwards = real[::-1, ::-1, ::-1]
    common = fftconvolve(digital, backwards, mode="full")
    in_view = fftconvolve(digital, np.ones_like(real), mode="full")
    score = common / (in_view + real.sum())
    best = np.array(np.unravel_index(int(score.argmax()), score.shape)) - (np.array(real.shape) - 1)
    x, y, z = (float(start + index * step) for start, index, step in zip(low, best[::-1], fine, strict=True))
    return (x, y, z)


DIALS: dict[str, tuple[dict[str, object], dict[str, float]]] = {
    "as it is": ({}, {}),
    "noise x 1.7": ({"noise_hu": 1.7}, {}),
    "kernel SOFT": ({"kernel": "SOFT"}, {}),
    "kernel DETAIL": ({"kernel": "DETAIL"}, {}),
    "fat -6 HU": ({}, {"fat": -6.0}),
    "muscle +12 HU": ({}, {"muscle": 12.0}),
    "marrow +30 HU": ({}, {"marrow": 30.0}),
    "cortex -8 %": ({}, {"cortex": -0.08}),
    "noise, fat, muscle": ({"noise_hu": 1.7}, {"fat": -6.0, "muscle": 12.0}),
    "and cortex": ({"noise_hu": 1.7}, {"fat": -6.0, "muscle": 12.0, "cortex": -0.08}),
}


def turned(protocol: Protocol, change: Mapping[str, object]) -> Protocol:
    """A protocol with a dial turned: noise by a factor, the kernel by name."""
    values = dict(change)
    if "noise_hu" in values:
        values["noise_hu"] = protocol.noise_hu * float(str(values["noise_hu"]))
    return replace(protocol, **values)  # type: ignore[arg-type]


def spread_of(rows: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, list[float]]]:
    """Lowest, median and highest of each distance."""
    return {
        region: {
            kind: [float(f([row[region][kind] for row in rows])) for f in (np.min, np.median, np.max)]
            for kind in rows[0][region]
        }
        for region in REGIONS
    }


def show(title: str, rows: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """Print distances: one line per row, four numbers per region."""
    print(f"\n{title}\n{'':>22}" + "".join(f"{region:>31}" for region in REGIONS))
    print(f"{'':>22}" + f"{'HU W':>10}{'JS':>6}{'grad W':>9}{'JS':>6}" * len(REGIONS))
    for name, row in rows.items():
        cells = "".join(
            f"{row[r]['hu_wasserstein']:10.1f}{row[r]['hu_js']:6.2f}{row[r]['gradient_wasserstein']:9.1f}"
            f"{row[r]['gradient_js']:6.2f}"
            for r in REGIONS
        )
        print(f"{name:>22}{cells}")


def compare(shared: Path, per_case: int, with_dials: bool, with_held_out: bool) -> dict[str, object]:
    """Everything: print it and return it."""
    folder = shared / "hip_ct"
    index = {record["case"]: record for record in json.loads((folder / "index.json").read_text())}
    real = {case: load_hip(folder, case, index[case]) for case in TRAINING}
    shapes = {case: histograms(hip) for case, hip in real.items()}
    everyone = pooled([shapes[case] for case in TRAINING])
    painted = [paint_like(real[case], 500 + 10 * n + k) for n, case in enumerate(TRAINING) for k in range(per_case)]
    hips = [one.scanned() for one in painted]
    digital = {hip.name: histograms(hip) for hip in hips}
    mean_digital = pooled(list(digital.values()))
    rows = {
        "real": {c: distances(shapes[c], pooled([shapes[o] for o in TRAINING if o != c])) for c in TRAINING},
        "digital": {name: distances(one, everyone) for name, one in digital.items()},
    }
    if with_held_out:
        unseen = {c: histograms(load_hip(folder, c, index[c])) for c in HELD_OUT}
        unseen["whole (3 mm)"] = histograms(load_whole_example(shared / "abdomen_ct" / "totalsegmentator_example"))
        rows["held out"] = {name: distances(one, everyone) for name, one in unseen.items()}
        rows["held out to digital"] = {name: distances(one, mean_digital) for name, one in unseen.items()}
    for title, table in rows.items():
        show(title, table)
    all_to_all = distances(mean_digital, everyone)
    show("all digital to all real", {"pooled": all_to_all})
    tissue = {"real": [describe(real[c]) for c in TRAINING], "digital": [describe(hip) for hip in hips]}
    print(f"\n{'':>22}{'real: median (range)':>32}{'digital: median (range)':>34}")
    for key in tissue["real"][0]:
        cells = [[one[key] for one in tissue[kind]] for kind in ("real", "digital")]
        print(f"{key:>22}" + "".join(f"{np.median(v):14.2f} ({min(v):.2f} to {max(v):.2f})" for v in cells))
    result: dict[str, object] = {
        "distances": rows,
        "spread": {title: spread_of(list(table.values())) for title, table in rows.items()},
        "all digital to all real": all_to_all,
        "tissue": tissue,
    }
    if with_dials:
        dials = {}
        for name, (change, shifts) in DIALS.items():
            scans = [one.scanned(turned(one.protocol, change), shifts) for one in painted[::per_case]]
            dials[name] = distances(pooled([histograms(hip) for hip in scans]), everyone)
        show("one dial turned, pooled", dials)
        result["dials"] = dials
    return result


def main() -> int:
    """Compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="folder of the shared data")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--per-case", type=int, default=2, help="digital patients per real hip")
    parser.add_argument("--dials", action="store_true", help="scan again with one thing changed each")
    parser.add_argument("--held-out", action="store_true", help="measure the scans kept for testing too")
    arguments = parser.parse_args()
    result = compare(arguments.shared, arguments.per_case, arguments.dials, arguments.held_out)
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
