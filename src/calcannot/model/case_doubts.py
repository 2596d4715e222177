"""What in a record does not fit together. Nothing is assigned or corrected: a physician decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcannot.errors import CaseError
from calcannot.model.units import converted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcannot.model.case import Case
    from calcannot.model.leaf import Leaf

# Adult reference ranges in serum, wide on purpose: laboratories differ, and what lies outside these lies outside all.
_USUAL_MG_DL = {"calcium": (8.0, 11.0), "phosphate": (2.0, 5.0)}
_PRODUCT_TOLERANCE = 0.05


def doubts(case: Case) -> list[str]:
    """Sentences, each about two facts that do not agree or a class that rests on nothing; empty where all fits."""
    return [*_sizes(case), *_classification(case), *_product(case), *_sides(case)]


def _sizes(case: Case) -> Iterator[str]:
    for lesion in case.lesions:
        length, width = (_in(leaf, "cm") for leaf in (lesion.length, lesion.width))
        if length is not None and width is not None and width > length:
            yield f"The width of lesion {lesion.id} ({width:g} cm) is larger than its length ({length:g} cm)."


def _classification(case: Case) -> Iterator[str]:
    named = " ".join(_word(each) for each in (case.classification.type, case.classification.subtype))
    if not named.strip():
        return
    levels = {name: _level(case, name) for name in _USUAL_MG_DL}
    high = [name for name, level in levels.items() if level == "high"]
    unknown = [name for name, level in levels.items() if level is None]
    raised = f"{' and '.join(high)} above the usual range"
    if "hyperphosphat" in named and "normophosphat" in named:
        yield "The classification says both hyperphosphataemic and normophosphataemic."
    elif "hyperphosphat" in named and levels["phosphate"] in (None, "usual", "low"):
        found = "there is no phosphate value" if levels["phosphate"] is None else "the phosphate is not raised"
        yield f"The classification says hyperphosphataemic, and {found}."
    elif "normophosphat" in named and levels["phosphate"] != "usual":
        found = "there is no phosphate value" if levels["phosphate"] is None else "the phosphate is not usual"
        yield f"The classification says normophosphataemic, and {found}."
    if "idiopathic" in named and high:
        yield f"The classification says idiopathic, and there is {raised}."
    if "idiopathic" in named and unknown:
        yield f"The classification says idiopathic, and there is no value for {' and '.join(unknown)}."
    if "metastatic" in named and not high and not unknown:
        yield "The classification says metastatic, and calcium and phosphate are not raised."
    if "dystrophic" in named and high:
        yield f"The classification says dystrophic, and there is {raised}."


def _product(case: Case) -> Iterator[str]:
    labs = case.labs
    calcium = _in(labs.calcium, "mg/dL", 40.078)
    phosphate = _in(labs.phosphate, "mg/dL", 30.973762)
    stated = _in(labs.calcium_phosphate_product, "mg2/dL2", (40.078 * 30.973762) ** 0.5)
    if calcium is None or phosphate is None or stated is None:
        return
    if abs(stated - calcium * phosphate) > _PRODUCT_TOLERANCE * calcium * phosphate:
        yield (
            f"The product of calcium and phosphate is given as {stated:.3g} mg²/dL², and the two values give "
            f"{calcium * phosphate:.3g}."
        )


def _sides(case: Case) -> Iterator[str]:
    sides = {lesion.id: _word(lesion.side) for lesion in case.lesions}
    for image in case.images:
        shown = _word(image.radiograph.laterality) if image.radiograph else ""
        side = {"l": "left", "r": "right"}.get(shown, shown)
        for lesion in image.lesions:
            if side in ("left", "right") and sides[lesion] in ("left", "right") and sides[lesion] != side:
                yield f"Lesion {lesion} is on the {sides[lesion]}, and the image {image.id} shows the {side}."


def _level(case: Case, name: str) -> str | None:
    leaf: Leaf | None = getattr(case.labs, name)
    masses = {"calcium": 40.078, "phosphate": 30.973762}
    number = _in(leaf, "mg/dL", masses[name])
    if number is not None:
        low, high = _USUAL_MG_DL[name]
        return "low" if number < low else "high" if number > high else "usual"
    words = {"normal": "usual", "raised": "high", "high": "high", "elevated": "high", "low": "low"}
    return words.get(_word(leaf))


def _word(leaf: Leaf | None) -> str:
    return str(leaf.value).strip().lower() if leaf is not None and leaf.value is not None else ""


def _in(leaf: Leaf | None, unit: str, molar_mass: float | None = None) -> float | None:
    if leaf is None or leaf.number is None or leaf.unit is None:
        return None
    try:
        return converted(leaf.number, leaf.unit, unit, molar_mass=molar_mass)
    except CaseError:
        return None
