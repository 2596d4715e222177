"""What a user set in napari's preferences for this plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_calcannot.layers import COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_calcannot.style_view import StyleView

_FIELDS = ("colour", "opacity", "outline")


def user_name() -> str:
    """Who draws: the name in the preferences, and nobody where none is chosen: an account names a person unasked."""
    desk = _desk()
    return str(desk.author).strip() if desk is not None else ""


def choose_user_name(name: str) -> None:
    """Keep a name in the preferences; nothing where the plugin is not installed as one."""
    desk = _desk()
    if desk is not None:
        desk.author = name.strip()


class Style:
    """Brings the preferences to the panel, now and when they are changed.

    Parameters
    ----------
    view
        Shows how mineral is drawn.
    named
        Called with the name of who draws when another is chosen.
    """

    def __init__(self, view: StyleView, named: Callable[[str], None] | None = None) -> None:
        self._view, self._named = view, named
        self._desk = _desk()
        if self._desk is not None:
            self._take()
            for field in _FIELDS:
                getattr(self._desk.events, field).connect(self._take)
            self._desk.events.author.connect(self._on_name)

    def stop(self) -> None:
        """Listen no more."""
        if self._desk is not None:
            for field in _FIELDS:
                getattr(self._desk.events, field).disconnect(self._take)
            self._desk.events.author.disconnect(self._on_name)

    def _on_name(self, _: object = None) -> None:
        if self._named is not None:
            self._named(user_name())

    def _take(self, _: object = None) -> None:
        assert self._desk is not None
        colour = str(self._desk.colour)
        self._view.show_style(colour if colour in COLOURS else next(iter(COLOURS)), float(self._desk.opacity),
                              outline=bool(self._desk.outline))  # fmt: skip


def _desk() -> Any:
    """Settings under the heading of the manifest; None without napari, or where the plugin is not installed as one."""
    try:
        from napari.settings import get_plugin_settings  # a script that only reads needs no napari

        return get_plugin_settings("calcannot").desk
    except (ImportError, KeyError, AttributeError):
        return None
