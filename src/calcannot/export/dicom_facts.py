"""What every exported DICOM object says of itself: who made it, by which rule, with which codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from calcannot._version import __version__

if TYPE_CHECKING:
    from datetime import datetime

    from highdicom import AlgorithmIdentificationSequence
    from highdicom.sr import CodedConcept
    from pydicom.dataset import Dataset

    from calcannot.model.calibration import Calibration

MANUFACTURER: Final = "calcannot"
PRIVATE_SCHEME: Final = "99CALCANNOT"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run behind an object.

    Attributes
    ----------
    image_sha256, recipe, fingerprint
        What was measured and by which rule.
    threshold
        As resolved, or None.
    calibration
        Scale of every length, or None: then the object holds pixels.
    made
        When the run was made; an object exported twice from one run is the same object.
    with_patient
        Whether the patient of the source was copied.
    parameters
        Further numbers of the rule, as text.
    """

    image_sha256: str
    recipe: str
    fingerprint: str
    threshold: float | None
    calibration: Calibration | None
    made: datetime
    with_patient: bool = False
    parameters: dict[str, str] = field(default_factory=dict)

    def all_parameters(self) -> dict[str, str]:
        """Name and value of everything that decides the pixels and the lengths."""
        named = {"recipe": self.recipe, "recipe_fingerprint": self.fingerprint, "image_sha256": self.image_sha256}
        if self.threshold is not None:
            named["threshold"] = f"{self.threshold:.10g}"
        return named | {"calibration": self.calibration_text()} | self.parameters

    def calibration_text(self) -> str:
        """Pixel size, where it came from and in which plane it holds."""
        scale = self.calibration
        if scale is None:
            return "none: lengths and areas are in pixels"
        size = f"{scale.um_per_px_row:.10g} x {scale.um_per_px_col:.10g} um per pixel (row x column)"
        return f"{size}, {scale.source.value}, {scale.plane.value} plane"

    def uid(self, what: str) -> str:
        """Identifier that is the same for the same object of the same run."""
        from pydicom.uid import generate_uid

        content = (self.image_sha256, self.fingerprint, self.made.isoformat(), str(self.with_patient))
        return str(generate_uid(entropy_srcs=[MANUFACTURER, *content, what]))


def code(value: str, scheme: str, meaning: str) -> CodedConcept:
    """A coded concept."""
    from highdicom.sr import CodedConcept

    return CodedConcept(value, scheme, meaning)


def made_by(facts: RunFacts, what: str, series_number: int) -> dict[str, Any]:
    """Arguments that the masks and the annotations of a run have in common; ``what`` names the kind of object."""
    return {
        "series_instance_uid": facts.uid(f"{what} series"),
        "series_number": series_number,
        "sop_instance_uid": facts.uid(what),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MANUFACTURER,
        "software_versions": __version__,
        "device_serial_number": "none",
        "content_label": "CALCIFICATION",
        "content_description": f"Calcification by the recipe {facts.recipe}"[:64],
        "series_description": f"Calcification, {what}",
    }


def private_scheme() -> Dataset:
    """What our own codes are, for a reader that does not know them."""
    from pydicom.dataset import Dataset

    scheme = Dataset()
    scheme.CodingSchemeDesignator = PRIVATE_SCHEME
    scheme.CodingSchemeName = "calcannot: 1 is the region's number in regions.csv"
    scheme.CodingSchemeResponsibleOrganization = MANUFACTURER
    return scheme


def calcification() -> tuple[CodedConcept, CodedConcept]:
    """Category and type of everything that is exported: a morphologically abnormal structure, calcified."""
    return (
        code("49755003", "SCT", "Morphologically Abnormal Structure"),
        code("18115005", "SCT", "Pathologic calcification, calcified structure"),
    )


def algorithm(facts: RunFacts) -> AlgorithmIdentificationSequence:
    """Name, version and parameters of the segmentation."""
    import highdicom as hd

    return hd.AlgorithmIdentificationSequence(
        name=MANUFACTURER,
        family=code("123105", "DCM", "Histogram Analysis"),
        version=__version__,
        source=MANUFACTURER,
        parameters=facts.all_parameters(),
    )


def stamp(dataset: Dataset, facts: RunFacts) -> None:
    """Time of the run, and an honest word on the patient: what was removed, and that the UIDs were not."""
    made = facts.made
    for each in _with_dimensions(dataset):
        each.DimensionOrganizationUID = facts.uid("dimensions")
    for each in dataset.get("ContributingEquipmentSequence", ()):
        each.ContributionDateTime = made.strftime("%Y%m%d%H%M%S")
    for name in ("ContentDate", "InstanceCreationDate", "SeriesDate"):
        if name in dataset:
            setattr(dataset, name, made.strftime("%Y%m%d"))
    for name in ("ContentTime", "InstanceCreationTime", "SeriesTime"):
        if name in dataset:
            setattr(dataset, name, made.strftime("%H%M%S"))
    if facts.with_patient:
        return
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Only technical attributes and UIDs of the source were copied"
    dataset.DeidentificationMethodCodeSequence = [
        _item("113100", "Basic Application Confidentiality Profile"),
        _item("113110", "Retain UIDs Option"),
    ]


def _item(value: str, meaning: str) -> Any:
    return code(value, "DCM", meaning)


def _with_dimensions(dataset: Dataset) -> list[Dataset]:
    """Items that name the organization of frames, whose UID would be another one at each export."""
    items = (*dataset.get("DimensionOrganizationSequence", ()), *dataset.get("DimensionIndexSequence", ()))
    return [item for item in items if "DimensionOrganizationUID" in item]
