"""Groups of cases that a split must never part: one patient's, and those with the same image."""

from __future__ import annotations

from collections.abc import Sequence


def groups_of(patients: Sequence[str], images: Sequence[str | None]) -> list[str]:
    """Name of each case's group: the smallest patient name of it.

    Cases are joined where the patient or the image's digest is the same, and over any chain of such: a patient who is
    there under two names is found by the image.

    Args:
        patients: patient of each case. images: digest of each case's image; None where not known.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    owner: dict[str, str] = {}
    for patient, image in zip(patients, images, strict=True):
        one = root(patient)
        if image:
            other = root(owner.setdefault(image, patient))
            parent[max(one, other)] = min(one, other)
    return [root(patient) for patient in patients]


def same_image(patients: Sequence[str], images: Sequence[str | None]) -> list[tuple[int, int]]:
    """Pairs of cases (first, later) with the same image under different patient names."""
    first: dict[str, int] = {}
    found = []
    for index, image in enumerate(images):
        if image and patients[(earlier := first.setdefault(image, index))] != patients[index]:
            found.append((earlier, index))
    return found
