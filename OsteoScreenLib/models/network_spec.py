"""NetworkSpec: what a network of a bundle wants to be given, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NetworkSpec:
    """One network of a bundle.

    A network takes float32 (1, 1, z, y, x) and gives logits (1, len(channels), z, y, x) on the same grid. The axes of
    the grid grow towards superior, posterior and the patient's left; the voxels are cubes of ``spacing_mm``.

    Attributes:
        file: its ONNX file in the bundle's folder.
        spacing_mm: edge of a voxel.
        hu_window: HU values (low, high) that become -1 and 1; what lies outside is clipped.
        input, output: names in the ONNX file.
        channels: what each channel of the output stands for.
        multiple_of: what each of z, y and x must be a multiple of.
        patch_zyx: voxels of the windows it was trained on.
        mirrored_side: ``left`` or ``right`` where scans of that side must be mirrored first, x reversed; None where
            both sides are given as they are.
        sha256: hexadecimal digest of the ONNX file; what does not have it is not run.
    """

    file: str
    spacing_mm: float
    hu_window: tuple[float, float]
    input: str
    output: str
    channels: tuple[str, ...]
    multiple_of: int
    patch_zyx: tuple[int, int, int]
    mirrored_side: str | None = None
    sha256: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form as in ``model.json``; the digest stands there among the files, not here."""
        data: dict[str, Any] = {
            "file": self.file,
            "spacing_mm": self.spacing_mm,
            "hu_window": list(self.hu_window),
            "input": self.input,
            "output": self.output,
            "channels": list(self.channels),
            "multiple_of": self.multiple_of,
            "patch_zyx": list(self.patch_zyx),
        }
        if self.mirrored_side is not None:
            data["mirrored_side"] = self.mirrored_side
        return data
