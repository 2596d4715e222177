"""JSON that may come from anywhere: bounded in size and depth, whole, without a key twice."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from calcannot.errors import CalcannotError

DEEPEST = 40
CHECKSUM = "checksum"
_CONTAINERS = frozenset((dict, list))


def load_json(path: Path, error: type[CalcannotError], *, largest_bytes: int) -> Any:
    """Content of a JSON file.

    Raises
    ------
    CalcannotError
        Of the given kind: the file cannot be read, is too large or too deep, or is no JSON, with line and column.
    """
    try:
        size = path.stat().st_size
        if size > largest_bytes:
            what = f"is {size >> 20} MiB large, and at most {largest_bytes >> 20} MiB are read"
            raise error(what, path=path, remedy="restore it from a backup")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as fault:
        what = f"cannot be read ({fault.strerror or 'no such file'})"
        raise error(what, path=path, remedy="check the folder and its rights") from None
    except UnicodeDecodeError as fault:
        what = f"is not text in UTF-8 (byte {fault.start})"
        raise error(what, path=path, remedy="it is damaged; restore it from a backup") from None
    return parse_json(text, path, error)


def parse_json(text: str, path: Path, error: type[CalcannotError], *, line: int | None = None) -> Any:
    """Content of JSON text; errors as ``load_json``, with the given line where the text is one line of a file."""
    place = f"line {line}: " if line is not None else ""
    remedy = "it is damaged; restore it from a backup"
    try:
        content = json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except json.JSONDecodeError as fault:
        at = place or f"line {fault.lineno}, column {fault.colno}: "
        raise error(f"{at}is not JSON ({fault.msg.lower()})", path=path, remedy=remedy) from None
    except RecursionError:
        what = f"{place}is nested too deep"
        raise error(what, path=path, remedy=remedy) from None
    except ValueError as fault:
        raise error(f"{place}is not JSON ({str(fault)[:80]})", path=path, remedy=remedy) from None
    if _is_too_deep(content):
        raise error(f"{place}is nested deeper than {DEEPEST} levels", path=path, remedy=remedy)
    return content


def canonical(content: Any) -> bytes:
    """The one text of some content: sorted keys, no spaces, UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def dumps(content: Any, *, indent: int | None = None) -> str:
    """JSON as people read it; half characters, which UTF-8 has no bytes for, as escapes."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=indent)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(content, ensure_ascii=True, allow_nan=False, indent=indent)
    return text


def checksum_of(content: dict[str, Any]) -> str:
    """SHA-256 of an object's content without its checksum, whatever its spaces, line ends and order of keys."""
    return hashlib.sha256(canonical({key: value for key, value in content.items() if key != CHECKSUM})).hexdigest()


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        what = f"the key {twice[:40]!r} is there twice"
        raise ValueError(what)
    return content


def _no_constant(name: str) -> float:
    what = f"{name} is not a number"
    raise ValueError(what)


def _is_too_deep(content: Any) -> bool:
    layer = [content]
    for _ in range(DEEPEST):
        nested: list[Any] = []
        for each in layer:
            inside = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
            # Most lists are coordinates; which kinds are in one is told without a loop of ours.
            if not _CONTAINERS.isdisjoint(map(type, inside)):
                nested += [value for value in inside if isinstance(value, dict | list)]
        if not nested:
            return False
        layer = nested
    return True


def is_finite(content: Any) -> bool:
    """Whether every number in it is one; ``1e999`` is read as infinity."""
    if isinstance(content, dict):
        return all(is_finite(value) for value in content.values())
    if isinstance(content, list):
        return all(is_finite(value) for value in content)
    return not isinstance(content, float) or math.isfinite(content)
