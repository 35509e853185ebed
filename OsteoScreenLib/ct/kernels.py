"""How sharp a reconstruction kernel is, from the name its manufacturer gives it.

Names and their order follow the manufacturers' public DICOM conformance statements and user manuals: Siemens numbers
its kernels by sharpness (B10 very smooth ... B80 very sharp; Br, Bl, Hr, Qr ... alike), General Electric uses words,
Philips letters, Canon/Toshiba FC numbers by purpose. A name that is not known is not guessed.
"""

from __future__ import annotations

import re

SOFT, MEDIUM, SHARP = "soft", "medium", "sharp"

_SIEMENS = re.compile(r"^[A-Z][A-Z]?(\d{2})[A-Z]*\b")
_SIEMENS_MEDIUM_FROM, _SIEMENS_SHARP_FROM = 42, 55
_CANON = re.compile(r"^FC(\d{2})\b")
_WORDS = {
    # General Electric
    "SOFT": SOFT,
    "STANDARD": SOFT,
    "STND": SOFT,
    "ND": SOFT,
    "DETAIL": MEDIUM,
    "CHST": MEDIUM,
    "LUNG": SHARP,
    "BONE": SHARP,
    "BONEPLUS": SHARP,
    "BONE PLUS": SHARP,
    "HD LUNG": SHARP,
    "EDGE": SHARP,
    "ULTRA": SHARP,
    "SHARP": SHARP,
    "BODY SHARP": SHARP,
    # Philips
    "A": SOFT,
    "B": SOFT,
    "C": MEDIUM,
    "SA": SOFT,
    "SB": SOFT,
    "UA": SOFT,
    "UB": SOFT,
    "IA": SOFT,
    "IB": SOFT,
    "D": SHARP,
    "E": SHARP,
    "L": SHARP,
    "YA": SHARP,
    "YB": SHARP,
    "YC": SHARP,
    "YD": SHARP,
}


def kernel_sharpness(kernel: str | None) -> str | None:
    """Sharpness class of a convolution kernel's name.

    Args:
        kernel: DICOM Convolution Kernel; of several values the first counts.

    Returns:
        ``soft``, ``medium`` or ``sharp``; None where the name is absent or not known.
    """
    if not kernel:
        return None
    name = kernel.split("\\")[0].strip().upper()
    if name in _WORDS:
        return _WORDS[name]
    canon = _CANON.match(name)
    if canon:
        return _canon_sharpness(int(canon.group(1)))
    united = _united_imaging_sharpness(name)
    if united:
        return united
    siemens = _SIEMENS.match(name)
    if siemens:
        number = int(siemens.group(1))
        return SHARP if number >= _SIEMENS_SHARP_FROM else MEDIUM if number >= _SIEMENS_MEDIUM_FROM else SOFT
    return None


def _canon_sharpness(number: int) -> str:
    """Canon/Toshiba FC kernels: 01-19 body, 20-29 head, 30-39 and 80-89 bone, 50-59 lung."""
    if 30 <= number < 40 or 50 <= number < 60 or 80 <= number < 90:
        return SHARP
    return MEDIUM if number in (8, 9, 18, 19) or 20 <= number < 30 else SOFT


def _united_imaging_sharpness(name: str) -> str | None:
    """United Imaging names such as B_SOFT_B, B_SHARP_C, B_VSHARP_A, LUNG_..."""
    parts = set(name.split("_"))
    if len(parts) < 2:
        return None
    if parts & {"SHARP", "VSHARP", "LUNG", "BONE"}:
        return SHARP
    if parts & {"SOFT", "VSOFT", "SMOOTH"}:
        return SOFT
    return MEDIUM if parts & {"MEDIUM", "STANDARD"} else None
