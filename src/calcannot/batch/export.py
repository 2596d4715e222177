"""Export measured images: the one table of formats, and where their files go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from calcannot.batch.export_sources import ExportSource, find_sources
from calcannot.errors import OutputError
from calcannot.export.coco import write_coco
from calcannot.export.geojson import write_geojson
from calcannot.export.imagej import write_roi, write_roi_set
from calcannot.export.label_tiff import write_label_tiff
from calcannot.export.layouts import LAYOUTS
from calcannot.export.table import write_csv, write_parquet
from calcannot.export.zarr_labels import write_zarr_labels
from calcannot.store.atomic import replacing
from calcannot.store.masks import write_mask

if TYPE_CHECKING:
    from calcannot.export.subject import Progress, Subject

Watch = Callable[[str, int, int], None]
"""Called with an image's name, the steps done and how many there are."""


@dataclass(frozen=True, slots=True)
class Format:
    """A way out.

    Attributes
    ----------
    ending
        Of its files.
    holds
        What it is, in a few words.
    one
        Writes one image to a file; None where all images go into one file.
    joint
        Writes all images to one file.
    is_folder
        Whether its "file" is a folder, which is not moved into place as one.
    refers
        Whether it is a DICOM object, which refers to the measured image and so needs its header.
    """

    ending: str
    holds: str
    one: Callable[[Path, Subject, Progress | None], None] | None = None
    joint: Callable[[Path, Iterable[Subject], Progress | None], None] | None = None
    is_folder: bool = False
    refers: bool = False


def _mask(path: Path, subject: Subject, progress: Progress | None) -> None:
    write_mask(path, subject.runs, subject.calibration)
    if progress:
        progress(1, 1)


FORMATS: Final = {
    "geojson": Format(".geojson", "regions with holes and measurements, for QuPath", write_geojson),
    "geojson.gz": Format(".geojson.gz", "the same, compressed", write_geojson),
    "imagej": Format(".RoiSet.zip", "one ROI a region, for ImageJ and Fiji", write_roi_set),
    "imagej-roi": Format(".roi", "all regions as one selection, for ImageJ and Fiji", write_roi),
    "ome-tiff": Format(".mask.ome.tif", "mask of 0 and 1, pyramid with physical size", _mask),
    "ome-tiff-labels": Format(".labels.ome.tif", "region numbers, pyramid with physical size", write_label_tiff),
    "ome-zarr": Format(".labels.ome.zarr", "region numbers with colours and areas", write_zarr_labels, is_folder=True),
    "coco": Format(".coco.json", "run-length masks of all images", joint=write_coco),
    "coco-polygons": Format(
        ".coco.json", "outer outlines of all images, without holes", joint=partial(write_coco, polygons=True)
    ),
    "dicom-seg": Format(".seg.dcm", "the mask as a DICOM segmentation", refers=True),
    "dicom-sr": Format(".sr.dcm", "area, axes and count as a DICOM structured report", refers=True),
    "dicom-ann": Format(".ann.dcm", "outlines and areas of a slide as DICOM bulk annotations", refers=True),
    "csv": Format(".csv", "measurements of all images", joint=write_csv),
    "parquet": Format(".parquet", "the same table", joint=write_parquet),
}


