"""Which attributes of a DICOM file identify somebody: those that PS3.15, Annex E, Basic Profile removes or replaces.

Only names of attributes are given, never what stands in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calcannot.io.quiet import reading
from calcannot.model.identifier import Identifier, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# PS3.15 2024, Table E.1-1, the attributes that films and slides carry, by what they tell.
PERSON: Final = _words(
    """
    PatientName PatientID IssuerOfPatientID OtherPatientIDs OtherPatientIDsSequence OtherPatientNames PatientBirthName
    PatientBirthDate PatientBirthTime PatientMotherBirthName PatientAddress PatientTelephoneNumbers
    PatientTelecomInformation PatientInsurancePlanCodeSequence MilitaryRank BranchOfService CountryOfResidence
    RegionOfResidence PatientReligiousPreference MedicalRecordLocator ResponsiblePerson ResponsibleOrganization
    Occupation EthnicGroup PersonName PersonAddress PersonTelephoneNumbers PersonTelecomInformation
    PersonIdentificationCodeSequence ConfidentialityConstraintOnPatientDataDescription PatientComments
    AdditionalPatientHistory PatientState Allergies MedicalAlerts SpecialNeeds PregnancyStatus LastMenstrualDate
    SmokingStatus PatientSexNeutered
    """
)
NUMBER: Final = _words(
    """
    AccessionNumber StudyID AdmissionID IssuerOfAdmissionID ServiceEpisodeID IssuerOfServiceEpisodeID
    PlacerOrderNumberImagingServiceRequest FillerOrderNumberImagingServiceRequest ScheduledProcedureStepID
    RequestedProcedureID PerformedProcedureStepID SpecimenAccessionNumber SpecimenIdentifier
    ContainerIdentifier SpecimenUID LabelText BarcodeValue InsurancePlanIdentification
    """
)
STAFF: Final = _words(
    """
    ReferringPhysicianName ReferringPhysicianAddress ReferringPhysicianTelephoneNumbers
    ReferringPhysicianIdentificationSequence ConsultingPhysicianName ConsultingPhysicianIdentificationSequence
    PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence PerformingPhysicianName
    PerformingPhysicianIdentificationSequence NameOfPhysiciansReadingStudy PhysiciansReadingStudyIdentificationSequence
    OperatorsName OperatorIdentificationSequence RequestingPhysician RequestingService ScheduledPerformingPhysicianName
    OrderEnteredBy OrderEntererLocation OrderCallbackPhoneNumber VerifyingObserverName AuthorObserverSequence
    VerifyingObserverSequence VerifyingOrganization InterpretationRecorder InterpretationTranscriber
    InterpretationAuthor IntendedRecipientsOfResultsIdentificationSequence NamesOfIntendedRecipientsOfResults
    ReviewerName HumanPerformerName HumanPerformerOrganization ContentCreatorName
    """
)
PLACE: Final = _words(
    """
    InstitutionName InstitutionAddress InstitutionalDepartmentName InstitutionCodeSequence
    InstitutionalDepartmentTypeCodeSequence CurrentPatientLocation PatientInstitutionResidence StationName
    PerformedStationName PerformedLocation ScheduledStationName ScheduledProcedureStepLocation
    ScheduledPatientInstitutionResidence RequestingServiceCodeSequence PerformedStationAETitle ScheduledStationAETitle
    RetrieveAETitle SourceApplicationEntityTitle SendingApplicationEntityTitle
    """
)
DEVICE: Final = _words(
    """
    DeviceSerialNumber DetectorID PlateID CassetteID GantryID GeneratorID DeviceUID DeviceDescription
    UDISequence UniqueDeviceIdentifier ManufacturerDeviceIdentifier
    """
)
DATE: Final = _words(
    """
    StudyDate SeriesDate AcquisitionDate ContentDate AcquisitionDateTime InstanceCreationDate CurveDate OverlayDate
    AdmittingDate DischargeDate IssueDateOfImagingServiceRequest PerformedProcedureStepStartDate
    PerformedProcedureStepEndDate ScheduledProcedureStepStartDate ScheduledProcedureStepEndDate DateOfSecondaryCapture
    DateOfLastCalibration DateOfLastDetectorCalibration DateTime ContributionDateTime
    SubstanceAdministrationDateTime InstanceCoercionDateTime StudyTime SeriesTime AcquisitionTime ContentTime
    """
)
TEXT: Final = _words(
    """
    StudyDescription SeriesDescription ProtocolName RequestedProcedureDescription ReasonForStudy
    RequestedProcedureComments ScheduledProcedureStepDescription PerformedProcedureStepDescription
    CommentsOnThePerformedProcedureStep ImageComments FrameComments AcquisitionComments
    AcquisitionDeviceProcessingDescription
    DerivationDescription VisitComments AdmittingDiagnosesDescription DischargeDiagnosisDescription IdentifyingComments
    ResultsComments StudyComments InterpretationText TextComments TextString
    SpecimenShortDescription SpecimenDetailedDescription ContributionDescription ContentLabel ContentDescription
    ContrastBolusAgent ImagingServiceRequestComments ReasonForTheImagingServiceRequest
    OriginalAttributesSequence ModifiedAttributesSequence RequestAttributesSequence DigitalSignaturesSequence
    """
)
# They identify to whoever has the archive that they came from.
UID: Final = _words("StudyInstanceUID SeriesInstanceUID SOPInstanceUID FrameOfReferenceUID DimensionOrganizationUID")

_GROUPS: Final = (
    ("person", PERSON, Weight.IDENTIFIES), ("number", NUMBER, Weight.IDENTIFIES), ("staff", STAFF, Weight.IDENTIFIES),
    ("place", PLACE, Weight.IDENTIFIES), ("device", DEVICE, Weight.IDENTIFIES), ("date", DATE, Weight.IDENTIFIES),
    ("free text", TEXT, Weight.MAY), ("unique number", UID, Weight.MAY),
)  # fmt: skip
KNOWN: Final = {keyword: (group, weight) for group, keywords, weight in _GROUPS for keyword in keywords}
# Values that say that nothing is said.
_EMPTY = {"", "ANONYMOUS", "ANONYMIZED", "ANON", "NONE", "UNKNOWN", "PHANTOM", "REMOVED"}


def identifiers_in_dicom(path: Path) -> list[Identifier]:
    """Attributes that identify, at any depth, private ones, and whether the header admits text in the pixels.

    Raises
    ------
    ImageReadError
        If the header cannot be read.
    """
    import pydicom

    with reading(path, "the DICOM header cannot be read", "the file is damaged; copy or export it again", detail=False):
        header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        found = dict.fromkeys(_attributes(header))
        burned = str(header.get("BurnedInAnnotation") or "").upper()
        kinds = [str(each).upper() for each in header.get("ImageType", [])]
        labelled = str(header.get("SpecimenLabelInImage") or "").upper()
        meta = getattr(header, "file_meta", {})
        found |= dict.fromkeys(_attributes(meta))
    if burned == "YES":
        found[Identifier("pixels", "BurnedInAnnotation is YES: there is text in the picture", Weight.IDENTIFIES)] = None
    elif burned != "NO":
        what = "BurnedInAnnotation is not NO: text in the picture is not ruled out"
        found[Identifier("pixels", what, Weight.MAY)] = None
    if labelled == "YES" or "LABEL" in kinds:
        found[Identifier("pixels", "the picture shows the label of the slide", Weight.IDENTIFIES)] = None
    return list(found)


def _attributes(data: Any, place: str = "") -> Iterator[Identifier]:
    for element in data:
        if element.VR == "SQ":
            name = element.keyword or str(element.tag)
            if element.keyword in KNOWN and len(element.value):
                group, weight = KNOWN[element.keyword]
                yield Identifier(group, place + name, weight)
            for item in element.value:
                yield from _attributes(item, f"{place}{name}.")
        elif element.tag.is_private:
            if not element.tag.is_private_creator and element.value not in (None, "", b""):
                yield Identifier("private", f"{place}private group {element.tag.group:04X}", Weight.MAY)
        elif element.keyword in KNOWN and _says_something(element.value):
            group, weight = KNOWN[element.keyword]
            yield Identifier(group, place + element.keyword, weight)


def _says_something(value: Any) -> bool:
    return value is not None and str(value).strip(" ^\0[]").upper() not in _EMPTY
