"""Are areas on films right, without bone and over the iliac wing, and do intervals cover the truth? Rendered films.

    nice python benchmarks/radiographs.py films --first 3000 --number 10
    nice python benchmarks/radiographs.py interval --first 3000 --number 200

``films`` puts ellipsoids and small plates of 50 mm² and more where the iliac wings are, and renders each film without
and with the wings. ``interval`` renders one lesion a film, of all kinds, without bone. Seeds 1000 to 1099 were looked
at while the method was made; the results in docs/measure-a-radiograph.md are of the seeds above.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np

from calcannot import Annotations, ArraySource, Calibration, analyse, load_recipe
from calcannot.model.annotation import Stroke, StrokeKind
from calcannot.model.calibration import CalibrationSource
from calcannot.model.image import Modality
from calcannot.phantom.bones import iliac_wings_cm
from calcannot.phantom.nodules import Nodule
from calcannot.phantom.radiograph import LesionTruth, RadiographPhantom, render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec

SIZE_MM = (240.0, 320.0)
SID_MM = 1100.0
APART_MM = 13.0  # a region reaches 10 mm beyond its lesion and must not hold another
LOCAL = load_recipe("radiograph-local")
KINDS = ("ellipsoid", "plate", "lobes", "chicken wire")


@dataclass(frozen=True)
class Measured:
    """One lesion: its true area on the detector, and what was measured there."""

    seed: int
    kind: str
    truth_mm2: float
    area_mm2: float
    low_mm2: float
    high_mm2: float
    peak_fraction: float
    rim_edge_ratio: float
    flagged: bool
    unsure: bool

    @property
    def error(self) -> float:
        return self.area_mm2 / self.truth_mm2 - 1

    @property
    def covered(self) -> bool:
        return self.low_mm2 <= self.truth_mm2 <= self.high_mm2


def random_nodule(by: np.random.Generator, kind: str, largest_mm: float) -> Nodule:
    """A nodule of 50 mm² and more at the origin."""
    while True:
        a = math.exp(by.uniform(math.log(4), math.log(largest_mm)))
        b = a * by.uniform(0.5, 1)
        if math.pi * a * b >= 50 and (kind != "chicken wire" or b >= 6):
            break
    return Nodule(
        row_mm=0,
        col_mm=0,
        a_mm=a,
        b_mm=b,
        c_mm=by.uniform(1, 5) if kind == "plate" else b * by.uniform(0.35, 1),
        height_mm=float(by.choice([75, 150, 270])),
        angle_deg=by.uniform(0, 180),
        kind="lobes" if kind == "chicken wire" else kind,  # type: ignore[arg-type]
        density_g_cm3=by.uniform(0.4, 0.8),
        septum_mm=1.0 if kind == "chicken wire" else 0.0,
        lobes=int(by.integers(4, 8)),
        ripple=by.uniform(0.03, 0.1),
    )


def detector_of(by: np.random.Generator) -> dict[str, float]:
    """What a detector and a technique can be like; with much scatter the grey of the surroundings is kept above 0."""
    return {
        "spacing_mm": by.uniform(0.1, 0.2),
        "scatter_to_primary": float(by.choice([0.2, 0.5, 1.0])),
        "detector_sigma_mm": by.uniform(0.2, 0.35),
        "grey_unattenuated": 1000.0,
    }


def placed(by: np.random.Generator) -> tuple[Nodule, ...]:
    """Ellipsoids, and plates of at most 110 mm², with their centres over the iliac wings and apart from each other."""
    wings = iliac_wings_cm((240, 320), 1.0) > 0.3
    rows, cols = np.nonzero(wings)
    found: list[Nodule] = []
    for kind in ("ellipsoid", "ellipsoid", "ellipsoid", "ellipsoid", "plate", "plate"):
        nodule = random_nodule(by, kind, 6.0 if kind == "plate" else 20.0)
        for _ in range(200):
            k = by.integers(rows.size)
            scale = nodule.magnification(SID_MM)
            row, col = rows[k] - 119.5, cols[k] - 159.5
            if all(_apart(row, col, nodule, other) for other in found):
                fields = {name: getattr(nodule, name) for name in Nodule.__slots__}
                found.append(Nodule(**{**fields, "row_mm": row / scale, "col_mm": col / scale}))
                break
    return tuple(found)


def _apart(row: float, col: float, nodule: Nodule, other: Nodule) -> bool:
    """Whether the other, on the detector, keeps out of this one's region and this one out of the other's."""
    scale = other.magnification(SID_MM)
    away = max(abs(row - other.row_mm * scale), abs(col - other.col_mm * scale))
    return bool(away > nodule.reach_mm * nodule.magnification(SID_MM) + other.reach_mm * scale + APART_MM)


def measured(phantom: RadiographPhantom, lesion: LesionTruth, kind: str) -> Measured:
    """Measure one lesion inside its region, as ``calcannot measure`` does."""
    um = phantom.spec.spacing_mm * 1000
    scale = Calibration(um, um, CalibrationSource.PHANTOM)
    top, left, bottom, right = lesion.roi_px
    ring = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)
    source = ArraySource(phantom.pixels, name="film", calibration=scale, modality=Modality.RADIOGRAPH)
    analysis = analyse(source, LOCAL, Annotations((Stroke("lesion", StrokeKind.REGION, (ring,)),)), workers=1)
    totals, (surface,) = analysis.totals, analysis.resolved.surfaces
    return Measured(
        seed=phantom.seed,
        kind=kind,
        truth_mm2=lesion.mineral_area_mm2 * lesion.magnification**2,
        area_mm2=totals.calcified_area_mm2 or 0.0,
        low_mm2=totals.area_ci95_low_mm2 or 0.0,
        high_mm2=totals.area_ci95_high_mm2 or 0.0,
        peak_fraction=surface.peak_fraction,
        rim_edge_ratio=surface.rim_edge_ratio,
        flagged=any("bone" in warning for warning in analysis.warnings),
        unsure=any("unsure" in warning or "hardly stands out" in warning for warning in analysis.warnings),
    )


def films(first: int, number: int) -> None:
    """Print the error of each lesion without bone and over the wing, and count."""
    without: list[Measured] = []
    over: list[Measured] = []
    for seed in range(first, first + number):
        by = np.random.default_rng([20261125, seed])
        nodules, technique = placed(by), detector_of(by)
        for bone, into in ((False, without), (True, over)):
            spec = RadiographSpec(size_mm=SIZE_MM, nodules=nodules, bone=bone, **technique)  # type: ignore[arg-type]
            phantom = render_radiograph(spec, seed)
            for nodule, lesion in zip(nodules, phantom.lesions, strict=True):
                into.append(measured(phantom, lesion, nodule.kind))
                print(_line("over bone" if bone else "no bone", into[-1], spec.spacing_mm), flush=True)
    for kind in ("ellipsoid", "plate"):
        chosen = [each for each in without if each.kind == kind]
        errors = np.array([each.error for each in chosen])
        print(
            f"no bone, {kind}: {len(chosen)} lesions, error {errors.min():+.1%} to {errors.max():+.1%}, "
            f"mean {errors.mean():+.1%}; {np.sum(abs(errors) <= 0.03)} within 3 %, "
            f"{np.sum(abs(errors) <= 0.05)} within 5 %; {sum(each.flagged for each in chosen)} flagged; "
            f"{sum(each.unsure for each in chosen)} told to be unsure, of the others "
            f"{sum(abs(each.error) > 0.03 and not (each.flagged or each.unsure) for each in chosen)} beyond 3 %"
        )
    near = [abs(each.error) <= 0.1 for each in over]
    print(
        f"over bone: {len(over)} lesions, {sum(near)} within 10 %, {sum(each.flagged for each in over)} flagged; "
        f"{sum(ok or each.flagged for ok, each in zip(near, over, strict=True))} within 10 % or flagged"
    )


def interval(first: int, number: int) -> None:
    """Print how often the 95 % interval covers the truth, by kind of lesion."""
    found: list[Measured] = []
    for seed in range(first, first + number):
        by = np.random.default_rng([20261126, seed])
        kind = KINDS[seed % len(KINDS)]
        nodule = random_nodule(by, kind, 16.0)
        side = 2 * (nodule.reach_mm * nodule.magnification(SID_MM) + 10) + 4
        spec = RadiographSpec(size_mm=(side, side), nodules=(nodule,), **detector_of(by))  # type: ignore[arg-type]
        phantom = render_radiograph(spec, seed)
        found.append(measured(phantom, phantom.lesions[0], kind))
        if not found[-1].covered or abs(found[-1].error) > 0.05:
            print(_line("covered" if found[-1].covered else "NOT COVERED", found[-1], spec.spacing_mm), flush=True)
    for name in ("all", *KINDS):
        chosen = [each for each in found if name in ("all", each.kind)]
        errors = np.array([each.error for each in chosen])
        half = np.median([(each.high_mm2 - each.low_mm2) / 2 / each.area_mm2 for each in chosen if each.area_mm2])
        print(
            f"{name:12s} {len(chosen):4d} films  {np.mean([each.covered for each in chosen]):6.1%} covered  "
            f"half-width {half:5.1%}  error {errors.min():+.1%} to {errors.max():+.1%}, mean {errors.mean():+.1%}"
        )


def _line(what: str, each: Measured, spacing_mm: float) -> str:
    return (
        f"{what}, seed {each.seed}, {each.kind:12s} {each.truth_mm2:6.0f} mm², pixel {spacing_mm:.3f} mm: "
        f"{each.error:+.1%}, f {each.peak_fraction:.2f}, rim off {each.rim_edge_ratio:.3f}"
        f"{', flagged' if each.flagged else ''}{', unsure' if each.unsure else ''}"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["films", "interval"])
    parser.add_argument("--first", type=int, default=1000, help="first seed")
    parser.add_argument("--number", type=int, default=2)
    arguments = parser.parse_args()
    (films if arguments.what == "films" else interval)(arguments.first, arguments.number)


if __name__ == "__main__":
    main()
