"""The record of the published case, as the letter tells it and no further.

Kikuchi, Ohtsuka and Yamamoto reported no numbers for the laboratory, and no phosphate, parathyroid hormone, vitamin D
or FGF23 at all; nor which side is the larger. Those leaves say ``not_reported``: neither ``normal`` nor ``not_done``.
"""

from __future__ import annotations

from typing import Any

CITATION = (
    "Kikuchi N, Ohtsuka M, Yamamoto T. Symmetrical onset of large tumoral calcinosis on the bilateral lumbar regions. "
    "Case letter, received 24 April 2015, published 30 May 2015. "
    "https://scitcentral.com/article.php?journal=19&article=29"
)
RENDERED = (
    "Rendered by calcannot's phantom code to illustrate the published case. Not an image of the patient: "
    "the letter's own images are not reproduced, and no pixel comes from them."
)
SOURCE = "Kikuchi 2015"
DATE = "2015-05-30"


def _leaf(value: Any, status: str, unit: str | None = None, note: str | None = None) -> dict[str, Any]:
    leaf = {"value": value, "unit": unit, "status": status, "source": SOURCE, "date": DATE}
    return leaf if note is None else {**leaf, "note": note}


def _reported(value: Any, unit: str | None = None, note: str | None = None) -> dict[str, Any]:
    return _leaf(value, "reported", unit, note)


def _missing(note: str | None = None) -> dict[str, Any]:
    return _leaf(None, "not_reported", note=note)


def _lesion(name: str, length_cm: float, width_cm: float) -> dict[str, Any]:
    return {
        "id": name,
        "site": _reported(
            "lumbar region", note='also worded "bilateral abdomen" and, on X-ray, "over the bilateral ilium"'
        ),
        "side": _missing("the letter does not say which side is 5 x 4 cm and which 3 x 2 cm"),
        "length": _reported(length_cm, "cm"),
        "width": _reported(width_cm, "cm"),
        "height": _missing(),
        "size_method": _missing(),
        "consistency": _reported("firm"),
        "layer": _reported("lower dermis to subcutaneous tissue"),
        "onset": _reported("about one year before"),
    }


def case_record(images: list[dict[str, Any]]) -> dict[str, Any]:
    """Build the record; ``images`` are its entries for the files."""
    return {
        "schema_version": 2,
        "revision": 1,
        "id": "kikuchi-2015",
        "title": "Symmetrical onset of large tumoral calcinosis on the bilateral lumbar regions",
        "citation": CITATION,
        "note": RENDERED,
        "subject": {"age": _reported(58, "a"), "sex": _reported("female")},
        "lesions": [_lesion("mass-1", 5.0, 4.0), _lesion("mass-2", 3.0, 2.0)],
        "history": {
            "surgery": _reported("oophorocystectomy"),
            "trauma": _missing(),
            "connective_tissue_disease": _missing(),
            "family": _missing(),
        },
        "labs": {
            "blood_count": _reported("normal"),
            "calcium": _reported("normal", note="no number is given"),
            "renal_function": _reported("normal"),
            "liver_function": _reported("normal"),
            "phosphate": _missing(),
            "calcium_phosphate_product": _missing(),
            "parathyroid_hormone": _missing(),
            "vitamin_d_25_oh": _missing(),
            "vitamin_d_1_25_oh": _missing(),
            "fgf23": _missing(),
            "alkaline_phosphatase": _missing(),
        },
        "findings": {
            "radiograph": _reported("calcification over both iliac bones"),
            "histology": _reported("calcified mass in the lower dermis to subcutaneous tissue"),
            "von_kossa": _reported("positive"),
        },
        "specimen": {"counterstain": _missing(), "fixative": _missing(), "section_thickness": _missing()},
        "radiograph": {"view": _missing(), "kvp": _missing(), "magnification": _missing(), "image_scale": _missing()},
        "classification": {
            "type": _reported("idiopathic tumoral calcinosis"),
            "subtype": _missing("without phosphate, normo- and hyperphosphataemic cannot be told apart"),
        },
        "outcome": {"plan": _reported("surgery offered"), "choice": _reported("declined")},
        "images": images,
    }
