"""Make the sample case: a rendered film, a rendered section, their exact truth, regions of interest and the record.

    python sample_images/generate.py           write everything beside this script
    python sample_images/generate.py --check   render again elsewhere, compare, exit 1 on a difference

The same versions of the packages named in MANIFEST.tsv give the same bytes.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pelvis
import record
import skin
from scipy import ndimage
from skin_field import SIZE_PX, UM_PER_PX

from calcannot.model.case import case_from_dict
from calcannot.phantom.dicom_film import write_dicom_film
from calcannot.phantom.write import radiograph_truth, rois_geojson, write_json, write_slide
from calcannot.store.atomic import write_text
from calcannot.store.case_folder import record_text

if TYPE_CHECKING:
    from calcannot.phantom.radiograph import RadiographPhantom

HERE = Path(__file__).resolve().parent
SEED = 2015
LICENCE = "CC0-1.0"
FILM, SECTION, REGIONS = "radiograph.dcm", "section.tif", "annotations/radiograph.dcm.geojson"
WINDOW = (1000, 3300)
JPEG_QUALITY = 95
FILES = (
    FILM, SECTION, REGIONS, f"{FILM}.truth.json", f"{SECTION}.truth.json", "case.json", "MANIFEST.tsv",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Write the files, or compare them with what the code makes now."""
    if arguments == ["--check"]:
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder))
            different = [name for name in FILES if (Path(folder) / name).read_bytes() != (HERE / name).read_bytes()]
        for name in different:
            print(f"{name} differs from what the code makes", file=sys.stderr)
        return 1 if different else 0
    generate(HERE)
    return 0


def generate(folder: Path) -> None:
    """Write every file of the sample case into a folder."""
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    film = pelvis.render(SEED)
    write_dicom_film(film, folder / FILM, rle=True, spacing="distances", window=WINDOW, description=record.RENDERED)
    write_json(folder / REGIONS, rois_geojson(film, FILM))
    write_json(folder / f"{FILM}.truth.json", film_truth(film))
    section = skin.render(SEED)
    write_slide(
        section.rgb, folder / SECTION, um_per_px=UM_PER_PX, identity=f"sample section/{SEED}",
        description=record.RENDERED, jpeg_quality=JPEG_QUALITY,
    )  # fmt: skip
    write_json(folder / f"{SECTION}.truth.json", section_truth(section.mineral))
    write_text(folder / "case.json", record_text(case_from_dict(record.case_record(images(folder)))))
    (folder / "MANIFEST.tsv").write_text(manifest(folder, film, section.mineral), encoding="utf-8", newline="\n")


def images(folder: Path) -> list[dict[str, Any]]:
    """Entries of the record for the two images."""
    rendered = {"rendered": True, "note": record.RENDERED}
    return [
        {"id": FILM, "role": "radiograph", "path": FILM, "sha256": sha256(folder / FILM), **rendered,
         "side_note": "the sides of the rendered masses are a choice of the drawing, not a statement of the letter"},
        {"id": SECTION, "role": "histology", "path": SECTION, "sha256": sha256(folder / SECTION), **rendered,
         "stain": "von Kossa, nuclear fast red (the counterstain is a choice of the drawing)"},
    ]  # fmt: skip


def film_truth(film: RadiographPhantom) -> dict[str, Any]:
    """Exact truth of the film."""
    return {**radiograph_truth(film), "rendered": record.RENDERED}


def section_truth(mineral: np.ndarray) -> dict[str, Any]:
    """Exact truth of the section, from the mineral's share of each pixel before the optics."""
    labels, count = ndimage.label(mineral >= 0.5, np.ones((3, 3)))
    sizes = ndimage.sum_labels(mineral, labels, np.arange(1, count + 1))
    pixel_mm2 = UM_PER_PX**2 / 1e6
    return {
        "rendered": record.RENDERED,
        "definitions": {
            "mineral_area_mm2": "Area inside the continuous outline of mineral, from 16 x 16 points in each pixel "
            "that the outline crosses, before blur, noise and compression; matrix, septa and clefts are left out.",
            "largest_area_mm2": "Share of the largest part: pixels at least half mineral, 8-connected.",
            "part_count": "Number of such parts, however small.",
            "part_count_20um2": "Number of such parts of 20 µm² and more.",
        },
        "seed": SEED,
        "um_per_px": UM_PER_PX,
        "size_px": list(SIZE_PX),
        "mineral_area_px": float(mineral.sum()),
        "mineral_area_mm2": float(mineral.sum()) * pixel_mm2,
        "mineral_fraction_of_image": float(mineral.mean()),
        "largest_area_mm2": float(sizes.max()) * pixel_mm2,
        "part_count": int(count),
        "part_count_20um2": int((sizes * UM_PER_PX**2 >= 20).sum()),
    }


def manifest(folder: Path, film: RadiographPhantom, mineral: np.ndarray) -> str:
    """One row a file: hash, size, origin, licence, scale, exact truth."""
    packages = ("numpy", "scipy", "pillow", "pydicom", "tifffile", "imagecodecs")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    origin = f"rendered by sample_images/generate.py, seed {SEED}; not an image of the patient ({versions})"
    spec = film.spec
    masses = "; ".join(
        f"mass {number}: {lesion.object_area_mm2:.3f} mm2 inside the outline in the patient, of it "
        f"{lesion.mineral_area_mm2:.1f} mm2 between the septa ({lesion.detector_area_mm2:.3f} mm2 inside the outline "
        f"on the detector, magnification {lesion.magnification:.6f})"
        for number, lesion in enumerate(film.lesions, start=1)
    )
    area = f"mineral: {mineral.sum() * UM_PER_PX**2 / 1e6:.6f} mm2, from 16 x 16 coverage before the optics"
    scale = (
        f"{spec.spacing_mm} mm a pixel on the detector (ImagerPixelSpacing), SID {spec.sid_mm:g} mm, "
        f"SOD {spec.sid_mm - film.lesions[0].height_mm:g} mm"
    )
    drawn = {FILM: (origin, scale, masses), SECTION: (origin, f"{UM_PER_PX} µm a pixel (OME PhysicalSize)", area)}
    written = f"written by sample_images/generate.py, seed {SEED}"
    rows = ["file\tbytes\tsha256\torigin\tlicence\tscale\ttrue_area"]
    for name in FILES[:-1]:
        about = drawn.get(
            name, (f"{written}; facts from: {record.CITATION}" if name == "case.json" else written, "", "")
        )
        size = (folder / name).stat().st_size
        rows.append("\t".join([name, str(size), sha256(folder / name), about[0], LICENCE, *about[1:]]))
    return "\n".join(rows) + "\n"


def sha256(path: Path) -> str:
    """Hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
