"""Recipe and threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QGroupBox, QLabel, QPushButton, QWidget
from superqt import QLabeledDoubleSlider
from superqt.utils import signals_blocked

from calcannot.errors import CalcannotError
from calcannot.model.recipe_rules import Method
from calcannot.report.numbers import significant
from calcannot.segment.shipped import load_recipe, recipe_names
from napari_calcannot.histogram_view import HistogramView
from napari_calcannot.preview import PreviewRule, level_counts, preview_rule
from napari_calcannot.wording import sentence

if TYPE_CHECKING:
    from calcannot.model.recipe import Recipe
    from calcannot.segment.channels import Channel
    from napari_calcannot.session import Session

_BY_KIND = "by kind of image"
_PREVIEW, _REFINING = "Live preview", "Live preview (rough, being computed ...)"
_RECIPE_TIP = "How mineral is told from the rest. By kind of image: the one for sections, or for films."
_METHOD_TIP = (
    "How the automatic threshold is found. Every method but that of the recipe finds mineral in any image: look at it."
)


class RuleView(QGroupBox):
    """Shows which rule is in force, and says what the user asks for instead."""

    recipe_chosen = Signal(str)
    """Name of a recipe; empty for the one that fits the image."""
    threshold_moved = Signal(float)
    automatic_asked = Signal()
    method_chosen = Signal(str)
    """Name of an automatic method."""
    load_asked = Signal()
    save_asked = Signal()
    """A recipe from a file, and into one."""
    preview_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Rule", parent)
        self._rule: PreviewRule | None = None
        self.own: dict[str, Recipe] = {}
        """Recipes that are not shipped, by the name they are offered under."""
        self._ranged: Channel | None = None
        self._counted: tuple[object, PreviewRule | None] = (None, None)
        self.recipes = QComboBox()
        self.recipes.setToolTip(_RECIPE_TIP)
        self.recipes.addItem(_BY_KIND, "")
        for name in recipe_names():
            self.recipes.addItem(name, name)
            tip = load_recipe(name).description
            self.recipes.setItemData(self.recipes.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.load, self.save = QPushButton("Load..."), QPushButton("Save...")
        self.load.setToolTip("Take a recipe from a TOML or JSON file.")
        self.save.setToolTip("Write this rule as a file, for other images, other people and the command line.")
        self.methods = QComboBox()
        self.methods.addItems([method.value for method in Method])
        self.methods.setPlaceholderText("a number")  # no longer: it would widen the panel with large letters
        self.methods.setToolTip(_METHOD_TIP)
        self.slider = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.slider.setToolTip("Drag to see at once what would be called mineral. Measure counts it.")
        self.automatic = QPushButton("Automatic")
        self.automatic.setToolTip("Back to the threshold that the recipe finds by itself.")
        self.histogram = HistogramView()
        self.counts = QLabel()
        self.counts.setWordWrap(True)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.preview = QCheckBox(_PREVIEW)
        self.preview.setChecked(True)
        self.preview.setToolTip(
            "Colours pixels by the threshold alone. Regions too small or too pale at their core drop out when "
            "measured. Zoomed out, a pixel is coloured where any of the pixels below it is mineral."
        )
        grid = QGridLayout(self)
        grid.addWidget(QLabel("Recipe"), 0, 0)
        grid.addWidget(self.recipes, 0, 1)
        grid.addWidget(self.load, 0, 2)
        grid.addWidget(self.save, 0, 3)
        self.method_label = QLabel("Automatic")
        grid.addWidget(self.method_label, 1, 0)
        grid.addWidget(self.methods, 1, 1)
        grid.addWidget(self.automatic, 1, 2, 1, 2)
        self.label = QLabel("Threshold")
        grid.addWidget(self.label, 2, 0)
        grid.addWidget(self.slider, 2, 1, 1, 3)
        grid.addWidget(self.histogram, 3, 0, 1, 4)
        grid.addWidget(self.note, 4, 0, 1, 4)
        grid.addWidget(self.counts, 5, 0, 1, 4)
        grid.addWidget(self.preview, 6, 0, 1, 4)
        grid.setColumnStretch(1, 1)
        self.recipes.activated.connect(self._on_recipe)
        self.slider.valueChanged.connect(self._on_slider)
        self.histogram.threshold_chosen.connect(self._on_slider)
        self.automatic.clicked.connect(self.automatic_asked)
        self.methods.activated.connect(lambda index: self.method_chosen.emit(self.methods.itemText(index)))
        self.load.clicked.connect(self.load_asked)
        self.save.clicked.connect(self.save_asked)
        self.preview.toggled.connect(self.preview_toggled)

    @property
    def rule(self) -> PreviewRule | None:
        """How the recipe in force is previewed; None where it can only be measured."""
        return self._rule

    def show_session(self, session: Session | None) -> None:
        """Show recipe, threshold and how it was found."""
        self._rule = None
        self.setEnabled(session is not None)
        if session is None:
            self.note.setText("")
            return
        chosen = session.chosen.name if session.chosen else ""
        if session.chosen is not None and chosen not in recipe_names():
            self.own[chosen] = session.chosen
        if chosen and self.recipes.findData(chosen) < 0:
            self.recipes.addItem(chosen, chosen)
        self.recipes.setCurrentIndex(max(0, self.recipes.findData(chosen)))
        by_kind = _BY_KIND
        try:
            recipe = session.automatic_recipe
            by_kind = _BY_KIND if session.chosen else f"{_BY_KIND}: {recipe.name}"
            self._rule = preview_rule(recipe, session.info)
            note = self._threshold_note(session, self._rule)
            self.methods.setCurrentIndex(
                self.methods.findText(recipe.threshold.value) if isinstance(recipe.threshold, Method) else -1
            )
        except CalcannotError as error:
            note = sentence(error)
        self.recipes.setItemText(0, by_kind)
        self.recipes.setToolTip(_RECIPE_TIP if session.chosen is None else session.chosen.description)
        self.note.setText(note)
        for widget in (self.label, self.slider, self.automatic, self.preview, self.histogram, self.counts,
                       self.methods, self.method_label):  # fmt: skip
            widget.setVisible(self._rule is not None)
        self.automatic.setEnabled(self._rule is not None and session.threshold_by_hand is not None)
        if self._rule is not None:
            self._show_threshold(self._rule, session.threshold)
            self._show_histogram(self._rule, session)

    def _show_threshold(self, rule: PreviewRule, threshold: float | None) -> None:
        with signals_blocked(self.slider):
            if rule.channel != self._ranged:
                self._ranged = rule.channel
                self.slider.setDecimals(0 if rule.channel.is_integer else 3)
                self.slider.setRange(rule.channel.low, rule.channel.high)
                self.slider.setSingleStep(1.0 if rule.channel.is_integer else rule.channel.span / 200)
            if threshold is not None:
                self.slider.setValue(threshold)

    def show_threshold(self, session: Session) -> None:
        """Show the threshold while it is being moved."""
        if self._rule is not None:
            self._show_threshold(self._rule, session.threshold)
            self.histogram.show_threshold(session.threshold, dark=self._rule.dark)
            self.note.setText(self._threshold_note(session, self._rule))
            self.automatic.setEnabled(session.threshold_by_hand is not None)

    def show_refining(self, *, refining: bool) -> None:
        """Say that the preview in view is not exact yet."""
        self.preview.setText(_REFINING if refining else _PREVIEW)

    def show_counts(self, text: str) -> None:
        """Area and share at this threshold, for the view and for the image."""
        self.counts.setText(text)

    def _show_histogram(self, rule: PreviewRule, session: Session) -> None:
        self.histogram.show_threshold(session.threshold, dark=rule.dark)
        if self._counted == (session.statistics, rule):
            return
        self._counted = (session.statistics, rule)
        counts = None
        if session.statistics is not None and rule.channel.spec in session.statistics.channels:
            counts = level_counts(session.statistics, rule)
        self.histogram.show_counts(counts, rule.channel.low, rule.channel.high)

    def _threshold_note(self, session: Session, rule: PreviewRule) -> str:
        side = "at or below" if rule.dark else "above"
        where = f"{rule.channel.name} {side}"
        resolved = session.resolved
        origin = "automatic" if isinstance(session.automatic_recipe.threshold, Method) else "of the recipe"
        if resolved is None:
            found = "finding the automatic threshold ..."
        elif not resolved.found:
            found = f"{origin}: no mineral found, {resolved.reason}"
        else:
            found = f"{origin}: {significant(resolved.threshold or 0.0, 4)}"
        if session.threshold_by_hand is not None:
            return f"Mineral: {where} {significant(session.threshold_by_hand, 4)}, set by hand ({found})"
        return f"Mineral: {where} the threshold ({found})"

    def _on_recipe(self, index: int) -> None:
        self.recipe_chosen.emit(str(self.recipes.itemData(index)))

    def _on_slider(self, value: float) -> None:
        if self._rule is not None:
            self.threshold_moved.emit(self._rule.snapped(value))