def export(
    sources: str | Path | Sequence[str | Path],
    to: str,
    output: str | Path,
    *,
    images: Sequence[str] = (),
    licence: str = "",
    image_folder: Path | None = None,
    dicom_source: Path | None = None,
    with_patient: bool = False,
    progress: Watch | None = None,
) -> list[Path]:
    """Write measured images for other tools.

    Parameters
    ----------
    sources
        Case folders and folders of results; of a case the newest run of each image.
    to
        Name of a format, one of ``FORMATS``.
    output
        A file where its name ends as the format's do and it takes one file, else a folder.
    images
        Names of images to take; all unless given.
    licence
        Of the images, for formats that state one; that of the case unless given.
    image_folder
        Where the measured images lie, for DICOM objects; not needed for a case.
    dicom_source
        DICOM file or folder of the one image that is exported, where what was measured is not DICOM itself.
    with_patient
        Let DICOM objects hold patient, study and specimen of the image they refer to.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    OutputError
        If there is no such format, or nothing can be written there.
    ResultsError
        If results cannot be read, or are not of one run.
    """
    if to not in FORMATS:
        raise OutputError(f"there is no format {to!r}", remedy=f"choose one of {', '.join([*FORMATS, *LAYOUTS])}")
    chosen = FORMATS[to]
    paths = [sources] if isinstance(sources, str | Path) else list(sources)
    found = find_sources(paths, images, licence)
    output = Path(output)
    if chosen.joint is not None:
        return [_write_joint(chosen, found, _joint_file(chosen, output), progress)]
    if dicom_source is not None and len(found) > 1:
        raise OutputError("one DICOM image is named for several images", remedy="choose one image with --image")
    files = _files(chosen, found, output)
    for source, file in zip(found, files, strict=True):
        if chosen.refers:
            _write_dicom(to, source, file, dicom_source or source.image_path(image_folder), with_patient)
        else:
            _write_one(chosen, source, file, progress)
    return files


def _write_dicom(to: str, source: ExportSource, file: Path, image: Path, with_patient: bool) -> None:
    from calcannot.batch.export_dicom import dicom_object

    made = dicom_object(to, source, image, with_patient=with_patient)
    with replacing(file) as temporary:
        made.save_as(temporary, enforce_file_format=True)


def _write_one(chosen: Format, source: ExportSource, file: Path, progress: Watch | None) -> None:
    assert chosen.one is not None
    watch = _of_image(source, progress)
    if chosen.is_folder:
        file.parent.mkdir(parents=True, exist_ok=True)
        chosen.one(file, source.subject(), watch)
        return
    with replacing(file) as temporary:
        chosen.one(temporary, source.subject(), watch)


def _write_joint(chosen: Format, found: list[ExportSource], file: Path, progress: Watch | None) -> Path:
    assert chosen.joint is not None
    now = found[0]

    def subjects() -> Iterator[Subject]:
        nonlocal now
        for now in found:
            yield now.subject()

    def watch(done: int, total: int) -> None:
        if progress:
            progress(now.item.name, done, total)

    with replacing(file) as temporary:
        chosen.joint(temporary, subjects(), watch)
    return file


def _of_image(source: ExportSource, progress: Watch | None) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(source.item.name, done, total)


def _files(chosen: Format, found: list[ExportSource], output: Path) -> list[Path]:
    is_file = _is_named_as(chosen, output) and (chosen.is_folder or not output.is_dir())
    if is_file and len(found) > 1:
        what = f"is one file, and there are {len(found)} images"
        raise OutputError(what, path=output, remedy="give a folder with -o, or one image with --image")
    if is_file:
        return [output]
    stems = [each.item.mask_path.name.removesuffix(".ome.tif") for each in found]
    # Images of several folders may share a name.
    named = [f"{each.case}__{stem}" if stems.count(stem) > 1 else stem for each, stem in zip(found, stems, strict=True)]
    if len(set(named)) < len(named):
        what = "two images of one case have the same name"
        raise OutputError(what, remedy="export them one by one with --image, each to a file of its own")
    return [output / f"{name}{chosen.ending}" for name in named]


def _joint_file(chosen: Format, output: Path) -> Path:
    return output if _is_named_as(chosen, output) and not output.is_dir() else output / f"regions{chosen.ending}"


def _is_named_as(chosen: Format, output: Path) -> bool:
    """Whether a name ends as the format's files do, in full or in its last part (but .gz alone says nothing)."""
    last = chosen.ending[chosen.ending.rindex(".") :]
    return output.name.lower().endswith(chosen.ending.lower() if last == ".gz" else last)
