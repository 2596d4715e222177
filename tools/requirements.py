"""Print what pyproject.toml asks for, one requirement a line: ``requirements.py [GROUP...]``.

The base dependencies, and those of the named dependency groups. With ``pip install -c constraints.txt -r`` this is the
part of the lock that a lane needs, in the versions and with the hashes of the whole.
"""

import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))


def group(name: str) -> list[str]:
    """List the requirements of a dependency group and of the groups that it includes."""
    found: list[str] = []
    for entry in PROJECT["dependency-groups"][name]:
        found += [entry] if isinstance(entry, str) else group(entry["include-group"])
    return found


if __name__ == "__main__":
    print("\n".join(PROJECT["project"]["dependencies"] + [line for name in sys.argv[1:] for line in group(name)]))
