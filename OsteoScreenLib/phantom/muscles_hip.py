"""Muscles of the hip and the buttock.

Places of the bellies are own estimates from general anatomy, with positions read by eye off the label maps of
yuta-hi/pelvic-annonation (MIT licence).
"""

from __future__ import annotations

from OsteoScreenLib.phantom.muscle_bellies import Belly, Frame, both_sides, loft


def hip_muscles(frame: Frame) -> list[Belly]:
    """Glutei, tensor fasciae latae, deep rotators and iliopsoas of both sides."""
    return [*_gluteal(frame), *_rotators(frame), *_iliopsoas(frame), *_pelvic_floor(frame), *_pads(frame)]


def _gluteal(f: Frame) -> list[Belly]:
    return [
        *f.belly(
            "gluteus_maximus", (98, 62, 84, 12, 4), (80, 70, 84, 32, 8, -8), (60, 80, 80, 44, 13, -14),
            (40, 86, 75, 56, 16, -20), (20, 89, 71, 62, 18, -22), (0, 90, 69, 63, 20, -20), (-20, 91, 67, 60, 21, -15),
            (-40, 93, 65, 55, 21, -8), (-60, 95, 62, 48, 18, -8), (-80, 106, 53, 36, 13, -15),
            (-105, 124, 38, 13, 6, -20),
            fat=1.9,
        ),
        *f.belly(
            "gluteus_medius", (128, 106, 14, 12, 3, -45), (105, 110, 28, 46, 11, -53), (85, 113, 22, 52, 16, -54),
            (60, 119, 12, 50, 19, -60), (40, 129, 10, 43, 17, -66), (20, 139, 8, 36, 13, -76), (5, 145, 6, 28, 8, -85),
            (-10, 147, 8, 14, 4, -85), fat=1.1,
        ),
        *f.belly(
            "gluteus_minimus", (74, 98, 8, 18, 4, -58), (55, 100, 4, 34, 8, -62), (40, 108, 2, 35, 9, -66),
            (20, 122, -3, 29, 9, -76), (5, 134, -12, 20, 7, -78), (-10, 143, -12, 9, 4, -80), fat=1.6,
        ),
        *f.belly(
            "tensor_fasciae_latae", (82, 126, -40, 6, 3, -50), (60, 132, -45, 15, 7, -52), (40, 138, -47, 18, 9, -55),
            (20, 142, -44, 20, 10, -58), (0, 146, -38, 21, 9, -62), (-20, 149, -34, 20, 8, -66),
            (-45, 151, -32, 14, 6, -70),
            (-75, 151, -28, 6, 3, -75), fat=1.4,
        ),
    ]  # fmt: skip


def _rotators(f: Frame) -> list[Belly]:
    return [
        *f.strap("other_muscle", (34, 66, 42), (86, 46, 26), 9.0, 10.0),
        *f.strap("other_muscle", (86, 46, 26), (136, 14, 12), 9.0, 3.5),
        *f.belly(
            "obturator", (42, 58, 14, 10, 4, 85), (20, 53, 8, 24, 6, 85), (0, 49, 8, 32, 7, 88),
            (-20, 47, 12, 30, 7, 80),
            (-42, 44, 8, 18, 5, 70), fat=0.8,
        ),
        *f.strap("obturator", (52, 46, -6), (92, 36, 2), 6.5, 7.0),
        *f.strap("obturator", (92, 36, 2), (132, 16, 4), 7.0, 3.0),
        *f.strap("obturator", (34, -26, -34), (66, -2, -36), 9.0, 11.0),
        *f.strap("obturator", (66, -2, -36), (118, 22, -12), 11.0, 4.0),
        *f.strap("other_muscle", (80, 32, -40), (124, 26, -44), 9.0, 9.0),
    ]  # fmt: skip


def _iliopsoas(f: Frame) -> list[Belly]:
    """Psoas from beside the lumbar spine over the brim of the pelvis to the lesser trochanter; iliacus in its fossa."""
    plan, s = f.plan, f.plan.scale
    # Offsets from the vertebral centre and semi-axes: widest at L4, of 35 to 40 mm, as in adults.
    spinal = {"L5": (49, -4, 17, 20), "L4": (44, 2, 18, 21), "L3": (38, 5, 15, 19), "L2": (31, 8, 11, 16),
              "L1": (25, 8, 7, 11), "T12": (22, 6, 3, 5)}  # fmt: skip
    size = s * f.thickness
    knots = []
    for name, (x, dy, a, b) in spinal.items():
        vertebra = plan.vertebra(name)
        inner = vertebra.width_mm / 2 - 2.0 + a * size * 0.85
        x_mm = max(x * s * 0.9, inner) + f.mirror * vertebra.centre[0]
        knots.append((vertebra.centre[2], x_mm, vertebra.centre[1] + dy * s, a * size, b * size, -10.0))
    lower = [(92, 57, 2, 17, 19), (75, 63, -6, 16, 18), (60, 68, -14, 15, 17), (40, 77, -26, 15, 15),
             (20, 87, -36, 15, 13),
             (0, 94, -39, 17, 11), (-20, 100, -31, 15, 11), (-40, 106, -14, 12, 11), (-64, 110, 12, 6, 6)]  # fmt: skip
    for z, x, y, a, b in lower:
        px, py, pz = f.place(x, y, z)
        if pz < knots[0][0] - 12.0 * s:
            knots.append((pz, px, py, a * size, b * size, 0.0))
    psoas = both_sides(loft(sorted(knots)), "iliopsoas", 0.5, 1.0)
    iliacus = f.belly(
        "iliopsoas", (124, 108, 12, 12, 3, -50), (105, 104, 7, 32, 8, -53), (85, 97, -3, 40, 12, -58),
        (60, 93, -14, 34, 13, -62), (40, 97, -28, 21, 13, -62), (20, 104, -39, 12, 12, 0), (0, 107, -40, 9, 9),
        (-30, 110, -22, 5, 6),
        fat=0.7, grows=0.5,
    )  # fmt: skip
    return [*psoas, *iliacus]


def _pelvic_floor(f: Frame) -> list[Belly]:
    """Levator ani: thin slings from the side wall of the pelvis to the anal canal."""
    floor = []
    for y in (-18.0, 2.0, 22.0):
        floor += f.strap("other_muscle", (44, y, 0), (20, 0.6 * y + 16, -30), 1.6, 2.4, grows=0.0)
    floor += f.strap("other_muscle", (18, 20, -28), (11, 36, -52), 2.8, 5.0, grows=0.0)
    # Transverse perineal and ischiocavernosus muscles along the pubic arch.
    floor += f.strap("other_muscle", (14, -30, -44), (44, 12, -62), 4.0, 4.0, grows=0.0)
    return floor


def _pads(f: Frame) -> list[Belly]:
    """Fat that muscles leave free: around the femoral vessels, the sciatic nerve, the anal canal, before the pubis."""
    return [
        *f.pad((74, -60, 16), (70, -46, -45), 9.0, 7.0),
        *f.pad((70, -46, -45), (62, -33, -110), 6.0, 2.0),
        *f.pad((14, -50, 0), (14, -52, -45), 9.0, 11.0),
        *f.pad((82, 52, 12), (90, 44, -70), 3.5, 3.0),
        *f.pad((30, 46, -14), (34, 56, -55), 12.0, 15.0),
        *f.pad((18, 66, 14), (22, 60, -10), 8.0, 10.0),
    ]  # fmt: skip
