"""Dark, light, and the terminal's own sixteen colours."""

import os
import tomllib
from pathlib import Path

from textual.app import App
from textual.theme import BUILTIN_THEMES, Theme

AUTO = "auto"  # follows the terminal

DARK = Theme(
    name="dark",
    primary="#56B4E9",
    secondary="#8FA3B0",
    accent="#56B4E9",
    success="#3FBF8F",
    warning="#E69F00",
    error="#FF6B5B",
    foreground="#D9DEE3",
    background="#0F1317",
    surface="#151A20",
    panel="#1D242C",
    dark=True,
    variables={
        "muted": "#8794A0",
        "line": "#34404B",
        "block-cursor-background": "#24465C",
        "block-cursor-foreground": "#F2F6F9",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#1D242C",
        "block-cursor-blurred-foreground": "#D9DEE3",
        "block-cursor-blurred-text-style": "none",
        "footer-background": "#0F1317",
        "footer-key-foreground": "#56B4E9",
        "scrollbar": "#34404B",
        "scrollbar-background": "#0F1317",
        "scrollbar-corner-color": "#0F1317",
        "scrollbar-background-hover": "#0F1317",
        "scrollbar-background-active": "#0F1317",
    },
)
LIGHT = Theme(
    name="light",
    primary="#0068A3",
    secondary="#52606B",
    accent="#0068A3",
    success="#00704F",
    warning="#8A5A00",
    error="#B3261E",
    foreground="#1D2328",
    background="#FAFAF8",
    surface="#F2F2EF",
    panel="#E8E8E4",
    dark=False,
    variables={
        "muted": "#5C6770",
        "line": "#C3C9CE",
        "block-cursor-background": "#CBE3F3",
        "block-cursor-foreground": "#0B1216",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#E8E8E4",
        "block-cursor-blurred-foreground": "#1D2328",
        "block-cursor-blurred-text-style": "none",
        "footer-background": "#FAFAF8",
        "footer-key-foreground": "#0068A3",
        "scrollbar": "#C3C9CE",
        "scrollbar-background": "#FAFAF8",
        "scrollbar-corner-color": "#FAFAF8",
        "scrollbar-background-hover": "#FAFAF8",
        "scrollbar-background-active": "#FAFAF8",
    },
)
_NATIVE = BUILTIN_THEMES["ansi-dark"]
TERMINAL = Theme(
    name="ansi",
    ansi=True,
    dark=True,
    primary="ansi_cyan",
    secondary="ansi_default",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        **_NATIVE.variables,
        "muted": "ansi_bright_black",
        "line": "ansi_bright_black",
        "block-cursor-background": "ansi_cyan",
        "block-cursor-foreground": "ansi_black",
    },
)
THEMES = (DARK, LIGHT, TERMINAL)
NAMES = (AUTO, *(theme.name for theme in THEMES))


def resolve(wanted: str, app: App[int]) -> str:
    """The theme for a person's choice: a terminal with 16 colours or fewer, and NO_COLOR, get the terminal's own."""
    if app.no_color or app.console.color_system in (None, "standard", "windows"):
        return TERMINAL.name
    if wanted != AUTO:
        return wanted
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT.name if background in ("7", "15") else DARK.name


def starting_theme(settings_file: Path) -> str:
    """The theme that a settings file asks for, without the cost of checking the rest of it."""
    try:
        wanted = tomllib.loads(settings_file.read_text("utf-8")).get("theme")
    except (OSError, ValueError):
        return AUTO
    return wanted if wanted in NAMES else AUTO
