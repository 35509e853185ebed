"""The model store: bundles, checksums, networks that run."""
