"""TrainingSample: a volume with its femur labels, as training reads it from memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class TrainingSample:
    """A volume with labels, axes to superior, posterior and the patient's left.

    Attributes:
        hu: (z, y, x) int16. labels: (z, y, x) uint8: 0 background, 1 left femur, 2 right femur.
        spacing_zyx_mm: voxel size.
        source: ``real``, ``label_map`` or ``digital_patient``. name: of the case.
    """

    hu: np.ndarray
    labels: np.ndarray
    spacing_zyx_mm: tuple[float, float, float]
    source: str
    name: str

    def save(self, path: Path) -> None:
        """Write to an ``.npz`` file, whole or not at all."""
        unfinished = path.with_name(path.name + ".part")
        with unfinished.open("wb") as file:
            np.savez(
                file,
                hu=self.hu,
                labels=self.labels,
                spacing_zyx_mm=np.array(self.spacing_zyx_mm),
                source=np.array(self.source),
                name=np.array(self.name),
            )
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path) -> TrainingSample:
        """Read what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            z, y, x = (float(value) for value in file["spacing_zyx_mm"])
            return cls(file["hu"], file["labels"], (z, y, x), str(file["source"]), str(file["name"]))
