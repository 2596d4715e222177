"""The sample film: an AP view of pelvis and lower lumbar spine with two calcified masses over the iliac wings.

Nobody's pelvis: outlines drawn by hand as smooth closed curves, in mm on the detector from the central ray (x to the
right of the film, y down). Only the two masses are exact; they come from calcannot's own phantom.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from calcannot.phantom.nodules import Nodule
from calcannot.phantom.optics import texture
from calcannot.phantom.radiograph import (
    BONE_EXCESS_PER_CM,
    SOFT_TISSUE_PER_CM,
    RadiographPhantom,
    RadiographSpec,
    render_radiograph,
)

# Semi-axes are those of the reported sizes, 5 x 4 and 3 x 2 cm. Depth, density, septa and side are chosen.
MASSES = (
    Nodule(-36.0, -92.0, 25.0, 20.0, 20.0, angle_deg=62.0, kind="lobes", ripple=0.05, lobes=7, cell_mm=8.5,
           septum_mm=0.9, density_g_cm3=1.0),
    Nodule(-34.0, 95.0, 15.0, 10.0, 14.0, angle_deg=112.0, kind="lobes", ripple=0.06, lobes=5, cell_mm=7.0,
           septum_mm=0.8, density_g_cm3=1.0),
)  # fmt: skip
# Little scatter: the phantom scatters all light alike, and the air beside the body would fog it.
SPEC = RadiographSpec(
    size_mm=(350.0, 430.0), spacing_mm=0.25, nodules=MASSES, sid_mm=1150.0, scatter_to_primary=0.05,
    detector_sigma_mm=0.2, exposure_ugy=60.0, grey_per_neper=600.0,
)  # fmt: skip
FAT_PER_CM = 0.2039 * 0.95
_OVERSAMPLE = 2

# Right half of the film; the left half is its mirror image, a little shaken.
ILIUM = [(44, -40), (52, -62), (72, -82), (96, -94), (120, -92), (140, -74), (150, -48), (145, -28), (136, -8),
         (133, 14), (126, 32), (128, 50), (118, 58), (104, 54), (90, 58), (80, 72), (70, 66), (68, 46), (60, 28),
         (50, 16), (46, 4), (43, -18)]  # fmt: skip
PUBIS = [(70, 58), (90, 62), (97, 84), (98, 106), (95, 128), (88, 150), (77, 172), (63, 179), (46, 170), (27, 153),
         (9, 139), (4, 122), (6, 105), (24, 92), (46, 84), (62, 73)]  # fmt: skip
FORAMEN = [(40, 105), (57, 99), (71, 105), (78, 120), (73, 140), (60, 155), (47, 148), (33, 134), (25, 118)]
FEMUR = [(86, 78), (92, 64), (106, 57), (120, 61), (128, 73), (130, 84), (142, 88), (154, 80), (164, 86), (166, 102),
         (160, 118), (154, 136), (150, 190), (124, 190), (124, 150), (120, 134), (108, 122), (96, 104),
         (88, 94)]  # fmt: skip
SACRUM = [
    (0, -36),
    (24, -38),
    (40, -46),
    (56, -42),
    (58, -24),
    (50, -2),
    (42, 20),
    (30, 42),
    (18, 58),
    (8, 66),
    (0, 67),
]
COCCYX = [(0, 66), (7, 69), (6, 78), (4, 90), (0, 98)]
PSOAS = [(18, -190), (34, -150), (48, -110), (60, -70), (72, -30), (84, 10), (92, 50), (72, 40), (48, -10), (26, -60),
         (16, -120)]  # fmt: skip


def render(seed: int) -> RadiographPhantom:
    """Render the film."""
    return render_radiograph(SPEC, seed, anatomy=_anatomy(np.random.default_rng(seed)))


def _grid() -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns in mm from the central ray, shapes (height, 1) and (1, width)."""
    rows, cols = ((np.arange(size) - (size - 1) / 2) * SPEC.spacing_mm for size in SPEC.size_px)
    return rows[:, None], cols[None, :]


