"""What is installed: versions, models and engines, what is missing, and what to do about it."""

import slicer

from OsteoScreenLib.mrml.installed import installed_facts, installed_html, installed_text, slicer_version
from OsteoScreenPanel.quiet_job import QuietJob
from OsteoScreenPanel.section import Section


class InstalledSection(Section):
    """Collected when the section is opened, not before."""

    FORM = "InstalledSection.ui"

    def setup(self) -> None:
        self._facts = None
        self.ui.installedCollapsibleButton.connect("contentsCollapsed(bool)", self.onCollapsed)
        self.ui.refreshInstalledButton.connect("clicked(bool)", self.onRefreshButton)
        self.ui.copyInstalledButton.connect("clicked(bool)", self.onCopyButton)
        self.quiet = QuietJob(self.updateButtons)

    def cleanup(self) -> None:
        self.quiet.stop()

    def onCollapsed(self, collapsed: bool) -> None:
        """The section was opened or closed."""
        if not collapsed and self._facts is None:
            self.collect()

    def onRefreshButton(self) -> None:
        """Collect it again."""
        self.collect()

    def collect(self) -> None:
        """Look, beside the window: comparing the models' checksums takes a moment."""
        version = slicer_version()  # the application is asked here, not in a thread
        self.quiet.start(lambda: installed_facts(version), self.showFacts)

    def showFacts(self, facts) -> None:
        """What was found."""
        self._facts = facts
        self.ui.installedBrowser.html = installed_html(facts)

    def updateButtons(self) -> None:
        """Enable what can be done now."""
        self.ui.refreshInstalledButton.enabled = self.quiet.idle
        self.ui.copyInstalledButton.enabled = self.quiet.idle and self._facts is not None

    def onCopyButton(self) -> None:
        """Copy it as text."""
        slicer.app.clipboard().setText(installed_text(self._facts))
