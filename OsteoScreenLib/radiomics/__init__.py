"""Radiomics: PyRadiomics' features in numpy and scipy, with nothing to compile."""
