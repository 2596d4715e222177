"""Errors and warnings as sentences of their own, with remedies that a hand on the panel can follow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from calcannot.errors import CalcannotError

# What is said to a command line, and what it is in the panel. The first that fits is taken, each may fit several times.
_IN_THE_PANEL: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Give one with --pixel-size \(for example 0\.5um\), type it in the panel of the viewer,", "Type it above,"),
        (r"[Gg]ive the pixel size yourself, for example --pixel-size", "set the pixel size above, for example"),
        (r"[Gg]ive --pixel-size, or a value in px in the recipe", "set the pixel size above"),
        (r"if it is true, give it with --pixel-size", "if it is true, set it above"),
        (r"[Gg]ive one with --within regions\.geojson or draw it in the viewer", "draw one with Draw region"),
        (r"[Ss]ee calcannot recipe (schema|list)", "choose another recipe"),
        (r"or name its place with calcannot case add --replace", "or open the image by itself"),
        (
            r"put the right file back, or take the new one: calcannot case add --replace --id \S+",
            "put the right file back",
        ),
        (r"give --role: [a-z, ]+", "choose a recipe first"),
        (r"make one with calcannot case new", "open an image instead"),
        (r"run it first: calcannot run CASE", "press Measure first"),
        (r"Give it, for example --source-distance 1100mm", "Type it below the height"),
        (r"--recipe ([\w-]+)", r"the recipe \1"),
    )
)


def sentence(error: CalcannotError) -> str:
    """Text with a capital in front; where it begins with a file's name, that is left alone."""
    text = in_the_panel(str(error))
    return text if error.file is not None else text[:1].upper() + text[1:]


def in_the_panel(text: str) -> str:
    """A message with its remedy in the words of the panel."""
    for pattern, words in _IN_THE_PANEL:
        text = pattern.sub(words, text)
    return text
