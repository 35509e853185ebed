"""The folder of simulated samples: filled once, by several processes if wanted, and read by every run."""

from __future__ import annotations

from pathlib import Path

from OsteoScreenLib.errors import CancelledError, InputError
from OsteoScreenLib.progress import CancelToken, ProgressCallback, never_cancelled, no_progress
from OsteoScreenLib.training.segmentation_config import StageConfig
from OsteoScreenLib.training.simulated_samples import Simulation, sample_makers


def simulation_of(stage: str, config: StageConfig) -> Simulation:
    """What a stage's configuration asks to be simulated."""
    return Simulation(stage, config.simulation_mm, config.digital_patients, config.label_map_samples)


def find_label_maps(folder: Path | None) -> tuple[Path, ...]:
    """Label maps in a folder; none where no folder is given.

    Raises:
        InputError: the folder holds none.
    """
    if folder is None:
        return ()
    found = tuple(sorted(path for ending in ("*.nii.gz", "*.nii", "*.mha", "*.nrrd") for path in folder.glob(ending)))
    if not found:
        raise InputError("There is no label map in this folder", path=folder, code="empty_folder")
    return found


def fill_pool(
    folder: Path,
    simulation: Simulation,
    label_maps: tuple[Path, ...] = (),
    *,
    part: int = 0,
    parts: int = 1,
    progress: ProgressCallback = no_progress,
    cancelled: CancelToken = never_cancelled,
) -> int:
    """Make the samples that are not there yet; stopping at any moment loses only the sample in work.

    Args:
        folder: of the pool. simulation, label_maps: what to make.
        part, parts: every ``parts``-th sample from ``part`` on is made here, the others by other processes.
        progress, cancelled: as everywhere.

    Returns:
        Number of samples made now.

    Raises:
        CancelledError: the user asked to stop.
    """
    folder.mkdir(parents=True, exist_ok=True)
    makers = list(sample_makers(simulation, label_maps))[part::parts]
    made = 0
    for number, (name, make) in enumerate(makers):
        if cancelled():
            raise CancelledError("Stopped on request")
        path = folder / f"{name}.npz"
        if not path.exists():
            make().save(path)
            made += 1
        progress((number + 1) / len(makers), f"Simulated samples ({simulation.stage}): {number + 1} of {len(makers)}")
    return made
