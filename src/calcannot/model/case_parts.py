"""What a case tells of the patient: groups of leaves. Names, units and codes here are the data dictionary's too."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calcannot.model.leaf import Leaf, Part, one_of, quantity, text

Identity = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
OLDEST_AGE = 90

_SIDES = ("left", "right", "midline", "bilateral")
_MASS, _SUBSTANCE = "mg/dL", "mmol/L"


class Subject(Part):
    """Whom it is about, under a pseudonym."""

    pseudonym: Identity | None = Field(default=None, description="Name in the study; never the patient's own")
    age: Leaf | None = quantity("Age at presentation; 90 stands for 90 and more", "a", range=[0, OLDEST_AGE])
    sex: Leaf | None = one_of("Sex", "female", "male", "other")
    ethnicity: Leaf | None = text("Ethnicity, where it matters and may be kept")


class Lesion(Part):
    """One deposit or mass. Sizes are those of a calliper or ruler, never areas of an image."""

    id: Identity = Field(description="Name within the case")
    site: Leaf | None = text("Site as it was worded; codes beside it")
    side: Leaf | None = one_of("Side of the body", *_SIDES)
    length: Leaf | None = quantity("Largest diameter", "cm")
    width: Leaf | None = quantity("Diameter perpendicular to it", "cm")
    height: Leaf | None = quantity("Elevation or thickness", "cm")
    size_method: Leaf | None = one_of(
        "How the size was found", "caliper", "ruler", "ultrasound", "radiograph", "specimen"
    )
    consistency: Leaf | None = text("Firm, hard, soft")
    skin: Leaf | None = text("State of the skin over it: intact, ulcerated, discharging")
    layer: Leaf | None = text("Layer: dermis, subcutis, fascia, muscle")
    joint_relation: Leaf | None = text("Relation to a joint")
    onset: Leaf | None = text("When it was first noticed")
    duration: Leaf | None = quantity("Time since it was noticed", "a")
    growth: Leaf | None = text("Growth: stable, slow, rapid")
    symptoms: Leaf | None = text("Symptoms: none, pain, restricted movement")


class History(Part):
    """What went before."""

    trauma: Leaf | None = text("Injury at the site")
    injections: Leaf | None = text("Injections or infusions at the site")
    surgery: Leaf | None = text("Operations")
    connective_tissue_disease: Leaf | None = text("Systemic sclerosis, dermatomyositis, lupus and others")
    renal_disease: Leaf | None = text("Kidney disease, dialysis")
    malignancy: Leaf | None = text("Malignant disease")
    parathyroid_disease: Leaf | None = text("Disease of the parathyroid glands")
    drugs: Leaf | None = text("Drugs: calcium, vitamin D, phosphate, anticoagulants")
    family: Leaf | None = text("Calcification in the family")


class Labs(Part):
    """Laboratory values. LOINC codes are those of the unit given; a value in words is a finding such as ``normal``."""

    blood_count: Leaf | None = text("Blood count")
    calcium: Leaf | None = quantity("Calcium in serum", _MASS, also=_SUBSTANCE, loinc="17861-6", molar_mass=40.078)
    # Phosphate is reported as its phosphorus.
    phosphate: Leaf | None = quantity(
        "Phosphate in serum", _MASS, also=_SUBSTANCE, loinc="2777-1", molar_mass=30.973762
    )
    calcium_phosphate_product: Leaf | None = quantity("Calcium times phosphate", "mg2/dL2", also="mmol2/L2")
    parathyroid_hormone: Leaf | None = quantity(
        "Parathyroid hormone, intact", _MASS, usual="pg/mL", also=_SUBSTANCE, loinc="2731-8", molar_mass=9425.0
    )
    vitamin_d_25_oh: Leaf | None = quantity(
        "25-hydroxyvitamin D2 and D3", _MASS, usual="ng/mL", also=_SUBSTANCE, loinc="62292-8", molar_mass=400.64
    )
    vitamin_d_1_25_oh: Leaf | None = quantity(
        "1,25-dihydroxyvitamin D", _MASS, usual="pg/mL", also=_SUBSTANCE, loinc="1649-3", molar_mass=416.64
    )
    fgf23: Leaf | None = text("Fibroblast growth factor 23, with its assay")
    alkaline_phosphatase: Leaf | None = quantity("Alkaline phosphatase", "U/L", loinc="6768-6")
    creatinine: Leaf | None = quantity("Creatinine in serum", _MASS, also=_SUBSTANCE, loinc="2160-0", molar_mass=113.12)
    egfr: Leaf | None = quantity("Estimated glomerular filtration rate (MDRD)", "mL/min/{1.73_m2}", loinc="33914-3")
    albumin: Leaf | None = quantity("Albumin in serum", _MASS, usual="g/dL", loinc="1751-7")
    urate: Leaf | None = quantity("Urate in serum", _MASS, also=_SUBSTANCE, molar_mass=168.11)
    antinuclear_antibodies: Leaf | None = text("Antinuclear antibodies, titre and pattern")
    renal_function: Leaf | None = text("Renal function in words")
    liver_function: Leaf | None = text("Liver function in words")


class Findings(Part):
    """What was seen, in words."""

    clinical: Leaf | None = text("On examination")
    radiograph: Leaf | None = text("On the film")
    histology: Leaf | None = text("On the section")
    von_kossa: Leaf | None = one_of("Von Kossa stain", "positive", "negative", "equivocal")


class Classification(Part):
    """What the physician calls it. Never assigned by the program; only checked for consistency."""

    type: Leaf | None = text("Dystrophic, metastatic, idiopathic, iatrogenic, calciphylaxis, or as worded")
    subtype: Leaf | None = text("For example normophosphataemic, hyperphosphataemic, secondary")
    basis: Leaf | None = text("What the classification rests on")
    certainty: Leaf | None = one_of("How certain it is", "definite", "probable", "possible")


class Specimen(Part):
    """Tissue and slide."""

    accession: Leaf | None = text("Accession under a pseudonym")
    block: Leaf | None = text("Block")
    level: Leaf | None = text("Level or section number")
    procedure: Leaf | None = text("Excision, punch, needle")
    fixative: Leaf | None = text("Fixative")
    decalcified: Leaf | None = one_of("Decalcified before cutting", "yes", "no")
    section_thickness: Leaf | None = quantity("Section thickness", "um")
    stain: Leaf | None = text("Stain")
    counterstain: Leaf | None = text("Counterstain")
    silver_exposure: Leaf | None = quantity("Time of the silver solution under light", "min")
    control_slide: Leaf | None = text("Result of the control slide")
    scanner: Leaf | None = text("Scanner, maker and model")
    objective: Leaf | None = quantity("Magnification of the objective", "1")
    numerical_aperture: Leaf | None = quantity("Numerical aperture", "1")


class Radiograph(Part):
    """Technique of a film."""

    view: Leaf | None = text("View or projection")
    body_part: Leaf | None = text("Part of the body examined")
    posture: Leaf | None = text("Standing, lying")
    laterality: Leaf | None = text("Side shown")
    side_marker: Leaf | None = text("Side marker on the film")
    kvp: Leaf | None = quantity("Tube voltage", "kV")
    exposure: Leaf | None = quantity("Tube charge", "mA.s")
    source_detector_distance: Leaf | None = quantity("Source to detector", "mm")
    source_object_distance: Leaf | None = quantity("Source to patient or object", "mm")
    magnification: Leaf | None = quantity("Geometric magnification", "1")
    grid: Leaf | None = text("Anti-scatter grid")
    exposure_index: Leaf | None = quantity("Exposure index", "1")
    deviation_index: Leaf | None = quantity("Deviation index", "1")
    sop_class: Leaf | None = text("DICOM kind of image")
    intent: Leaf | None = text("For presentation or for processing")
    photometric: Leaf | None = text("Photometric interpretation")
    image_scale: Leaf | None = text("Scale stated with the picture")


class Outcome(Part):
    """What was offered, chosen, and came of it."""

    plan: Leaf | None = text("What was offered")
    choice: Leaf | None = text("What was chosen")
    treatment: Leaf | None = text("What was done")
    follow_up: Leaf | None = text("Follow-up")
    recurrence: Leaf | None = one_of("Recurrence", "yes", "no")


class Consent(Part):
    """What the patient agreed to."""

    publication: Leaf | None = one_of("To publication", "yes", "no")
    images: Leaf | None = one_of("To the images being shown", "yes", "no")
    data_sharing: Leaf | None = one_of("To data being shared", "yes", "no")
    approval: Leaf | None = text("Ethics approval, number and board")
