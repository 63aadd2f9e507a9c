"""Whole screens over the workbench."""
