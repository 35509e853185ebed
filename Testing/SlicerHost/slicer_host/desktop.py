"""Stand-ins for what reaches beyond the window: file dialogs, and files that the system opens. None is shown."""

from __future__ import annotations

from types import ModuleType
from typing import Any


class Desktop:
    """What a user would do in dialogs, and what was opened.

    Attributes:
        paths: what the next file dialogs answer, in order; an empty text is a cancelled dialog. A dialog that no
            answer waits for is an error.
        asked: (kind, title) of each file dialog.
        opened: addresses that the system was asked to open.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.opened: list[str] = []

    def put_into(self, qt: ModuleType) -> None:
        """Take the place of Qt's own in the module ``qt``. As under PythonQt, a dialog gives the path alone."""
        desktop = self

        class QFileDialog:
            @staticmethod
            def getExistingDirectory(parent: Any = None, title: str = "", folder: str = "") -> str:
                return desktop._answer("folder", title)

            @staticmethod
            def getOpenFileName(parent: Any = None, title: str = "", folder: str = "", kinds: str = "") -> str:
                return desktop._answer("file", title)

            @staticmethod
            def getSaveFileName(parent: Any = None, title: str = "", name: str = "", kinds: str = "") -> str:
                return desktop._answer("new file", title)

        class QDesktopServices:
            @staticmethod
            def openUrl(url: Any) -> bool:
                desktop.opened.append(url.toString())
                return True

        qt.QFileDialog = QFileDialog  # type: ignore[attr-defined]
        qt.QDesktopServices = QDesktopServices  # type: ignore[attr-defined]

    def _answer(self, kind: str, title: str) -> str:
        self.asked.append((kind, title))
        if not self.paths:
            raise AssertionError(f"the test has no answer for the dialog {title!r}")
        return self.paths.pop(0)
