"""What is known of how a scan was made and of whom. Every field may be absent, and absent is never a default."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

_NO_CONTRAST = frozenset(
    {
        *("", "0", "N", "NO", "NONE", "NONE GIVEN", "N/A", "NO CONTRAST", "NON CONTRAST", "WITHOUT"),
        *("WITHOUT CONTRAST", "UNENHANCED", "NATIVE"),
    }
)


def names_contrast_agent(text: str | None) -> bool:
    """Whether the text of Contrast/Bolus Agent names one; scanners also write there that none was given."""
    return text is not None and text.strip().upper().replace("-", " ") not in _NO_CONTRAST


@dataclass(frozen=True)
class Acquisition:
    """Acquisition and patient facts that a measurement may depend on. No name, no identifier, no date.

    Attributes (None where the input does not say):
        modality: DICOM modality, ``CT`` for a CT.
        image_type: DICOM Image Type values, such as ``("ORIGINAL", "PRIMARY", "AXIAL")``.
        kvp: tube voltage in kV.
        tube_current_ma, exposure_mas: tube current in mA; exposure in mAs.
        kernel: convolution kernel as the manufacturer names it.
        slice_thickness_mm: nominal thickness of a reconstructed slice (not the distance between slices).
        manufacturer, model: of the scanner.
        contrast_agent: text of Contrast/Bolus Agent; None where the tag is absent or empty.
        gantry_tilt_deg: as stated by the header.
        pixel_padding_hu: the value outside the reconstructed field, in HU.
        sex: ``M``, ``F`` or ``O``; age_years; height_m; weight_kg.
        body_part: Body Part Examined.
        patient_position: such as ``HFS``.
        facts_from: ``dicom``, ``sidecar`` (a dcm2niix JSON beside an image file), ``simulation`` or ``none``.
    """

    modality: str | None = None
    image_type: tuple[str, ...] | None = None
    kvp: float | None = None
    tube_current_ma: float | None = None
    exposure_mas: float | None = None
    kernel: str | None = None
    slice_thickness_mm: float | None = None
    manufacturer: str | None = None
    model: str | None = None
    contrast_agent: str | None = None
    gantry_tilt_deg: float | None = None
    pixel_padding_hu: float | None = None
    sex: str | None = None
    age_years: float | None = None
    height_m: float | None = None
    weight_kg: float | None = None
    body_part: str | None = None
    patient_position: str | None = None
    facts_from: str = "none"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON form: only what is known. Inverse of :meth:`from_dict`."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        if self.image_type is not None:
            known["image_type"] = list(self.image_type)
        return known

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Acquisition:
        """Read what :meth:`to_dict` wrote. Raises TypeError for an unknown field."""
        names = {field.name for field in fields(cls)}
        unknown = set(data) - names
        if unknown:
            raise TypeError(f"unknown acquisition fields: {sorted(unknown)}")
        values = dict(data)
        if values.get("image_type") is not None:
            values["image_type"] = tuple(values["image_type"])
        return cls(**values)
