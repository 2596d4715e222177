"""A film whose calcified areas are known in the object plane.

Attenuation is summed along the ray at one energy (55 keV, the mean behind about 20 cm of tissue at 80 kVp); then focal
blur, detector blur, scatter and photon noise. There is no beam hardening, no heel effect and no glare: good for exact
truth, no proof of clinical accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from calcannot.phantom import bones, detector
from calcannot.phantom.radiograph_spec import RadiographSpec

if TYPE_CHECKING:
    from calcannot.phantom.nodules import Nodule
    from calcannot.phantom.shape import Floats

# Mass attenuation at 55 keV (xraydb, ICRU-44 compositions): soft tissue 0.2141, hydroxyapatite 0.4808, cortical bone
# 0.3601 cm²/g. Mineral and bone displace soft tissue of 1.06 g/cm³, so what counts is the excess.
SOFT_TISSUE_PER_CM = 0.2141 * 1.06
MINERAL_EXCESS_CM2_PER_G = 0.4090
BONE_EXCESS_PER_CM = 0.4644
STEEL_PER_CM = 8.0
ROI_MARGIN_MM = 10.0
_SUBSAMPLES = 6


@dataclass(frozen=True, slots=True)
class LesionTruth:
    """One nodule, exactly.

    Attributes
    ----------
    object_area_mm2, detector_area_mm2
        Area inside the outline in the patient, and as magnified on the detector.
    mineral_area_mm2
        Of the object-plane area, what holds mineral (without septa and fluid).
    magnification
        Length on the detector over length in the patient.
    row_px, col_px
        Centre on the film.
    roi_px
        Rows and columns of the bounding box with 10 mm around: first row, first column, end row, end column.
    length_mm, width_mm
        Axes, in the object plane, of the ellipse that the outline follows; lobes ripple about it.
    mass_g
        Hydroxyapatite, where a formula exists.
    """

    kind: str
    object_area_mm2: float
    mineral_area_mm2: float
    detector_area_mm2: float
    magnification: float
    height_mm: float
    row_px: float
    col_px: float
    roi_px: tuple[int, int, int, int]
    length_mm: float
    width_mm: float
    mass_g: float | None


@dataclass(frozen=True, slots=True)
class RadiographPhantom:
    """A rendered film and the truth about it.

    Attributes
    ----------
    pixels
        uint16, shape (height, width), 12 bits used, denser is higher, proportional to the log of exposure.
    lesions
        Each nodule.
    attenuation
        float64, shape (height, width): nepers along the ray before blur, scatter and noise.
    """

    spec: RadiographSpec
    seed: int
    pixels: npt.NDArray[np.uint16] = field(repr=False)
    lesions: tuple[LesionTruth, ...]
    attenuation: Floats = field(repr=False)

    @property
    def object_area_mm2(self) -> float:
        """Sum of the lesions' areas in the patient."""
        return sum(lesion.object_area_mm2 for lesion in self.lesions)


def render_radiograph(
    spec: RadiographSpec | None = None, seed: int = 0, *, anatomy: Floats | None = None
) -> RadiographPhantom:
    """Render a film; the same specification, seed and anatomy give the same pixels.

    Parameters
    ----------
    spec
        What to render; the default is a pair of nodules of 50 x 40 and 30 x 20 mm.
    seed
        Of the photon noise.
    anatomy
        Nepers of everything but the nodules, shape ``spec.size_px``; None for a soft body (and bone, when asked for).
    """
    spec = spec or RadiographSpec()
    if anatomy is None:
        anatomy = bones.body_cm(spec.size_px, spec.spacing_mm) * SOFT_TISSUE_PER_CM
        if spec.bone:
            anatomy = anatomy + bones.iliac_wings_cm(spec.size_px, spec.spacing_mm) * BONE_EXCESS_PER_CM
    attenuation = np.array(anatomy, dtype=np.float64)
    truths = []
    for nodule in spec.nodules:
        _cast(attenuation, nodule, spec)
        truths.append(_truth(nodule, spec))
    if spec.ball_height_mm is not None:
        _cast_ball(attenuation, spec)
    return RadiographPhantom(spec, seed, _expose(attenuation, spec, seed), tuple(truths), attenuation)


