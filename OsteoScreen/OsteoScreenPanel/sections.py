"""The sections of the panel, from top to bottom."""

from OsteoScreenPanel.cohort_section import CohortSection
from OsteoScreenPanel.density_section import DensitySection
from OsteoScreenPanel.editor_section import EditorSection
from OsteoScreenPanel.export_section import ExportSection
from OsteoScreenPanel.femora_section import FemoraSection
from OsteoScreenPanel.installed_section import InstalledSection
from OsteoScreenPanel.models_section import ModelsSection
from OsteoScreenPanel.radiomics_section import RadiomicsSection
from OsteoScreenPanel.result_section import ResultSection
from OsteoScreenPanel.scan_section import ScanSection
from OsteoScreenPanel.tables_section import TablesSection

SECTIONS = (
    ScanSection,
    DensitySection,
    FemoraSection,
    EditorSection,
    ResultSection,
    RadiomicsSection,
    ExportSection,
    CohortSection,
    TablesSection,
    ModelsSection,
    InstalledSection,
)
