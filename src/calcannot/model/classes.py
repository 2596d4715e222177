"""Bits of a classified pixel: one byte says everything that is decided about it."""

from __future__ import annotations

from typing import Final

MINERAL: Final = 1
"""Mineral by the rule and the strokes."""

MINERAL_LOW: Final = 2
"""Mineral at the narrower threshold, for sensitivity."""

MINERAL_HIGH: Final = 4
"""Mineral at the wider threshold."""

REFERENCE: Final = 8
"""Counts towards the reference area that the share is a share of."""

EDGE: Final = 16
"""Inside the region of interest and next to a pixel outside it."""

ADDED: Final = 32
"""Added by hand."""

REJECTED: Final = 64
"""Under a stroke that rejects the region it touches."""

CORE: Final = 128
"""Dense enough to prove that there is mineral; the outline around it may be drawn lower."""
