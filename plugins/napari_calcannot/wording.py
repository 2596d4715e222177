"""Errors as sentences of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcannot.errors import CalcannotError


def sentence(error: CalcannotError) -> str:
    """Text with a capital in front; where it begins with a file's name, that is left alone."""
    text = str(error)
    return text if error.file is not None else text[:1].upper() + text[1:]
