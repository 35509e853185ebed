"""What is asked of radiomics: image and masks as they lie in the scene, which femora, which parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from OsteoScreenLib.errors import InputError
from OsteoScreenLib.mrml.segmentation_node import read_masks
from OsteoScreenLib.mrml.volume import volume_from_node
from OsteoScreenLib.radiomics.filters import names_of
from OsteoScreenLib.radiomics.grid_image import GridImage
from OsteoScreenLib.radiomics.image_features import names_of_image
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.radiomics.settings_file import SHIPPED
from OsteoScreenLib.segmentation.femur_masks import SIDE_LABELS

SIDES = tuple(SIDE_LABELS)


@dataclass(frozen=True, eq=False)
class RadiomicsOrder:
    """What is asked.

    Attributes:
        image: the volume's voxels and grid.
        masks: on the same grid, uint8: 1 left, 2 right; only the femora that were asked for.
        sides: the femora that were asked for, in order.
        settings: what to compute.
        parameters: what the settings are called, such as ``femur`` or the name of a file; may be empty.
    """

    image: GridImage
    masks: GridImage
    sides: tuple[str, ...]
    settings: Settings
    parameters: str = ""

    @property
    def labels(self) -> tuple[int, ...]:
        """The labels of the femora that were asked for and have a voxel."""
        held = np.unique(self.masks.array)
        return tuple(SIDE_LABELS[side] for side in self.sides if SIDE_LABELS[side] in held)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was asked for and is left out, in sentences."""
        empty = [side for side in self.sides if SIDE_LABELS[side] not in self.labels]
        return tuple(f"The {side} femur is empty and has no features." for side in empty)


def read_order(
    volume_node: Any,
    segmentation_node: Any,
    settings: Settings,
    sides: Sequence[str] = SIDES,
    parameters: str = "",
) -> RadiomicsOrder:
    """Take image and masks from the scene. Main thread only.

    Whole numbers stay whole numbers and others stay what they are, because resampling rounds the former: the features
    are then those of the image file.

    Args:
        volume_node: ``vtkMRMLScalarVolumeNode``; left as it is.
        segmentation_node: ``vtkMRMLSegmentationNode`` with the segments of the femora; left as it is.
        settings: what to compute.
        sides: ``left``, ``right`` or both; of these an empty one is left out.
        parameters: what the settings are called.

    Raises:
        InputError: the node does not hold a CT on a regular grid (see :func:`volume_from_node`); ``no_femur_segment``;
            ``empty_mask``, none of the femora has a voxel.
        ValueError: there is no such side, or none is named.
    """
    if not sides or set(sides) - set(SIDES):
        raise ValueError(f"sides are some of {', '.join(SIDES)}, not {list(sides)}")
    ct = volume_from_node(volume_node)
    labels = of_sides(read_masks(segmentation_node, volume_node), sides)
    if not labels.any():
        which = "Neither femur has a voxel" if len(sides) > 1 else f"The {sides[0]} femur has no voxel"
        raise InputError(which, next_step="Segment the femora first, or choose the other one.", code="empty_mask")
    image = GridImage(ct.hu.astype(_kept_type(volume_node, ct.hu.dtype), copy=False), ct.geometry)
    return RadiomicsOrder(image, GridImage(labels, ct.geometry), tuple(sides), settings, parameters)


def of_sides(labels: np.ndarray, sides: Sequence[str]) -> np.ndarray:
    """Masks, (z, y, x) uint8, without those of other sides."""
    wanted = [SIDE_LABELS[side] for side in sides]
    return np.where(np.isin(labels, wanted), labels, 0).astype(np.uint8)


def n_features(settings: Settings) -> int:
    """How many features are asked for of each region."""
    images = [name for kind in settings.image_types for name in names_of(kind, settings.of_image_type(kind))]
    shape = len(settings.features("shape")) if "shape" in settings.feature_classes else 0
    return shape + sum(len(names_of_image(name, settings)) for name in images)


def shipped_parameters() -> tuple[str, ...]:
    """Names of the parameter files that come with OsteoScreen."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def _kept_type(volume_node: Any, compact: np.dtype) -> np.dtype:
    """The type of a volume's voxels where they are floating-point numbers; else what holds them exactly."""
    from vtk.util.numpy_support import vtk_to_numpy

    own = vtk_to_numpy(volume_node.GetImageData().GetPointData().GetScalars()).dtype
    return own if own.kind == "f" else compact
