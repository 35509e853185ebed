"""TotalSegmentator as a source of femur masks, where the user has installed it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from OsteoScreenLib.ct.label_file import read_labels
from OsteoScreenLib.ct.same_grid import same_grid
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.errors import InputError, MissingPackageError, OsteoScreenError, UsageError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress, part_of
from OsteoScreenLib.segmentation.femur_masks import FemurMasks
from OsteoScreenLib.segmentation.given_mask import GivenMaskSegmenter
from OsteoScreenLib.segmentation.run_program import run_program

LABELS: Mapping[str, Mapping[str, int]] = {"v1": {"left": 88, "right": 89}, "v2": {"left": 75, "right": 76}}
"""Femora in the multilabel output: 104 classes of version 1, 117 of version 2 (the project's map_to_binary.py)."""

SOURCE = "totalsegmentator"
_PROGRAM = "TotalSegmentator"
_NOWHERE = "http://127.0.0.1:9"
"""A proxy that nobody answers (port 9 discards): what asks the network fails at once."""


def from_totalsegmentator_output(path: str | os.PathLike[str], version: str = "v2") -> GivenMaskSegmenter:
    """The femora out of a multilabel file that TotalSegmentator wrote earlier.

    Args:
        path: its output (``--ml``). version: ``v1`` or ``v2``, whose numbers of the femora differ.

    Raises:
        UsageError: another version.
    """
    if version not in LABELS:
        raise UsageError(
            f"The labels of TotalSegmentator {version} are not known", next_step=f"Give {' or '.join(LABELS)}."
        )
    model = {"id": SOURCE, "version": f"{version} labels, read from a file", "sha256": ""}
    return GivenMaskSegmenter(path, labels=LABELS[version], source=SOURCE, models=(model,))


class TotalSegmentatorSegmenter:
    """Runs the installed TotalSegmentator (version 2) for the two femora, as a program of its own.

    Its weights are large files that it downloads by itself when they are absent, and by default it reports each run to
    its makers. Neither happens here unasked: the reporting is switched off, and without ``allow_download`` the program
    cannot reach the network and is not even started where it has no weights.

    Args:
        allow_download: whether it may download its weights.
        fast: its model of 3 mm in place of 1.5 mm.
        device: ``gpu`` (falls back to the CPU), ``cpu`` or ``mps``.
        program: the command; None looks for ``TotalSegmentator``.
    """

    def __init__(
        self,
        allow_download: bool = False,
        fast: bool = False,
        device: str = "gpu",
        program: Sequence[str] | None = None,
    ) -> None:
        self._allow_download = allow_download
        self._options = ["--device", device, *(["--fast"] if fast else [])]
        self._program = None if program is None else list(program)
        self._fast = fast

    @property
    def models(self) -> tuple[Mapping[str, str], ...]:
        """The installed version; its weights have no checksum here."""
        try:
            version = importlib.metadata.version(_PROGRAM)
        except importlib.metadata.PackageNotFoundError:
            version = "unknown"
        return ({"id": SOURCE, "version": f"{version}{' fast' if self._fast else ''}", "sha256": ""},)

    def segment(
        self,
        ct: CTVolume,
        progress: ProgressCallback = no_progress,
        cancelled: CancelToken = never_cancelled,
    ) -> FemurMasks:
        """Run it on the volume and read the femora from its output.

        Raises:
            CancelledError: the user asked to stop; the program is ended.
            MissingPackageError: it is not installed, or has no weights (``missing_weights``) and may not download them.
            OsteoScreenError: it failed (``totalsegmentator_failed``).
        """
        program = self._program or _installed()
        weights = weights_folder()
        if not self._allow_download and not any(weights.glob("Dataset*")):
            raise MissingPackageError(
                "TotalSegmentator has no weights on this machine and would download them",
                path=weights,
                next_step="Allow the download (allow_download=True), or run TotalSegmentator once by hand.",
                code="missing_weights",
            )
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="osteoscreen-") as folder:
            image, output = write_image(ct, Path(folder) / "ct.nii.gz"), Path(folder) / "femora.nii.gz"
            command = [*program, "-i", str(image), "-o", str(output), "--ml", "--quiet", *self._options]
            command += ["--roi_subset", "femur_left", "femur_right"]
            progress(0.05, "TotalSegmentator is running; this can take minutes")
            ended = run_program(command, self._surroundings(Path(folder), weights), Path(folder) / "log", cancelled)
            if ended.code != 0 or not output.is_file():
                raise _failed(ended.code, ended.last_words, self._allow_download)
            labels, geometry = read_labels(output)
        same, why = same_grid(geometry, ct.geometry)
        if not same:
            raise InputError(
                f"TotalSegmentator answered on another grid than that of the scan: {why}",
                next_step="Run it by hand, and give its output as a mask.",
                code="geometry_mismatch",
            )
        timings = {"totalsegmentator": time.perf_counter() - started}
        reader = GivenMaskSegmenter(labels, labels=LABELS["v2"], source=SOURCE, models=self.models)
        masks = reader.segment(ct, part_of(progress, 0.9, 1.0), cancelled)
        return FemurMasks(masks.labels, masks.femurs, SOURCE, masks.models, masks.flags, {**timings, **masks.timings_s})

    def _surroundings(self, folder: Path, weights: Path) -> dict[str, str]:
        """Environment of the program: a settings folder of its own without reporting, and where its weights are."""
        home = folder / "settings"
        home.mkdir()
        settings = {
            "totalseg_id": "osteoscreen",
            "send_usage_stats": False,
            "prediction_counter": 0,
            "statistics_disclaimer_shown": True,
        }
        (home / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        found = {**os.environ, "TOTALSEG_HOME_DIR": str(home), "TOTALSEG_WEIGHTS_PATH": str(weights)}
        if not self._allow_download:
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
                found[name] = found[name.lower()] = _NOWHERE
            found["NO_PROXY"] = found["no_proxy"] = ""
        return found


def weights_folder() -> Path:
    """Where TotalSegmentator keeps its weights: as its two environment variables say, else below the home folder."""
    if os.environ.get("TOTALSEG_WEIGHTS_PATH"):
        return Path(os.environ["TOTALSEG_WEIGHTS_PATH"])
    home = os.environ.get("TOTALSEG_HOME_DIR")
    return (Path(home) if home else Path.home() / ".totalsegmentator") / "nnunet" / "results"


def why_unusable() -> str:
    """Why the program cannot be used without a download, in sentences; empty where it can. Nothing is started."""
    try:
        _installed()
    except MissingPackageError as error:
        return str(error)
    if any(weights_folder().glob("Dataset*")):
        return ""
    return "TotalSegmentator has no weights on this machine. Run it once by hand, so that it downloads them."


def _installed() -> list[str]:
    """The program on the path, or beside this Python's other programs."""
    found = shutil.which(_PROGRAM) or shutil.which(_PROGRAM, path=sysconfig.get_path("scripts"))
    if found is None:
        raise MissingPackageError(
            "TotalSegmentator is not installed",
            next_step="Run: pip install TotalSegmentator (it brings torch and downloads weights), or use vbnet.",
        )
    return [found]


def _failed(code: int, last_words: str, may_download: bool) -> OsteoScreenError:
    message = f"TotalSegmentator ended with code {code}"
    message += f": {last_words}" if last_words else " and wrote no mask"
    advice = "Run it by hand on this scan to see why."
    if not may_download:
        advice += " It was kept from the network; if weights are missing, allow the download."
    return OsteoScreenError(message, next_step=advice, code="totalsegmentator_failed")
