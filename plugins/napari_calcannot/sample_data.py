"""The sample case for napari's menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.cli.demo import sample_folder
from napari_calcannot.reader import layers_of, open_path

if TYPE_CHECKING:
    from napari_calcannot.layers import LayerData


def section() -> list[LayerData]:
    """Rendered von Kossa section."""
    return _one("section.tif")


def radiograph() -> list[LayerData]:
    """Rendered radiograph with a region of interest around each mass."""
    return _one("radiograph.dcm")


def _one(name: str) -> list[LayerData]:
    chosen = []
    for session in open_path(sample_folder()):
        if session.info.name == name:
            chosen.append(session)
        else:
            session.close()
    return layers_of(chosen)
