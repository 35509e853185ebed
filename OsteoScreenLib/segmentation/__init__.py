"""Masks of the proximal femora, whoever makes them."""
