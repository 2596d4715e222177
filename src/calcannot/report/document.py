"""What a report says, before it is a page: plain values, each as a person reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A label, its value, and what must be known with it. ``absent`` where there is a reason in place of a value."""

    label: str
    value: str
    note: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a heading."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a data URI, with a text for those who do not see it and a caption for all."""

    data_uri: str
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One of the largest regions."""

    number: int
    area: str
    share: str
    size: str
    note: str


@dataclass(frozen=True, slots=True)
class ImageSection:
    """One measured image.

    Attributes
    ----------
    headline, outline, interval, share, region_count, extent
        The line of the summary. Outline, the share of the peak at which it is drawn, and interval are empty where there
        is none.
    statement
        What was measured, on which image, at which scale and by which rule, in one paragraph.
    totals, components, scale, regions, largest, foci, drawn, provenance
        Tables; empty where there is nothing to say.
    histogram
        SVG, or empty where the table of the largest regions holds them all.
    each_focus, rule, warnings, limits
        Sentences.
    """

    name: str
    kind: str
    headline: str
    outline: str
    interval: str
    share: str
    region_count: str
    extent: str
    statement: str
    thumbnail: Picture | None
    picture: Picture | None
    detail: Picture | None
    totals: tuple[Row, ...]
    components: tuple[Row, ...]
    scale: tuple[Row, ...]
    regions: tuple[Row, ...]
    largest: tuple[RegionRow, ...]
    histogram: str
    foci: tuple[Row, ...]
    each_focus: tuple[str, ...]
    drawn: tuple[Row, ...]
    rule: tuple[str, ...]
    warnings: tuple[str, ...]
    limits: tuple[str, ...]
    provenance: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ClinicalSize:
    """Size of a lesion as the record has it."""

    lesion: str
    site: str
    size: str
    how: str


@dataclass(frozen=True, slots=True)
class MeasuredExtent:
    """Extent of mineral on one image, in one region of interest or in all."""

    image: str
    where: str
    size: str
    area: str


@dataclass(frozen=True, slots=True)
class Report:
    """The whole document."""

    title: str
    case_id: str
    facts: tuple[Row, ...]
    note: str
    images: tuple[ImageSection, ...]
    failed: tuple[Row, ...]
    clinical: tuple[ClinicalSize, ...]
    measured: tuple[MeasuredExtent, ...]
    record: tuple[Group, ...]
    record_source: str

    @property
    def in_regions(self) -> bool:
        """Whether extents are more than those of whole images, which the summary holds."""
        return len(self.measured) > len(self.images)

    @property
    def warning_count(self) -> int:
        """Warnings of all images."""
        return sum(len(image.warnings) for image in self.images)

    @property
    def doubted(self) -> list[str]:
        """Images whose area a warning says not to believe: the summary must not be read without it."""
        return [image.name for image in self.images if any("not believe the area" in each for each in image.warnings)]
