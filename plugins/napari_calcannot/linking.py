"""Ties the view of one image to that of another, as the places that are the same in both say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcannot.store.setting import SettingEdit
from napari_calcannot.alignment import Alignment, Fit, fit, pairs_of, plain_pairs
from napari_calcannot.layers import length_unit
from napari_calcannot.log_drawing import LogDrawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_calcannot.camera import Camera
    from napari_calcannot.session import Session

ALIGNMENT = "alignment with "
"""Name of the setting of an image that holds the pairs of places, before the id of the other image."""
_PAIRS = "pairs"


class View:
    """One image as a camera sees it.

    Parameters
    ----------
    session, camera, layer
        The image, what looks at it, and its layer there.
    """

    def __init__(self, session: Session, camera: Camera, layer: Any) -> None:
        self.session, self._camera, self._layer = session, camera, layer

    @property
    def middle(self) -> tuple[float, float]:
        """Row and column that are in the middle."""
        row, col, last_row, last_col = self._camera.view(self._layer)
        return (row + last_row) / 2, (col + last_col) / 2

    @property
    def zoom(self) -> float:
        """Pixels of the screen to one of the image."""
        return self._camera.screen_px_per_pixel(self._layer)

    def go(self, middle: tuple[float, float], zoom: float) -> None:
        """Look there."""
        self._camera.zoom_to(self._layer, zoom)
        self._camera.centre_on(self._layer, *middle)


class Link:
    """How the image beside lies to the one in hand, and whether both move together.

    Parameters
    ----------
    here, there
        The image in hand, the one beside.
    """

    def __init__(self, here: Session, there: Session) -> None:
        self.here, self.there = here, there
        self.alignment = Alignment()
        self.is_on = False
        self._zoom = 1.0

    def reversed(self) -> Link:
        """The same from the other image."""
        other = Link(self.there, self.here)
        turn = 1 / (self.alignment.turn.conjugate() if self.alignment.mirrored else self.alignment.turn)
        other.alignment = Alignment(turn, self.alignment.here(0j), self.alignment.mirrored)
        other.is_on, other._zoom = self.is_on, 1 / self._zoom
        return other

    @property
    def is_rigid(self) -> bool:
        """Whether a length is the same in both."""
        return self.here.info.calibration is not None and self.there.info.calibration is not None

    def tie(self, here: View, there: View) -> None:
        """Move both together, each place of one with the place of the other that it is on now; the turn stays."""
        pair = self._place(here.session, *here.middle), self._place(there.session, *there.middle)
        self.alignment = fit([pair], self.alignment, rigid=self.is_rigid).alignment
        self._on(here, there, is_scaled=False)

    def align(self, pairs: Sequence[tuple[complex, complex]], here: View, there: View) -> Fit:
        """Move both together by pairs of places in pixels."""
        places = [(self._place(self.here, a.imag, a.real), self._place(self.there, b.imag, b.real)) for a, b in pairs]
        found = fit(places, self.alignment, rigid=self.is_rigid)
        self.alignment = found.alignment
        self._on(here, there, is_scaled=len(set(pairs)) > 1 and not self.is_rigid)
        return found

    def follow(self, here: View, there: View, *, here_leads: bool) -> None:
        """Move the view that does not lead."""
        to_px = self._step(self.here)[1] / self._step(self.there)[1]
        if here_leads:
            place = self.alignment.there(self._place(self.here, *here.middle))
            there.go(self._pixel(self.there, place), here.zoom * self._zoom / to_px)
        else:
            place = self.alignment.here(self._place(self.there, *there.middle))
            here.go(self._pixel(self.here, place), there.zoom / self._zoom * to_px)

    def _on(self, here: View, there: View, *, is_scaled: bool) -> None:
        # Sections of one scale are seen at one magnification; a film keeps what it has beside a slide.
        if is_scaled or length_unit(self.here.info) == length_unit(self.there.info):
            self._zoom = 1 / abs(self.alignment.turn)
        elif not self.is_on:
            self._zoom = there.zoom / here.zoom * self._step(self.here)[1] / self._step(self.there)[1]
        self.is_on = True

    def _step(self, session: Session) -> tuple[float, float]:
        """Height and width of a pixel: in µm, or in pixels where one of both is not calibrated."""
        size = session.info.calibration
        return (size.um_per_px_row, size.um_per_px_col) if self.is_rigid and size is not None else (1.0, 1.0)

    def _place(self, session: Session, row: float, col: float) -> complex:
        height, width = self._step(session)
        return complex(col * width, row * height)

    def _pixel(self, session: Session, place: complex) -> tuple[float, float]:
        height, width = self._step(session)
        return place.imag / height, place.real / width


def kept_pairs(here: Session, there: Session) -> list[tuple[complex, complex]]:
    """Pairs of places of two images of one case, as somebody placed them last; empty where nobody did."""
    one, other = here.drawing, there.drawing
    if not isinstance(one, LogDrawing) or not isinstance(other, LogDrawing) or not are_of_one_case(here, there):
        return []
    mine, theirs = ALIGNMENT + other.image_id, ALIGNMENT + one.image_id
    if other.left_at(theirs) > one.left_at(mine):
        return _pairs_in(other.settings.get(theirs), swapped=True)
    return _pairs_in(one.settings.get(mine))


def keep_pairs(here: Session, there: Session, pairs: Sequence[tuple[complex, complex]]) -> None:
    """Write them into the journal of the image in hand, which must be of one case with the other."""
    one, other = here.drawing, there.drawing
    assert isinstance(one, LogDrawing)
    assert isinstance(other, LogDrawing)
    name = ALIGNMENT + other.image_id
    before = one.settings.get(name)
    one.change(settings=(SettingEdit(name, before, {_PAIRS: plain_pairs(pairs)}),), what="alignment")


def are_of_one_case(here: Session, there: Session) -> bool:
    """Whether a case holds both, and so can keep what was found of the two."""
    one, other = here.drawing, there.drawing
    if not isinstance(one, LogDrawing) or not isinstance(other, LogDrawing):
        return False
    return one.case.path.resolve() == other.case.path.resolve()


def _pairs_in(value: Any, *, swapped: bool = False) -> list[tuple[complex, complex]]:
    return pairs_of(value.get(_PAIRS), swapped=swapped) if isinstance(value, dict) else []
