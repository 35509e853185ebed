"""Checks of what the header says: modality, image type, tube voltage, kernel, thickness, contrast agent, patient."""

from __future__ import annotations

from OsteoScreenLib.ct.acquisition import names_contrast_agent
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.quality import thresholds as t
from OsteoScreenLib.quality.flag import QualityFlag, Severity

SIMULATOR = "OsteoScreen"


def check_modality(ct: CTVolume) -> list[QualityFlag]:
    """``not_ct`` where the header names another modality; a missing modality says nothing."""
    modality = ct.acquisition.modality
    if modality is None or modality.strip().upper() == "CT":
        return []
    message = f"The header says that this is {modality}, not CT. Nothing can be measured in it; choose the CT series."
    return [QualityFlag("not_ct", Severity.WITHHOLD, message, {"modality": modality})]


def check_localizer(ct: CTVolume) -> list[QualityFlag]:
    """``localizer`` where Image Type contains LOCALIZER."""
    image_type = ct.acquisition.image_type or ()
    if not any("LOCALIZER" in value.upper() for value in image_type):
        return []
    message = "This is a localizer (scout) image, not a CT volume. Choose the axial series."
    return [QualityFlag("localizer", Severity.WITHHOLD, message, {"image_type": list(image_type)})]


def check_kvp(ct: CTVolume) -> list[QualityFlag]:
    """``kvp_not_120`` with the published size of the effect (AAPM 2026 abstract), ``kvp_unknown``."""
    kvp = ct.acquisition.kvp
    if kvp is None or not kvp > 0:
        message = "The tube voltage is not known. Thresholds in HU were published for 120 kVp."
        return [QualityFlag("kvp_unknown", Severity.INFO, message)]
    if abs(kvp - t.REFERENCE_KVP) <= t.KVP_TOLERANCE:
        return []
    change = t.PUBLISHED_L1_CHANGE_PERCENT.get(round(kvp))
    if change is None:
        effect = "No published figure for the size of the effect is at hand."
    else:
        effect = f"Mean L1 HU differs by about {change:+.0f} % from 120 kVp (AAPM 2026 abstract, N = 16,747)."
    message = f"The tube voltage is {kvp:g} kVp, not 120. The HU of bone depend on it. {effect}"
    evidence = {"kvp": kvp, "published_l1_change_percent": change}
    return [QualityFlag("kvp_not_120", Severity.WARNING, message, evidence)]


def check_slice_thickness(ct: CTVolume) -> list[QualityFlag]:
    """``thick_slices``: warning over 3 mm, withhold over 5 mm. Needs a valid geometry.

    Without a thickness in the header the largest voxel spacing stands in for it. Where slices lie further apart than
    1.5 thicknesses, the distance counts.
    """
    thickness, source = effective_thickness(ct)
    evidence = {"thickness_mm": round(thickness, 3), "from": source}
    said = {"header": "", "largest voxel spacing": " (the largest voxel spacing; the header gives no thickness)"}
    detail = said.get(source, " (the distance between slices, which is larger than their thickness)")
    if thickness > t.THICK_SLICES_WITHHOLD_MM + t.THICKNESS_TOLERANCE_MM:
        message = f"Slices are {thickness:.2f} mm thick{detail}: over {t.THICK_SLICES_WITHHOLD_MM:g} mm, too thick for "
        message += "texture and bone status. Use a thinner reconstruction."
        return [QualityFlag("thick_slices", Severity.WITHHOLD, message, evidence)]
    if thickness > t.THICK_SLICES_WARN_MM + t.THICKNESS_TOLERANCE_MM:
        message = f"Slices are {thickness:.2f} mm thick{detail}. Over {t.THICK_SLICES_WARN_MM:g} mm texture is blurred "
        message += "and density at thin structures is lowered; over 5 mm texture and bone status are withheld."
        return [QualityFlag("thick_slices", Severity.WARNING, message, evidence)]
    return []


def effective_thickness(ct: CTVolume) -> tuple[float, str]:
    """Thickness in mm that counts, and where it comes from."""
    largest = max(ct.geometry.spacing_xyz_mm)
    header = ct.acquisition.slice_thickness_mm
    if header is None or not header > 0:
        return largest, "largest voxel spacing"
    distance = max(ct.geometry.spacing_xyz_mm[2], (ct.stack.spacing_mm or 0.0) if ct.stack else 0.0)
    if distance > t.GAP_RATIO * header:
        return distance, "slice spacing"
    return header, "header"


def contrast_agent_tag(ct: CTVolume) -> str | None:
    """The header's contrast agent, None where it is absent or says that none was given."""
    text = ct.acquisition.contrast_agent
    return text.strip() if text is not None and names_contrast_agent(text) else None


def check_simulated(ct: CTVolume) -> list[QualityFlag]:
    """``simulated``: the scan was made by this program's simulator, which signs as the manufacturer."""
    manufacturer = ct.acquisition.manufacturer or ""
    if ct.acquisition.facts_from != "simulation" and not manufacturer.startswith(SIMULATOR):
        return []
    message = "This scan was simulated by OsteoScreen. It shows a digital patient, not a person."
    return [QualityFlag("simulated", Severity.INFO, message, {"manufacturer": manufacturer})]


def check_patient_facts(ct: CTVolume) -> list[QualityFlag]:
    """``patient_facts_absent`` lists which of sex and age the input lacks; neither is ever assumed."""
    facts = {"sex": ct.acquisition.sex, "age": ct.acquisition.age_years}
    absent = [name for name, value in facts.items() if value is None or value == "O"]
    if not absent:
        return []
    message = f"The input does not give the patient's {' and '.join(absent)}. "
    message += "Results that depend on it stay empty; nothing is assumed."
    return [QualityFlag("patient_facts_absent", Severity.INFO, message, {"absent": absent})]
