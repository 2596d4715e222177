"""A place that scrolls up and down and cuts nothing off at its sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QSize
from qtpy.QtWidgets import QScrollArea

if TYPE_CHECKING:
    from qtpy.QtCore import QObject


class WideEnough(QScrollArea):
    """Scrolls up and down, and is never narrower than what is in it, whatever the size of the text."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The content is another or its letters are: it may need more."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def minimumSizeHint(self) -> QSize:
        """As wide as the content and the bar."""
        hint, inside = super().minimumSizeHint(), self.widget().minimumSizeHint()
        return QSize(
            inside.width() + self.verticalScrollBar().sizeHint().width() + 2 * self.frameWidth(), hint.height()
        )
