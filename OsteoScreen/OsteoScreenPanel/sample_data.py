"""The digital patient among the sample data of Slicer. Nothing is downloaded: the program makes it."""

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

CATEGORY = "OsteoScreen"
RESOURCES = Path(__file__).resolve().parents[1] / "Resources"
THUMBNAIL = RESOURCES / "Icons" / "DigitalPatient.png"


def registerSampleData() -> None:
    """Offer the digital patient; a Slicer without the SampleData module goes without it."""
    try:
        import SampleData
    except ImportError:
        return
    from OsteoScreenLib.mrml.sample_patient import NAME, file_name

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=NAME,
        uris="",  # no address: what is not downloaded has none, and an empty one cannot be fetched by mistake
        fileNames=file_name(),
        nodeNames=NAME,
        thumbnailFileName=str(THUMBNAIL),
        customDownloader=loadDigitalPatient,
    )


def loadDigitalPatient(source: Any = None) -> list[Any]:
    """Put the digital patient into the scene, made first where it is not kept yet.

    Returns:
        The volume node, in a list, as Slicer's sample data are given.
    """
    from OsteoScreenLib.mrml.requirements import ensure_requirements
    from OsteoScreenLib.mrml.sample_patient import add_sample_patient, sample_patient

    def showProgress(fraction: float, message: str) -> None:
        slicer.util.showStatusMessage(_("Making the digital patient: {message}").format(message=message), 2000)
        slicer.app.processEvents()

    with slicer.util.tryWithErrorDisplay(_("The digital patient could not be made."), waitCursor=True):
        ensure_requirements(RESOURCES / "requirements.txt")
        ct = sample_patient(slicer.app.cachePath, progress=showProgress)
        node = add_sample_patient(slicer.mrmlScene, ct)
        slicer.util.setSliceViewerLayers(background=node, fit=True)
        return [node]
