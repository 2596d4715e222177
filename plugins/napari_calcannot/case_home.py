"""Where what is done to an image is kept: its case, or one made for it in the user's own data folder.

Never beside the image without being asked: the folder of a scanner is often read-only, shared, or watched by other
programs, and an image opened to be looked at is no case.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from calcannot.batch.case_images import add_image, pixel_size_set_at, set_pixel_size
from calcannot.errors import CalcannotError
from calcannot.model.file_names import file_name_of
from calcannot.segment.shipped import load_recipe, recipe_names
from calcannot.store.case_folder import CaseFolder, is_case
from calcannot.store.results_reader import read_results, when_made
from napari_calcannot.left_by_others import left_text
from napari_calcannot.log_drawing import LogDrawing
from napari_calcannot.question import Rule
from napari_calcannot.settings import PIXEL_SIZE, RULE, given_size, plain_size
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from calcannot.model.calibration import Calibration
    from calcannot.model.recipe import Recipe
    from napari_calcannot.session import Session

PLACE_VARIABLE = "CALCANNOT_CASES"
BY_HAND = " (by hand)"
_MAKING = Lock()  # a window that is closed makes a case that is being made already
_OTHER_RULE = "The newest result in the case is by another rule, {}: report and export take it until you measure."
_GIVEN_ROLES = {"histology": "histology", "radiograph": "radiograph"}


def cases_folder() -> Path:
    """Folder of cases that were made by themselves: ``CALCANNOT_CASES``, or the system's place for data of users."""
    named = os.environ.get(PLACE_VARIABLE)
    if named:
        return Path(named)
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    return base / "calcannot" / "cases"


def own_case_of(image: Path) -> Path:
    """Folder of the case that an image opened without one gets; by its place, so that it is found again."""
    place = hashlib.sha256(str(image.resolve()).encode()).hexdigest()[:8]
    return cases_folder() / f"{file_name_of(image.stem)[:60]}-{place}"


def find_own_case(image: Path, *, author: str) -> LogDrawing | None:
    """What was drawn on an image at an earlier time; None where nothing was.

    Raises
    ------
    CalcannotError
        If it is there and cannot be read.
    """
    place = own_case_of(image)
    if not is_case(place):
        return None
    case = CaseFolder.open(place)
    return LogDrawing(case, case.images[0].id, author=author) if case.images else None


def make_own_case(image: Path, *, role: str, calibration: Calibration | None, author: str) -> LogDrawing:
    """Make the case of an image, or open it. Reads the whole image for its hash: call it from a thread.

    Parameters
    ----------
    role
        ``histology`` or ``radiograph``, as the recipe says; other words mean a picture of another kind.
    calibration
        Pixel size given by hand; None for that of the file.

    Raises
    ------
    CalcannotError
        If the folder cannot be written.
    """
    place = own_case_of(image)
    with _MAKING:
        case = CaseFolder.open(place) if is_case(place) else CaseFolder.create(place, author=author)
        if not case.images:
            add_image(case, image, role=_GIVEN_ROLES.get(role, "other"), pixel_size=calibration, author=author)
        elif calibration is not None:
            set_pixel_size(case, case.images[0].id, calibration, author=author)
    return LogDrawing(case, case.images[0].id, author=author)


def resume(session: Session, drawing: LogDrawing) -> str:
    """Go on with an image as it was left: strokes, rule and pixel size.

    Returns
    -------
    str
        What could not be brought back, and why; empty where everything was.
    """
    session.keep_in(drawing)
    left = drawing.settings
    said = []
    newest = recipe_of_newest_run(drawing)
    if RULE not in left and newest is not None:
        session.rule = rule_of_recipe(newest)
    for name, value in ((RULE, left.get(RULE)), (PIXEL_SIZE, _size_left(drawing))):
        try:
            if name in left or name == PIXEL_SIZE:
                session.restore(name, value)
        except CalcannotError as error:
            said.append(f"The {name} is not the one that you left: {sentence(error)}")
    if not drawing.is_worked_on:
        others = drawing.settings_of_others.items()
        said += [left_text(name, kept) for name, kept in others if name in (RULE, PIXEL_SIZE)]
    if newest is not None and not session.has_recipe(newest):
        said.append(_OTHER_RULE.format(newest.name))
    return " ".join(said)


def _size_left(drawing: LogDrawing) -> Any:
    """The pixel size of the case, or of the journal where a crash kept it from the case."""
    if drawing.left_at(PIXEL_SIZE) > pixel_size_set_at(drawing.case, drawing.image_id):
        return drawing.settings[PIXEL_SIZE]
    return plain_size(size_in_case(drawing))


def size_in_case(drawing: LogDrawing) -> Calibration | None:
    """Pixel size of an image as its case has it; None for that of the file."""
    kept = drawing.case.record.image(drawing.image_id).calibration
    return None if kept is None else kept.to_calibration()


def keep_size(session: Session) -> None:
    """Write the pixel size in force into the case, where it has another; errors as ``set_pixel_size``."""
    drawing, size = session.drawing, given_size(session.source)
    if isinstance(drawing, LogDrawing) and size != size_in_case(drawing):
        set_pixel_size(drawing.case, drawing.image_id, size, author=drawing.author)


def recipe_of_newest_run(drawing: LogDrawing) -> Recipe | None:
    """Recipe that an image was last measured with; None where it was not, or by an unreadable run."""
    folder = drawing.case.run_folder(drawing.image_id)
    try:
        runs = [read_results(each) for each in folder.iterdir() if (each / "run.json").exists()]
        newest = max(runs, key=when_made, default=None)
        return None if newest is None else newest.items[0].recipe
    except (CalcannotError, OSError, IndexError):
        return None  # it can be measured again


def rule_of_recipe(recipe: Recipe) -> Rule:
    """Recipe and threshold set by hand."""
    if recipe == default_or_none(recipe.name):
        return Rule(recipe)
    base = default_or_none(recipe.name.removesuffix(BY_HAND))
    threshold = recipe.threshold
    if base is not None and isinstance(threshold, float) and base.with_threshold(threshold) == recipe:
        return Rule(base, threshold)
    return Rule(recipe)


def default_or_none(name: str) -> Recipe | None:
    """The shipped recipe of a name, or None."""
    return load_recipe(name) if name in recipe_names() else None
