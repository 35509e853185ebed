"""Our features beside PyRadiomics' on the same images and masks: the worst of each class and the worst ten of all.

    python Testing/tools/radiomics_agreement.py [IMAGE MASK ...] [--params FILE]

Without files: the images made by a formula, under every setting of Testing/Python/factory/radiomics_cases.py. Wants
PyRadiomics (the extra ``reference``). Exit 1 where a feature differs by more than a millionth.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]
sys.path.append(str(ROOT / "Testing" / "Python"))

from OsteoScreenLib.radiomics.extraction import extract  # noqa: E402
from OsteoScreenLib.radiomics.grid_image import GridImage, read_image, read_mask  # noqa: E402
from OsteoScreenLib.radiomics.mask_checks import labels_in  # noqa: E402
from OsteoScreenLib.radiomics.pyradiomics_engine import extract_with_pyradiomics  # noqa: E402
from OsteoScreenLib.radiomics.settings import Settings  # noqa: E402
from OsteoScreenLib.radiomics.settings_file import load_settings  # noqa: E402

LARGEST = 1e-6
LEAST_SIZE = 1e-9
"""Values nearer to 0 than this are compared with this."""

Pair = tuple[str, GridImage, GridImage, Settings]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="IMAGE MASK")
    parser.add_argument("--params", default="paper")
    options = parser.parse_args(arguments)
    pairs = from_files(options.files, load_settings(options.params)) if options.files else from_formula()
    found: list[tuple[float, str, str, float, float]] = []
    for name, image, mask, settings in pairs:
        label = labels_in(mask)[0]
        ours = extract(image, mask, settings, labels=[label]).rows[0]
        theirs = extract_with_pyradiomics(image, mask, settings, labels=[label]).rows[0]
        for error in (ours.error, theirs.error):
            if error is not None:
                raise error
        own = [
            (abs(ours.features[key] - value) / max(abs(value), LEAST_SIZE), name, key, ours.features[key], value)
            for key, value in theirs.features.items()
        ]
        show_pair(name, own)
        found += own
    print("\n| difference | case | feature | ours | PyRadiomics |\n| --- | --- | --- | --- | --- |")
    for difference, name, key, a, b in sorted(found, reverse=True)[:10]:
        print(f"| {difference:.1e} | {name} | {key} | {a!r} | {b!r} |")
    return 1 if max(found)[0] > LARGEST else 0


def show_pair(name: str, own: Sequence[tuple[float, str, str, float, float]]) -> None:
    """A line: how many features, and the worst of each class."""
    worst: dict[str, float] = {}
    for difference, _, key, _, _ in own:
        kind = key.split("_")[1]
        worst[kind] = max(worst.get(kind, 0.0), difference)
    shown = ", ".join(f"{kind} {difference:.1e}" for kind, difference in worst.items())
    print(f"{name}: {len(own)} features; worst {shown}", flush=True)


def from_files(files: Sequence[Path], settings: Settings) -> Iterator[Pair]:
    """Images and masks by their names."""
    for image, mask in zip(files[::2], files[1::2], strict=True):
        yield mask.name.split(".")[0], read_image(image), read_mask(mask), settings


def from_formula() -> Iterator[Pair]:
    """The images made by a formula."""
    from factory.radiomics_cases import (  # type: ignore[import-not-found]
        CASES,
        formula_image,
        formula_mask,
        parameters,
    )

    for name in CASES:
        yield name, formula_image(), formula_mask(), Settings.from_dict(parameters(name))


if __name__ == "__main__":
    sys.exit(main())
