"""How right a pixel size from one point inside a coin or a ball is, on rendered films.

python benchmarks/calibrate_objects.py
"""

from __future__ import annotations

from itertools import product

from calcannot import ArraySource
from calcannot.model.image import Modality
from calcannot.phantom import bones, fiducials
from calcannot.phantom.radiograph import BONE_EXCESS_PER_CM, SOFT_TISSUE_PER_CM, render_radiograph
from calcannot.phantom.radiograph_spec import RadiographSpec
from calcannot.pipeline.calibrate import calibrate_round

MAGNIFICATION = 1100 / 1025
OBJECTS = (
    ("coin", 24.5, {"tilt_deg": 0.0}),
    ("coin", 24.5, {"tilt_deg": 25.0, "turned_deg": 30.0}),
    ("ball", 25.0, {}),
)


def main() -> None:
    """Print a line a film, then the worst error and how often the stated interval held it."""
    worst, held, count = 0.0, 0, 0
    print("spacing_mm object       behind scatter  error_%  stated_%")
    for spacing, (kind, mm, tilt), behind, scatter in product(
        (0.143, 0.2, 0.4), OBJECTS, ("body", "air", "bone"), (0.2, 0.5, 1.0)
    ):
        spec = RadiographSpec(
            size_mm=(120.0, 160.0), spacing_mm=spacing, nodules=(), scatter_to_primary=scatter,
            grey_per_neper=450.0 if behind == "air" else 800.0,
        )  # fmt: skip
        if behind == "air":
            anatomy, row, col = fiducials.trunk_in_air(spec, 0.5), 40.0, -60.0
        else:
            anatomy, row, col = bones.body_cm(spec.size_px, spacing) * SOFT_TISSUE_PER_CM, 10.0, 12.0
        if behind == "bone":
            anatomy = anatomy + bones.iliac_wings_cm(spec.size_px, spacing) * BONE_EXCESS_PER_CM
        cast = fiducials.coin if kind == "coin" else fiducials.ball
        film = render_radiograph(spec, 7, anatomy=anatomy + cast(spec, row, col, **tilt))
        x = (spec.size_px[1] - 1) / 2 + col * MAGNIFICATION / spacing
        y = (spec.size_px[0] - 1) / 2 + row * MAGNIFICATION / spacing
        source = ArraySource(film.pixels, name="film", modality=Modality.RADIOGRAPH)
        found = calibrate_round(source, kind, [(x + 3, y - 4)], mm * 1e3, height_error_um=0.0)
        error = found.um_per_px_col * MAGNIFICATION / spacing / 1e3 - 1
        stated = found.relative_uncertainty or 0.0
        worst, held, count = max(worst, abs(error)), held + (abs(error) <= stated), count + 1
        shown = f"{kind} {tilt.get('tilt_deg', 0.0):2.0f} deg"
        print(f"{spacing:10} {shown:12} {behind:6} {scatter:7} {100 * error:8.2f} {100 * stated:9.2f}")
    print(f"{count} films, worst error {100 * worst:.2f} %, inside the stated interval {held}")


if __name__ == "__main__":
    main()
