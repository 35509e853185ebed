"""A digital patient to try OsteoScreen with: made on this machine when it is first asked for, then kept."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import OsteoScreenLib
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import InputError, OutputError
from OsteoScreenLib.mrml.volume import write_volume_node
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress

NAME = "OsteoScreen digital patient"
SEED = 7
"""Own choice: a woman of 70 years, for whom a T-score is the right scale."""
SPACING_MM = (1.5, 1.5, 2.0)
"""Coarse enough to be made in less than a minute."""

_log = logging.getLogger(__name__)


def file_name() -> str:
    """Name of the kept file; another version of the simulator makes a file of its own."""
    return f"osteoscreen-digital-patient-{SEED}-{OsteoScreenLib.__version__}.nrrd"


def sample_patient(
    folder: str | os.PathLike[str],
    shape_zyx: tuple[int, int, int] | None = None,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> CTVolume:
    """The CT of the digital patient: from the folder where it is kept, or made and put there.

    Args:
        folder: where to keep the image, and beside it how it was made; the folder is made where it is not there. Where
            it cannot be written, the patient is given all the same.
        shape_zyx: number of voxels; None: all that the protocol covers.

    Raises:
        CancelledError: ``cancelled`` said so.
        MissingPackageError: a package that the simulator needs is not installed.
    """
    from OsteoScreenLib.ct.reader import read_ct
    from OsteoScreenLib.ct.sidecar import sidecar_path, write_sidecar
    from OsteoScreenLib.ct.write import write_image
    from OsteoScreenLib.phantom.digital_patient import make_digital_patient
    from OsteoScreenLib.phantom.draw_traits import draw_patient

    path = Path(folder) / file_name()
    if path.is_file() and sidecar_path(path).is_file():
        try:
            return read_ct(path, progress=progress, cancelled=cancelled)
        except InputError:
            _log.warning("The kept digital patient cannot be read and is made again")
    ct = make_digital_patient(
        draw_patient(SEED),
        spacing_xyz_mm=SPACING_MM,
        shape_zyx=shape_zyx,
        with_truth=False,
        progress=progress,
        cancelled=cancelled,
    ).ct
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(ct, path)
        write_sidecar(ct.acquisition, path)
    except (OSError, OutputError):
        _log.warning("The digital patient cannot be kept; it will be made again next time")
    return ct


def add_sample_patient(scene: Any, ct: CTVolume) -> Any:
    """Put the digital patient into a scene; returns the volume node."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", scene.GenerateUniqueName(NAME))
    write_volume_node(ct, node)
    node.CreateDefaultDisplayNodes()
    return node
