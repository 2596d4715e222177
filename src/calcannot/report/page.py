"""A report as one HTML page: no script, nothing from elsewhere, the same bytes for the same report."""

from __future__ import annotations

import base64
import io
import re
from importlib import resources
from typing import TYPE_CHECKING, Final

from PIL import Image

from calcannot.report.wording import NOT_A_DEVICE

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.report.document import Report

_LONGEST_SIDE_PX: Final = 1600
_JPEG_QUALITY: Final = 88


def render_page(report: Report) -> str:
    """The page as text; what comes from records and file names is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("calcannot.report", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["bound"] = _bound
    style = (resources.files("calcannot.report") / "templates" / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html").render(report=report, style=style, not_a_device=NOT_A_DEVICE)


def _bound(text: str) -> str:
    """Numbers that do not part from their unit or sign at the end of a line."""
    return re.sub(r"(?<=\d) (?=[%µmc])|(?<=±) |(?<=\d) (?=\d{3}\b)|(?<=\d) (?=×)|(?<=×) ", "\u00a0", text)


def file_uri(path: Path, longest_side_px: int = _LONGEST_SIDE_PX) -> str:
    """A picture file as a data URI, not larger than a page can show."""
    with Image.open(path) as opened:
        return picture_uri(opened.convert("RGB"), longest_side_px)


def picture_uri(image: Image.Image, longest_side_px: int = _LONGEST_SIDE_PX) -> str:
    """A picture as a data URI."""
    image = image.copy()
    image.thumbnail((longest_side_px, longest_side_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
