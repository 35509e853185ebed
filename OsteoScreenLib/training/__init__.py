"""Fitting and exporting models; the only room that needs torch."""