def _anatomy(rng: np.random.Generator) -> np.ndarray:
    """Nepers of body and bone, shape of the film."""
    y, x = _grid()
    soft = _body(y, x, rng)
    bone = np.zeros(SPEC.size_px)
    for side in (-1, 1):
        bone += _shell(_closed(_mirror(ILIUM, side, rng)), flat=0.42, rim=0.75, rim_mm=2.6, rng=rng)
        bone += _line([(44, 10), (56, 26), (66, 46), (72, 66), (74, 84)], side, 0.5, 2.0)  # pelvic brim
        bone += _line([(86, 62), (96, 56), (108, 54), (120, 56), (127, 62)], side, 0.9, 2.4)  # acetabular roof
        bone += _line([(127, 62), (126, 78), (118, 94), (110, 102)], side, 0.25, 2.0)  # its posterior lip
        bone += _shell(
            _closed(_mirror(PUBIS, side, rng)) & ~_closed(_mirror(FORAMEN, side, rng)),
            flat=0.5,
            rim=0.5,
            rim_mm=2.2,
            rng=rng,
        )
        femur = _shell(_closed(_mirror(FEMUR, side, rng)), flat=0.95, rim=0.8, rim_mm=3.2, rng=rng)
        cortex = _shell((np.abs(x * side - 137) < 13) & (y > 60), flat=0.0, rim=0.9, rim_mm=5.0, rng=rng)
        bone += femur + cortex * np.clip((y - 122) / 40, 0, 1)
    sacrum = _closed([*SACRUM, *[(-a, b) for a, b in reversed(SACRUM)]])
    midline = _shell(sacrum, flat=0.55, rim=0.35, rim_mm=2.2, rng=rng)
    for number, down in enumerate((-14, 6, 24, 40)):
        for side in (-1, 1):
            away = np.hypot((x * side - (25 - 4 * number)) / (6.5 - number), (y - down) / (5.0 - 0.6 * number))
            midline *= 1 - 0.65 * np.exp(-(away**4))
            midline += 0.36 * np.exp(-(((away - 1.15) / 0.22) ** 2)) * (y < down + 1)
    bone += midline + _shell(_closed([*COCCYX, *[(-a, b) for a, b in reversed(COCCYX)]]), 0.35, 0.3, 1.5, rng)
    for level, down in enumerate((-178, -139, -100, -62)):
        bone += _vertebra(y, x, down, 44 + 2.2 * level, rng)
    bone = ndimage.gaussian_filter(np.clip(bone, 0, None), 0.35 / SPEC.spacing_mm)
    return soft + bone * BONE_EXCESS_PER_CM


def _body(y: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Nepers of soft tissue: a waist and hips in a coat of fat, muscles, bowel gas; air beside them."""
    half = 152 + 44 / (1 + np.exp(-(y + 55) / 38))
    inside = np.clip(1 - (np.abs(x) / half) ** 2.6, 0, None)
    thick = 16.5 * np.sqrt(inside) - 1.5 * (y / 200) ** 2 * (inside > 0)
    thick = np.clip(thick + 0.25 * texture(SPEC.size_px, 24 / SPEC.spacing_mm, rng) * (inside > 0), 0, None)
    coat = np.clip(1 - (half - np.abs(x)) / 30, 0, 1) * (inside > 0)
    coat = ndimage.gaussian_filter(coat, 4 / SPEC.spacing_mm)
    nepers = thick * (SOFT_TISSUE_PER_CM * (1 - coat) + FAT_PER_CM * coat)
    for side in (-1, 1):
        nepers += 0.1 * ndimage.gaussian_filter(_closed(_mirror(PSOAS, side, rng)).astype(float), 1.6 / SPEC.spacing_mm)
    gluteal = np.exp(-(((np.abs(x) - 95) / 60) ** 2) - ((y - 60) / 90) ** 2)
    bladder = ndimage.gaussian_filter((np.hypot(x / 42, (y - 88) / 26) < 1).astype(float), 3 / SPEC.spacing_mm)
    nepers += 0.15 * gluteal + 0.08 * bladder
    gas = np.zeros(SPEC.size_px)
    for (top, left, down, right), number, size in (
        ((-172, 106, -112, 122), 9, 11), ((-172, -124, -112, -106), 9, 11), ((-172, -70, -138, 70), 8, 9),
        ((-20, -26, 48, 22), 10, 9), ((10, 28, 40, 60), 5, 8),
    ):  # fmt: skip
        for row, col in rng.uniform((top, left), (down, right), (number, 2)):
            a, b = rng.uniform(0.6, 1.25, 2) * size
            away = np.hypot((x - col) / a, (y - row) / b)
            gas = np.maximum(gas, 1.5 * size / 9 * np.sqrt(np.clip(1 - away**2, 0, None)))
    gas = ndimage.gaussian_filter(gas, 0.9 / SPEC.spacing_mm)
    stool = np.clip(1 + 0.35 * texture(SPEC.size_px, 1.8 / SPEC.spacing_mm, rng), 0.2, 1.6)
    nepers -= SOFT_TISSUE_PER_CM * gas * stool
    # Beyond this the detector is saturated: air is no brighter than half a centimetre of skin.
    return np.maximum(nepers, 0.5 * SOFT_TISSUE_PER_CM)


def _vertebra(y: np.ndarray, x: np.ndarray, down: float, width: float, rng: np.random.Generator) -> np.ndarray:
    """Centimetres of bone of a lumbar vertebra seen from the front."""
    u, v = x / (width / 2), (y - down) / 15.5
    waist = 1 - 0.13 * (1 - np.clip(np.abs(v), 0, 1) ** 2)
    bone = _shell((np.abs(u) / waist) ** 8 + np.abs(v) ** 8 < 1, flat=0.95, rim=0.75, rim_mm=1.8, rng=rng)
    for side in (-1, 1):
        pedicle = np.hypot((x * side - 0.36 * width) / 4.6, (y - down + 5) / 7.2)
        bone += 0.55 * np.exp(-(((pedicle - 1) / 0.24) ** 2)) + 0.15 * (pedicle < 1)
        tip = 0.5 * width + 21
        process = (np.abs(y - down + 2 + 0.12 * (x * side - 22)) < 5.2) & (x * side > 0.4 * width) & (x * side < tip)
        bone += ndimage.gaussian_filter(_shell(process, flat=0.4, rim=0.3, rim_mm=1.6, rng=rng), 1 / SPEC.spacing_mm)
        facet = np.hypot((x * side - 0.33 * width) / 6, (y - down - 14) / 9.5)
        bone += 0.5 * ndimage.gaussian_filter((facet < 1).astype(float), 1.2 / SPEC.spacing_mm)
    spinous = np.hypot(x / np.clip(3.2 + 0.09 * (y - down), 1, None), (y - down - 10) / 11)
    lamina = np.exp(-((x / (0.3 * width)) ** 4) - ((y - down - 3) / 10) ** 4)
    return bone + 0.22 * lamina + 0.5 * np.exp(-(((spinous - 0.9) / 0.22) ** 2)) + 0.35 * (spinous < 0.9)


def _mirror(points: list[tuple[float, float]], side: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Put the points on one side of the body, each up to 1 mm off, for no one is symmetric."""
    return [(side * a + rng.uniform(-1, 1), b + rng.uniform(-1, 1)) for a, b in points]


def _curve(points: list[tuple[float, float]], *, closed: bool) -> list[tuple[float, float]]:
    """Catmull-Rom curve through points in mm, in px of the oversampled film."""
    p = np.asarray(points, dtype=float)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, 16, endpoint=False)[:, None]
    path = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    height, width = SPEC.size_px
    at = np.concatenate(path) / SPEC.spacing_mm + [(width - 1) / 2, (height - 1) / 2]
    return [(float(a), float(b)) for a, b in at * _OVERSAMPLE + (_OVERSAMPLE - 1) / 2]


