"""Fail unless each base dependency is installed in exactly the lowest version that pyproject.toml allows."""

import sys
from importlib.metadata import version

from packaging.requirements import Requirement
from packaging.version import Version
from requirements import PROJECT

if __name__ == "__main__":
    wrong = []
    for requirement in map(Requirement, PROJECT["project"]["dependencies"]):
        floor = next(Version(bound.version) for bound in requirement.specifier if bound.operator == ">=")
        if (installed := Version(version(requirement.name))) != floor:
            wrong.append(f"{requirement.name}: floor {floor}, installed {installed}")
    sys.exit("\n".join(wrong))
