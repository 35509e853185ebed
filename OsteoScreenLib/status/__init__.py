"""Bone-status models at prediction time: onnxruntime and numpy only."""
