"""ModelInstaller: checks a bundle, copies it into the user's folder of models, and asks before one gives way to it."""

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from OsteoScreenLib.mrml.models_logic import ModelsLogic, may_be_replaced


class ModelInstaller:
    """What the buttons of several sections start.

    Args:
        quiet: a QuietJob of the section.
        say: shows a line in it.
        onInstalled: told the bundle.
    """

    def __init__(self, quiet: Any, say: Callable[[str], None], onInstalled: Callable[[Any], None]) -> None:
        self.logic = ModelsLogic()
        self.quiet = quiet
        self.say = say
        self._onInstalled = onInstalled

    def install(self, path: str, replace: bool = False) -> None:
        """Check a bundle, a folder or a zip file, and install it; nothing happens where none was chosen."""
        if not path:
            return
        self.say(_("Checking the model ..."))
        self.quiet.start(
            lambda: self.logic.install(path, replace),
            self.showInstalled,
            lambda error: self.onFailed(error, path),
        )

    def onFailed(self, error: BaseException, path: str) -> None:
        """Ask whether the model that is there shall give way, where that is why; else say what is wrong."""
        question = _("{problem} Replace it?").format(problem=f"{getattr(error, 'message', error)}.")
        if not may_be_replaced(error):
            self.say("")
            slicer.util.errorDisplay(str(error))
        elif slicer.util.confirmOkCancelDisplay(question):
            self.quiet.stop()
            self.install(path, replace=True)
        else:
            self.say(_("Nothing was changed."))

    def showInstalled(self, bundle: Any) -> None:
        """A model was installed."""
        text = _("{model} is installed.").format(model=f"{bundle.model_id} {bundle.version}")
        warning = _("It is a demonstration: its answers mean nothing.") if bundle.demonstration else ""
        self.say(f"{text} {warning}".strip())
        self._onInstalled(bundle)