def _cast(attenuation: Floats, nodule: Nodule, spec: RadiographSpec) -> None:
    """Add a nodule's shadow in place; transmitted light, not attenuation, is averaged over a pixel and blurred."""
    scale = nodule.magnification(spec.sid_mm)
    middle = _centre_px(nodule, spec)
    reach = nodule.reach_mm * scale / spec.spacing_mm + 6
    spans = [
        np.arange(max(0, math.floor(at - reach)), min(size, math.ceil(at + reach) + 1))
        for at, size in zip(middle, attenuation.shape, strict=True)
    ]
    if not (spans[0].size and spans[1].size):
        return
    offsets = (np.arange(_SUBSAMPLES) + 0.5) / _SUBSAMPLES - 0.5
    rows, cols = (
        ((span[:, None] + offsets).ravel() - (size - 1) / 2) * spec.spacing_mm / scale
        for span, size in zip(spans, attenuation.shape, strict=True)
    )
    grams_per_cm2 = nodule.thickness_mm(rows[:, None], cols[None, :]) / 10 * nodule.density_g_cm3
    light = np.exp(-MINERAL_EXCESS_CM2_PER_G * grams_per_cm2)
    light = light.reshape(spans[0].size, _SUBSAMPLES, spans[1].size, _SUBSAMPLES).mean(axis=(1, 3))
    # A uniform focal spot of width f casts a penumbra of width f (M - 1), whose deviation is that over sqrt(12).
    penumbra_px = spec.focal_spot_mm * (scale - 1) / math.sqrt(12) / spec.spacing_mm
    light = ndimage.gaussian_filter(light, penumbra_px, mode="nearest") if penumbra_px > 0 else light
    attenuation[spans[0][0] : spans[0][-1] + 1, spans[1][0] : spans[1][-1] + 1] -= np.log(light)


def _cast_ball(attenuation: Floats, spec: RadiographSpec) -> None:
    """Add a steel ball of 25 mm, its edge 20 mm from the lower left corner, in place."""
    radius = 12.5 * spec.sid_mm / (spec.sid_mm - (spec.ball_height_mm or 0.0)) / spec.spacing_mm
    inset = radius + 20 / spec.spacing_mm
    height, width = attenuation.shape
    rows, cols = np.ogrid[:height, :width]
    away = ((rows - (height - 1 - inset)) ** 2 + (cols - inset) ** 2) / radius**2
    attenuation += STEEL_PER_CM * 2.5 * np.sqrt(np.clip(1 - away, 0, None))


def _centre_px(nodule: Nodule, spec: RadiographSpec) -> tuple[float, float]:
    """Where the centre falls; the central ray meets the middle of the film."""
    scale = nodule.magnification(spec.sid_mm) / spec.spacing_mm
    height, width = spec.size_px
    return (height - 1) / 2 + nodule.row_mm * scale, (width - 1) / 2 + nodule.col_mm * scale


def _truth(nodule: Nodule, spec: RadiographSpec) -> LesionTruth:
    scale = nodule.magnification(spec.sid_mm)
    row, col = _centre_px(nodule, spec)
    angle, a, b = math.radians(nodule.angle_deg), nodule.a_mm, nodule.b_mm
    half = (
        math.hypot(a * math.sin(angle), b * math.cos(angle)) * nodule.stretch * scale,
        math.hypot(a * math.cos(angle), b * math.sin(angle)) * nodule.stretch * scale,
    )
    box = []
    for sign in (-1, 1):
        for at, reach, size in zip((row, col), half, spec.size_px, strict=True):
            edge = at + sign * (reach + ROI_MARGIN_MM) / spec.spacing_mm
            box.append(min(max(math.floor(edge) if sign < 0 else math.ceil(edge) + 1, 0), size))
    return LesionTruth(
        kind=nodule.kind,
        object_area_mm2=nodule.outline_area_mm2,
        mineral_area_mm2=nodule.mineral_area_mm2(),
        detector_area_mm2=nodule.outline_area_mm2 * scale**2,
        magnification=scale,
        height_mm=nodule.height_mm,
        row_px=row,
        col_px=col,
        roi_px=(box[0], box[1], box[2], box[3]),
        length_mm=2 * max(a, b),
        width_mm=2 * min(a, b),
        mass_g=nodule.mass_g(),
    )


def _expose(attenuation: Floats, spec: RadiographSpec, seed: int) -> npt.NDArray[np.uint16]:
    """Grey levels of the film."""
    return detector.grey_levels(
        attenuation,
        np.random.default_rng(seed),
        spacing_mm=spec.spacing_mm,
        blur_mm=spec.detector_sigma_mm,
        scatter_to_primary=spec.scatter_to_primary,
        exposure_ugy=spec.exposure_ugy,
        grey_per_neper=spec.grey_per_neper,
        grey_unattenuated=spec.grey_unattenuated,
        noise=spec.noise,
    )
