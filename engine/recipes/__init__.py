"""Recipes: whole networks from a few settings; importing the package registers them all."""

from engine.recipes import perceptrons, vision
from engine.recipes.base import Recipe, named

__all__ = ["Recipe", "named", "perceptrons", "vision"]