def _canvas() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    height, width = SPEC.size_px
    image = Image.new("L", (width * _OVERSAMPLE, height * _OVERSAMPLE))
    return image, ImageDraw.Draw(image)


def _shares(image: Image.Image) -> np.ndarray:
    """Covered share of each pixel of the film."""
    height, width = SPEC.size_px
    return (np.asarray(image) > 0).reshape(height, _OVERSAMPLE, width, _OVERSAMPLE).mean(axis=(1, 3))


def _closed(points: list[tuple[float, float]]) -> np.ndarray:
    """Pixels inside a smooth closed curve."""
    image, draw = _canvas()
    draw.polygon(_curve(points, closed=True), fill=1)
    return _shares(image) >= 0.5


def _line(points: list[tuple[float, float]], side: int, depth_cm: float, width_mm: float) -> np.ndarray:
    """Centimetres of bone along a smooth line, as a cortex seen edge on."""
    image, draw = _canvas()
    path = _curve([(side * a, b) for a, b in points], closed=False)
    draw.line(path, fill=1, width=round(width_mm / SPEC.spacing_mm * _OVERSAMPLE), joint="curve")
    return depth_cm * ndimage.gaussian_filter(_shares(image), 0.8 / SPEC.spacing_mm)


def _shell(mask: np.ndarray, flat: float, rim: float, rim_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Centimetres of bone of a hollow bone: most where the ray runs along the cortex, trabeculae between."""
    deep = ndimage.distance_transform_edt(mask) * SPEC.spacing_mm
    spongy = (
        1
        + 0.16 * texture(SPEC.size_px, 0.7 / SPEC.spacing_mm, rng)
        + 0.1 * texture(SPEC.size_px, 4 / SPEC.spacing_mm, rng)
    )
    edge = np.clip(deep / 1.0, 0, 1)
    return (
        mask * edge * (flat * spongy * (1 - np.exp(-deep / 2.5)) + rim * np.exp(-math.log(2) * (deep / rim_mm) ** 1.5))
    )
