"""Tables of a rule over 8-bit colour: which of 2^24 colours are mineral, and at which level.

The levels of a channel do not depend on the image, and of the slow channels (hue, lightness, a stain) they are kept on
disk. A bound is then applied to levels; only the colours of the bound's own level are computed anew, so that every
colour is decided as by its value.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from calcannot.segment.channels import Channel, channel_of
from calcannot.segment.colour_table import COLOURS, compile_colour_levels, level_scale
from calcannot.segment.table_cache import kept_on_disk

if TYPE_CHECKING:
    from calcannot.model.image import ImageInfo
    from calcannot.model.resolved import ResolvedRule

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.uint16]


class ColourTables(NamedTuple):
    """Class and level of each of 2^24 colours, and the bounds within which all colours are without class."""

    classes: Bytes
    levels: Levels
    empty_up_to: npt.NDArray[np.int16]


_in_use: WeakValueDictionary[Channel, Levels] = WeakValueDictionary()


def levels_of_colours(channel: Channel) -> Levels:
    """Channel level of every 8-bit colour; uint16 (2^24,), read-only.

    Shared as long as somebody holds it. Each takes 32 MiB, which are given back then.
    """
    levels = _in_use.get(channel)
    if levels is None:
        key = f"{channel.spec!r} {channel.low!r} {channel.high!r}"
        make = partial(compile_colour_levels, channel)
        levels = _in_use[channel] = make() if channel.is_integer else kept_on_disk(key, make)
    return levels


def colours_within(rules: tuple[ResolvedRule, ...], info: ImageInfo, mask: Mask, *, every: bool) -> Mask:
    """Colours within the bounds of every rule (or of any) and of ``mask`` (or in it); bool (2^24,)."""
    for rule in rules:
        within = _within(rule, channel_of(rule.channel, info))
        mask = mask & within if every else mask | within
    return mask


def _within(rule: ResolvedRule, channel: Channel) -> Mask:
    levels = levels_of_colours(channel)
    mask = np.ones(COLOURS, np.bool_)
    if rule.above is not None:
        mask &= ~_at_most(levels, channel, rule.above)
    if rule.at_least is not None:
        mask &= ~_at_most(levels, channel, float(np.nextafter(rule.at_least, -np.inf)))
    if rule.at_most is not None:
        mask &= _at_most(levels, channel, rule.at_most)
    return mask


def _at_most(levels: Levels, channel: Channel, bound: float) -> Mask:
    scale = level_scale(channel)
    if channel.is_integer:
        return np.asarray(levels <= bound)
    # Levels rise with values: of two levels the lower is of the lower value. Only the bound's own level is undecided.
    own = int(np.clip(np.rint((bound - scale.offset) / scale.step), -1, 1 << 16))
    mask = np.asarray(levels < own)
    undecided = np.flatnonzero(levels == own)
    mask[undecided] = _values(undecided, channel) <= bound
    return mask


def _values(codes: npt.NDArray[np.intp], channel: Channel) -> npt.NDArray[np.float64]:
    """Channel of some colours, computed in the same portions as the whole table: a sum's last bit may hang on that."""
    values = np.empty(codes.size)
    for first in range(0, codes.size, 1 << 16):
        part = np.zeros(1 << 16, np.intp)
        size = min(part.size, codes.size - first)
        part[:size] = codes[first : first + size]
        colours = np.stack([part >> 16, (part >> 8) & 255, part & 255], axis=-1).astype(np.uint8)
        values[first : first + size] = channel.values(colours.reshape(256, 256, 3)).reshape(-1)[:size]
    return values
