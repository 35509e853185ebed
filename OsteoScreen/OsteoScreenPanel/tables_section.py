"""Tables: the nodes that keep flags and measures, for those who want to choose them."""

from OsteoScreenPanel.section import Section


class TablesSection(Section):
    """Two selectors; the parameter node does the rest."""

    FORM = "TablesSection.ui"
