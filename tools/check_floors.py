"""Fail unless each base dependency is installed in exactly the lowest version that pyproject.toml allows."""

import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

if __name__ == "__main__":
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    wrong = []
    for requirement in map(Requirement, project["dependencies"]):
        floor = next(Version(bound.version) for bound in requirement.specifier if bound.operator == ">=")
        if (installed := Version(version(requirement.name))) != floor:
            wrong.append(f"{requirement.name}: floor {floor}, installed {installed}")
    sys.exit("\n".join(wrong) or 0)
