"""The sections of the panel, from top to bottom."""

from OsteoScreenPanel.bone_status_section import BoneStatusSection
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
from OsteoScreenPanel.status_training_section import StatusTrainingSection
from OsteoScreenPanel.tables_section import TablesSection

SECTIONS = (
    ScanSection,
    DensitySection,
    FemoraSection,
    EditorSection,
    ResultSection,
    BoneStatusSection,
    RadiomicsSection,
    ExportSection,
    CohortSection,
    StatusTrainingSection,
    TablesSection,
    ModelsSection,
    InstalledSection,
)
