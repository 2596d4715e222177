"""Table and plot of the benchmark, for the page on performance."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_IDLE = 0.3  # load of a processor
_WIDTH, _BAR, _LEFT, _RIGHT = 760, 22, 250, 90


def write_page(found: dict[str, Any], page: Path | None) -> str:
    """Give the tables as Markdown; with a page, write them between its marks, and the plot into ``images`` by it."""
    text = "\n".join([*_of_calcannot(found), "", *_of_peers(found)])
    if page is not None:
        before, rest = page.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
        (page.parent / "images").mkdir(exist_ok=True)
        (page.parent / "images" / "performance.svg").write_text(_plot(found), encoding="utf-8")
    return text


def _of_calcannot(found: dict[str, Any]) -> list[str]:
    day, threads = datetime.now(UTC).date().isoformat(), found["threads"]
    whole, half, few, one = (found[name] for name in ("whole", "half", "few", "one thread"))
    memory, first = found["memory"], found["first"]
    return [
        f"Measured on {day}, {found['machine']}, {threads} threads; the slide has {whole['regions']:,} regions in "
        f"{whole['pixels'] / 1e6:,.0f} megapixels ({found['slide_mb']:.0f} MB).",
        *_busy(found["load"], threads),
        "",
        *_head("measurement", "wall s", "CPU s", "wall over decode", "CPU over decode"),
        _line(f"pure decode, {threads} threads", _s(whole["decode_wall_s"]), _s(whole["decode_cpu_s"]), "1", "1"),
        _row("`von-kossa`: finds its threshold, its glass and its tissue", whole),
        _row(f"a fixed threshold on the same channel ({whole['threshold']:.0f})", found["fixed"]),
        _row("`von-kossa-stain`: unmixed stain, decoded twice", found["stain"]),
        _row("`von-kossa` with one thread, over decode with one", one),
        _row(f"`von-kossa`, half the pixels ({half['regions']:,} regions)", half),
        _row(f"`von-kossa`, {few['regions']:,} regions in as many pixels", few),
        "",
        *_head("question", "answer"),
        _line("twice the pixels", _times(whole, half)),
        _line(f"{whole['regions'] / few['regions']:.1f} times the regions", _times(whole, few)),
        _line(f"{threads} threads for one", f"{one['wall_s'] / whole['wall_s']:.2f} times as fast; decode alone "
              f"{one['decode_wall_s'] / whole['decode_wall_s']:.2f} times"),
        _line("peak memory of the process", f"{memory['whole']:.0f} MiB; half the pixels {memory['half']:.0f} MiB, "
              f"{few['regions']:,} regions {memory['few']:.0f} MiB"),
        _line("`calcannot measure`, from start to the last file", _command(found["command"])),
        _line("the first run on a machine", f"{first['first_s']:.1f} s for a slide of 17 megapixels, of which "
              f"{first['first_s'] - first['next_s']:.1f} s compile kernels; the next takes {first['next_s']:.1f} s"),
    ]  # fmt: skip


def _busy(load: float | None, threads: int) -> list[str]:
    if load is None or load < _IDLE * threads:
        return []
    return [
        f"**Other programs were running (load {load:.1f}): wall times mean little; those of the processor, and what "
        "they are over decode, are too high by some per cent.**"
    ]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _head(*names: str) -> tuple[str, str]:
    return _line(*names), "|---|" + "---:|" * (len(names) - 1)


def _s(seconds: float) -> str:
    return f"{seconds:.2f}"


def _row(name: str, each: dict[str, Any]) -> str:
    return _line(name, *(_s(each[key]) for key in ("wall_s", "cpu_s", "wall_ratio", "cpu_ratio")))


def _times(more: dict[str, Any], less: dict[str, Any]) -> str:
    return f"{more['wall_s'] / less['wall_s']:.2f} times the time, {more['cpu_s'] / less['cpu_s']:.2f} of the processor"


def _command(command: dict[str, Any]) -> str:
    if "failed" in command:
        return f"failed: {command['failed']}"
    return f"{command['process_s']:.1f} s, {command['cpu_s']:.1f} s of the processor, {command['peak_mib']:.0f} MiB"


def _of_peers(found: dict[str, Any]) -> list[str]:
    whole, crop = found["whole"], found["crop"]
    rows = [*_head("same threshold", "megapixels", "s", "megapixels/s", "calcannot is faster by", "regions", "MiB")]
    entries = {"calcannot, from the file": whole | {"peak_mib": found["memory"]["whole"]}}
    entries |= {"calcannot, a crop in memory": crop, **found["peers"]}
    for name, each in entries.items():
        if "failed" in each:
            rows.append(_line(name, "", each["failed"], "", "", "", ""))
            continue
        # Those that read the file stand against all of calcannot; those that get a crop against its work in memory.
        against = whole if each["pixels"] == whole["pixels"] else crop
        speed = each["pixels"] / each["wall_s"] / 1e6
        times = against["pixels"] / against["wall_s"] / 1e6 / speed
        rows.append(
            _line(
                name,
                f"{each['pixels'] / 1e6:,.0f}",
                _s(each["wall_s"]),
                f"{speed:,.1f}",
                "" if name.startswith("calcannot") else f"{times:.1f}",
                "none" if name.startswith("HistomicsTK") else f"{each['regions']:,}",
                f"{each['peak_mib']:.0f}" if "peak_mib" in each else "",
            )
        )
    return rows


def _plot(found: dict[str, Any]) -> str:
    """Two groups of bars: seconds of calcannot with the decoder's part, and megapixels a second of everybody."""
    of_time = [
        ("von-kossa", found["whole"]), ("a fixed threshold", found["fixed"]), ("von-kossa-stain", found["stain"]),
        ("one thread", found["one thread"]), ("half the pixels", found["half"]), ("few regions", found["few"]),
    ]  # fmt: skip
    longest = max(each["wall_s"] for _, each in of_time)
    speeds = [("calcannot", found["whole"])] + [
        (name, each) for name, each in found["peers"].items() if "failed" not in each
    ]
    parts = [_text(10, 24, "Seconds a measurement takes; dark: the decoder alone", "bold")]
    room = _WIDTH - _LEFT - _RIGHT
    top = 36
    for name, each in of_time:
        decode, whole = (room * each[key] / longest for key in ("decode_wall_s", "wall_s"))
        parts += _bar(top, name, [(whole, "#9cc5e8"), (min(decode, whole), "#1f5f99")], f"{each['wall_s']:.2f} s")
        top += _BAR
    top += 40
    parts.append(_text(10, top - 12, "Megapixels a second, on a logarithmic scale", "bold"))
    rates = [(name, each["pixels"] / each["wall_s"] / 1e6) for name, each in speeds]
    for name, rate in rates:
        width = room * max(0.01, math.log10(rate * 10) / math.log10(max(each for _, each in rates) * 10))
        parts += _bar(top, name, [(width, "#1f5f99" if name == "calcannot" else "#b9b9b9")], f"{rate:,.1f}")
        top += _BAR
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top + 10}" font-family="sans-serif" '
        f'font-size="13"><rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _bar(top: int, name: str, parts: Sequence[tuple[float, str]], value: str) -> list[str]:
    rows = [_text(_LEFT - 8, top + 14, name, anchor="end")]
    for width, colour in parts:
        rows.append(
            f'<rect x="{_LEFT}" y="{top + 2}" width="{width:.1f}" height="{_BAR - 6}" fill="{colour}"/>'
        )  # fmt: skip
    rows.append(_text(_LEFT + max(width for width, _ in parts) + 6, top + 14, value))
    return rows


def _text(x: float, y: float, words: str, weight: str = "normal", anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}" text-anchor="{anchor}" fill="#222222">{words}</text>'
