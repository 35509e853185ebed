"""Small CTs of a simple trunk, made in memory: fat, muscle, two organs, a vertebra with cortex, air and a table."""

from __future__ import annotations

import numpy as np

from OsteoScreenLib.ct.acquisition import Acquisition
from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.series import SliceStack
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality.checks import check_volume
from OsteoScreenLib.quality.flag import QualityFlag

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
KNOWN = Acquisition(
    modality="CT", kvp=120.0, kernel="STANDARD", slice_thickness_mm=1.5, sex="F", age_years=64.0, facts_from="dicom"
)


def geometry(shape, spacing=(1.5, 1.5, 1.5), direction=AXIAL) -> Geometry:
    """A geometry with its origin at zero."""
    return Geometry(tuple(shape), spacing, (0.0, 0.0, 0.0), direction)


def disc(shape, centre, radii):
    """(y, x) ellipse."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    return ((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 <= 1


def noise_plane(rng, shape, level, blur):
    """Noise of standard deviation ``level``; ``blur`` 0 is white, 1 is like a soft kernel on 0.8 mm pixels."""
    plane = rng.standard_normal(shape)
    if blur:
        f = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None, :])
        plane = np.fft.ifft2(np.fft.fft2(plane) * np.exp(-((f / 0.22) ** 2) * blur)).real
    return plane * (level / plane.std())


def trunk_hu(shape=(40, 160, 180), *, spacing_mm=1.5, aorta=45, noise=10.0, blur=1.0, width=0.82, seed=1):
    """(z, y, x) int16 of a trunk whose axes run L, P, S. ``aorta`` in HU; ``width``: of the body by the image's."""
    rng = np.random.default_rng(seed)
    rows, columns = shape[1:]
    plane = np.full((rows, columns), -1000.0)
    middle = (rows * 0.48, columns / 2)
    half = (rows * 0.36, columns * width / 2)
    plane[disc(plane.shape, middle, half)] = -100
    plane[disc(plane.shape, middle, (half[0] * 0.86, half[1] * 0.86))] = 50
    plane[disc(plane.shape, middle, (half[0] * 0.5, half[1] * 0.7))] = -95
    plane[disc(plane.shape, (middle[0] - half[0] * 0.15, middle[1] - half[1] * 0.35), (12, 16))] = 60
    spine = (middle[0] + half[0] * 0.5, middle[1])
    plane[disc(plane.shape, spine, (22 / spacing_mm, 25 / spacing_mm))] = 650
    plane[disc(plane.shape, spine, (19 / spacing_mm, 22 / spacing_mm))] = 170
    vessel = (middle[0], middle[1] + 25 / spacing_mm)
    plane[disc(plane.shape, vessel, (12 / spacing_mm, 12 / spacing_mm))] = aorta
    plane[-6:-4, columns // 8 : -columns // 8] = 200
    blurred = sum(np.roll(plane, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)) / 9
    volume = np.empty(shape, np.int16)
    for z in range(shape[0]):
        volume[z] = np.maximum(np.rint(blurred + noise_plane(rng, plane.shape, noise, blur)), -1024)
    return volume


def trunk(hu=None, *, spacing=(1.5, 1.5, 1.5), direction=AXIAL, acquisition=KNOWN, stack=None, **shape) -> CTVolume:
    """A CT of the trunk, or of the given array."""
    hu = trunk_hu(spacing_mm=spacing[0], **shape) if hu is None else hu
    return CTVolume(hu, geometry(hu.shape, spacing, direction), acquisition, stack=stack)


def with_facts(**facts) -> CTVolume:
    """A trunk with other facts in its header."""
    return trunk(TRUNK, acquisition=Acquisition(**{**KNOWN.to_dict(), **facts}))


def with_stack(**facts) -> CTVolume:
    """A trunk with this account of its slices."""
    return trunk(TRUNK, stack=SliceStack(**{"n_files": 40, "n_slices": 40, "spacing_mm": 1.5, **facts}))


def flags_of(ct) -> dict[str, QualityFlag]:
    """Every flag of a CT by its code."""
    return {flag.code: flag for flag in check_volume(ct)}


def severity(ct, code) -> str | None:
    """Severity of one flag of a CT; None where it is not raised."""
    flag = flags_of(ct).get(code)
    return None if flag is None else flag.severity.value


TRUNK = trunk_hu()
TRUNK.flags.writeable = False
