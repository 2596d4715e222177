"""The sample case for napari's menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.cli.demo import sample_folder
from calcannot.store.case_folder import CaseFolder
from napari_calcannot.reader import layers_of
from napari_calcannot.session import Session

if TYPE_CHECKING:
    from napari_calcannot.layers import LayerData


def section() -> list[LayerData]:
    """Rendered von Kossa section."""
    return _one("section.tif")


def radiograph() -> list[LayerData]:
    """Rendered radiograph with a region of interest around each mass."""
    return _one("radiograph.dcm")


def _one(name: str) -> list[LayerData]:
    case = CaseFolder.open(sample_folder())
    entry = next(each for each in case.images if each.path.endswith(name))
    # Not as the case that it is: what a user draws on a sample belongs into the user's own folder.
    session = Session.open(case.image_path(entry.id), case.annotations(entry.id), role=entry.role)
    return layers_of([session])
