"""Measure calcification on histology and radiographs.

>>> import calcannot
>>> with calcannot.open_image("slide.svs") as source:  # doctest: +SKIP
...     analysis = calcannot.analyse(source, calcannot.load_recipe("von-kossa"))
>>> analysis.totals.calcified_area_mm2  # doctest: +SKIP
1.234
"""

from __future__ import annotations

from calcannot._version import __version__

__all__ = ["__version__"]
