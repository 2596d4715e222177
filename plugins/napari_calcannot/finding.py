"""Recipe, threshold and their preview; regions of interest; how much it would be, for the view and for the image."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QFileDialog

from calcannot.errors import CalcannotError
from calcannot.model.recipe_rules import Method
from calcannot.report.numbers import area_text, significant
from calcannot.store.atomic import write_text
from napari_calcannot.layers import IMAGE
from napari_calcannot.preview import PreviewRule, counted_share
from napari_calcannot.question import with_method
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo
    from calcannot.model.resolved import ResolvedRecipe
    from calcannot.segment.statistics import ImageStatistics
    from napari_calcannot.controls import Controls
    from napari_calcannot.desk import Desk
    from napari_calcannot.session import Session

_REST_MS = 250  # from the last move of the slider, or of an outline, until numbers are looked at
_LARGEST_VIEW_PX = 4_000_000


class Finding(QObject):
    """Joins the tab "Find" with the session.

    Parameters
    ----------
    desk, controls
        What is shown, and where.
    """

    def __init__(self, desk: Desk, controls: Controls) -> None:
        super().__init__(desk)
        self._desk, self._controls = desk, controls
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._on_rest)
        self._settle = QTimer(self, singleShot=True, interval=_REST_MS)
        self._settle.timeout.connect(self.take_regions)
        self._looked = QTimer(self, singleShot=True, interval=_REST_MS)
        self._looked.timeout.connect(self._count)
        self._moves = (desk.stage.viewer.scene.camera.events, desk.stage.viewer.canvas.events.size)
        for event in self._moves:
            event.connect(self.look_again)
        rule = controls.rule
        rule.recipe_chosen.connect(
            lambda name: desk.change(lambda session: session.set_recipe(rule.own.get(name, name) or None))
        )
        rule.threshold_moved.connect(self._on_threshold)
        rule.method_chosen.connect(
            lambda name: desk.change(lambda s: s.set_recipe(with_method(s.automatic_recipe, Method(name))))
        )
        rule.load_asked.connect(self._ask_recipe)
        rule.save_asked.connect(self._ask_recipe_file)
        rule.automatic_asked.connect(lambda: desk.change(lambda session: session.set_threshold(None)))
        rule.preview_toggled.connect(lambda _: self.show_preview())
        controls.others.chosen.connect(lambda *left: desk.change(lambda session: session.choose(*left)))
        controls.regions.draw_asked.connect(self._on_draw)
        controls.scale.size_given.connect(lambda text: desk.change(lambda session: session.set_pixel_size(text)))

    @property
    def is_looking(self) -> bool:
        """Whether numbers are about to be looked at."""
        return any(timer.isActive() for timer in (self._rest, self._settle, self._looked))

    def stop(self) -> None:
        """Look at nothing any more."""
        for event in self._moves:
            event.disconnect(self.look_again)
        for timer in (self._rest, self._settle, self._looked):
            timer.stop()

    def look_again(self, _: object = None) -> None:
        """Another part is in view, or more of it is decoded: its numbers follow when it rests."""
        self._looked.start()

    def show_preview(self) -> None:
        """Bring the preview in line with the session, and find the automatic threshold where it is not known."""
        desk, session, view = self._desk, self._desk.session, self._controls.rule
        if session is None or desk.stage.layer(session, IMAGE) is None:  # its layer may have gone a moment ago
            return
        rule, threshold = view.rule, session.threshold
        wanted = view.preview.isChecked() and not session.shows_mask and desk.stage.overlay.is_shown
        if rule is not None and threshold is not None and wanted:
            desk.stage.overlay.show_preview(session, rule, threshold)
        else:
            desk.stage.overlay.hide_preview(session)
        if session.shows_mask:
            desk.stage.overlay.show_mineral(session, redrawn=False)
        if rule is not None and session.resolved is None and not desk.is_working:
            question = session.automatic_question()
            desk.runner.start(question.resolve, partial(self._on_resolved, session), desk.say)
        self._rest.start()

    def load_recipe(self, path: str | Path) -> bool:
        """Take a recipe from a file; False where it is none, which is said."""
        return self._desk.change(lambda session: session.set_recipe(Path(path)))

    def save_recipe(self, path: str | Path) -> None:
        """Write the rule in force as a recipe file."""
        session = self._desk.session
        if session is None:
            return
        try:
            write_text(Path(path), json.dumps(session.recipe.to_dict(), indent=2, ensure_ascii=False) + "\n")
        except CalcannotError as error:
            self._desk.say(sentence(error))
            return
        self._desk.say(f"Written: {path}")

    def settle_soon(self) -> None:
        """Outlines were changed in the viewer: take them over when they have come to rest."""
        self._settle.start()

    def take_regions(self) -> bool:
        """Read the regions off the viewer; False where one is not valid, which is said."""
        desk, session = self._desk, self._desk.session
        if session is None:
            return False
        try:
            annotations = desk.stage.drawn.annotations(session)
        except CalcannotError as error:
            desk.say(sentence(error))
            return False
        if annotations is not session.annotations:
            return desk.change(lambda s: s.set_annotations(annotations))
        return True

    def _ask_recipe(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._controls, "A recipe", "", "Recipes (*.toml *.json)")
        if path:
            self.load_recipe(path)

    def _ask_recipe_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self._controls, "Save the rule", "recipe.json", "Recipes (*.json)")
        if path:
            self.save_recipe(path)

    def _on_threshold(self, threshold: float) -> None:
        desk, session, rule = self._desk, self._desk.session, self._controls.rule.rule
        if session is None or rule is None or not desk.stage.overlay.shows_preview(session):
            desk.change(lambda each: each.set_threshold(threshold))
            return
        # While the slider moves, two numbers on the graphics card and a line of text; all else when it rests.
        session.set_threshold(threshold)
        desk.stage.overlay.show_preview(session, rule, threshold)
        self._controls.rule.show_threshold(session)
        self._rest.start()

    def _on_draw(self, kind: str, shape: str, reason: str) -> None:
        session = self._desk.session
        if session is not None:
            self._desk.stage.drawn.draw_region(session, kind, shape, reason)
            end = "Click around it, then press Enter." if shape == "polygon" else "Drag on the image."
            self._desk.say(f"{end} To change or delete it, use the layer controls on the left.")

    def _on_resolved(self, session: Session, found: tuple[ResolvedRecipe, ImageStatistics]) -> None:
        session.resolved, session.statistics = found
        self._desk.state_changed.emit()

    def _on_rest(self) -> None:
        if self._desk.session is not None:
            self._desk.session.settle()
        self._desk.state_changed.emit()
        self._rest.stop()
        self._count()

    def _count(self) -> None:
        """Say how much mineral there is at this threshold."""
        session, rule = self._desk.session, self._controls.rule.rule
        if session is None or rule is None or session.threshold is None:
            self._controls.rule.show_counts("")
            return
        lines = [
            f"{where}: {text}"
            for where, text in (("In view", self._of_view(session, rule)), ("Image", _of_image(session, rule)))
            if text
        ]
        self._controls.rule.show_counts("\n".join([*lines, "By the threshold alone."]) if lines else "")

    def _of_view(self, session: Session, rule: PreviewRule) -> str:
        """Of the visible part of the level on show; of a lower level, where small grains count as a whole pixel."""
        values = self._desk.stage.overlay.preview_values(session)
        layer = self._desk.stage.layer(session, IMAGE)
        info = session.info
        box = None if layer is None else self._desk.stage.camera.visible(layer, info.height_px, info.width_px)
        if values is None or box is None or session.threshold is None:
            return ""
        if self._desk.stage.camera.shows_all(layer, info.height_px, info.width_px):
            return ""  # the image is all that is in view
        if box.shape[0] * box.shape[1] > _LARGEST_VIEW_PX:
            return "zoom in to see numbers of the view"
        inside = values.in_view(*box[:2], *box.shape)
        taken = np.asarray(inside).astype(np.int64) > rule.cut(session.threshold) + values.shift
        return _text(info, int(taken.sum()), taken.size)


def _of_image(session: Session, rule: PreviewRule) -> str:
    statistics, threshold = session.statistics, session.threshold
    if statistics is None or threshold is None or rule.channel.spec not in statistics.channels:
        return ""
    share = counted_share(statistics, rule, threshold)
    return "" if share is None else _text(session.info, round(share * statistics.pixel_count), statistics.pixel_count)


def _text(info: ImageInfo, taken_px: int, total_px: int) -> str:
    area_mm2 = None if info.calibration is None else taken_px * info.calibration.pixel_area_um2 / 1e6
    return f"{area_text(area_mm2, taken_px)}, {significant(100 * taken_px / max(1, total_px))} %"
