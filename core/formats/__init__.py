"""Annotation and mask files that other programs read."""
