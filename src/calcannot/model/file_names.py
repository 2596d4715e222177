"""Names and paths that mean the same on every machine, and that cannot lead a writer out of its folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST_NAME_BYTES = 180
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_DRIVE = re.compile(r"[A-Za-z]:")


def check_image_name(name: str) -> str | None:
    """What is wrong with the name of an image as part of a file name; None where nothing is."""
    if _FORBIDDEN.search(name):
        return f"{name[:60]!r} has a character that no file name may have"
    if name != name.strip() or name.startswith(".") or name.endswith("."):
        return f"{name[:60]!r} begins or ends with a space or a full stop"
    if _RESERVED.fullmatch(name):
        return f"{name!r} is a name that Windows keeps for itself"
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME_BYTES:
        return f"{name[:40]!r}... is longer than {LONGEST_NAME_BYTES} bytes"
    if any(unicodedata.category(character) in ("Cs", "Co", "Cn", "Cf") for character in name):
        return f"{name[:60]!a} has a character that cannot be seen"
    return None


def check_relative_path(path: str) -> str | None:
    """What is wrong with a path to an image; None where it is relative, and climbs at its head only."""
    if "\\" in path or "\x00" in path or any(ord(character) < 32 for character in path):
        return f"{path[:60]!a} is not a path with forward slashes"
    if path.startswith("/") or _DRIVE.match(path):
        return f"{path[:60]!r} is not relative to the case"
    parts = path.split("/")
    rest = parts[next((i for i, part in enumerate(parts) if part != ".."), len(parts)) :]
    if not rest or any(part in ("", ".", "..") for part in rest):
        return f"{path[:60]!r} does not lead straight to a file"
    if len(parts) - len(rest) > 16:
        return f"{path[:60]!r} leaves the case further than any study is deep"
    return None


def file_name_of(text: str) -> str:
    """A name as a file name on any system: composed, without forbidden characters, not too long."""
    name = unicodedata.normalize("NFC", text)
    name = _FORBIDDEN.sub("_", name)
    name = "".join("_" if unicodedata.category(c) in ("Cs", "Co", "Cn", "Cf") else c for c in name)
    name = name.strip().strip(".").strip() or "image"
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    if len(name.encode()) > LONGEST_NAME_BYTES:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = name.encode()[: LONGEST_NAME_BYTES - 40].decode(errors="ignore").strip() + f"~{digest}"
    return name
