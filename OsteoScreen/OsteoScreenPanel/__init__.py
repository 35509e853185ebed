"""The panel of the OsteoScreen module: one file and one form for each section."""
