"""An array with its place in the patient, as the feature engine takes images and masks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.image_file import image_kind
from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.reader import read_ct
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress

if TYPE_CHECKING:
    import SimpleITK as sitk


@dataclass(frozen=True, eq=False)
class GridImage:
    """Grey values or labels on a grid.

    Attributes:
        array: (z, y, x). Its number type matters: resampling gives the type it gets, and so rounds whole numbers.
        geometry: of ``array``, LPS millimetres.
    """

    array: np.ndarray
    geometry: Geometry

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape_zyx:
            raise ValueError(f"array {self.array.shape} and geometry {self.geometry.shape_zyx} differ in size")

    @property
    def spacing_zyx_mm(self) -> tuple[float, float, float]:
        """Voxel size along the array's axes."""
        x, y, z = self.geometry.spacing_xyz_mm
        return (z, y, x)

    def to_itk(self) -> sitk.Image:
        """A SimpleITK image of the same voxels (copied)."""
        import SimpleITK as sitk

        array = self.array if self.array.dtype.isnative else self.array.astype(self.array.dtype.newbyteorder("="))
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(self.geometry.spacing_xyz_mm)
        image.SetOrigin(self.geometry.origin_lps_mm)
        image.SetDirection(self.geometry.direction)
        return image

    def cropped(self, box: tuple[slice, slice, slice]) -> GridImage:
        """The part inside a box of array slices, its origin moved along."""
        starts = tuple(part.start for part in box)
        array = self.array[box]
        z, y, x = array.shape
        geometry = Geometry(
            shape_zyx=(z, y, x),
            spacing_xyz_mm=self.geometry.spacing_xyz_mm,
            origin_lps_mm=self.geometry.to_physical(starts[::-1]),
            direction=self.geometry.direction,
        )
        return GridImage(array, geometry)

    @classmethod
    def from_itk(cls, image: sitk.Image) -> GridImage:
        """The voxels and the grid of a three-dimensional SimpleITK image of one component."""
        import SimpleITK as sitk

        array = sitk.GetArrayFromImage(image)
        geometry = Geometry(
            shape_zyx=tuple(array.shape),
            spacing_xyz_mm=tuple(image.GetSpacing()),
            origin_lps_mm=tuple(image.GetOrigin()),
            direction=tuple(image.GetDirection()),
        )
        return cls(array, geometry)

    @classmethod
    def of_ct(cls, ct: CTVolume) -> GridImage:
        """A CT's Hounsfield units as they lie in memory."""
        return cls(ct.hu, ct.geometry)


def read_image(
    path: str | os.PathLike[str],
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> GridImage:
    """Read an image for feature extraction: file, DICOM folder or zip, through the same door as every CT.

    An image file keeps its own number type, as resampling rounds where that is whole numbers; what arrives as DICOM is
    Hounsfield units as 16-bit numbers where they fit.

    Raises:
        InputError: what :func:`OsteoScreenLib.ct.reader.read_ct` raises.
    """
    ct = read_ct(path, progress=progress, cancelled=cancelled)
    place = Path(path)
    kind = image_kind(place) if place.is_file() else None
    if kind is None:
        return GridImage.of_ct(ct)
    return GridImage(ct.hu.astype(_stored_type(place, kind), copy=False), ct.geometry)


def read_mask(path: str | os.PathLike[str]) -> GridImage:
    """Read a mask. Raises InputError as :func:`OsteoScreenLib.ct.label_file.read_labels` does."""
    return GridImage(*read_labels(path))


def _stored_type(path: Path, kind: str) -> np.dtype:
    """The number type that SimpleITK reads a file as; the file was read once already, so its header is sound."""
    import SimpleITK as sitk

    names = {"nifti": "NiftiImageIO", "nrrd": "NrrdImageIO", "metaimage": "MetaImageIO"}
    reader = sitk.ImageFileReader()
    reader.SetImageIO(names[kind])
    reader.SetFileName(os.fspath(path))
    reader.ReadImageInformation()
    one = sitk.Image([1, 1, 1], reader.GetPixelID())
    return sitk.GetArrayViewFromImage(one).dtype
