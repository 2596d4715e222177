"""Pictures made of integers alone: the same pixels under every version of every library."""

from __future__ import annotations

import numpy as np


def noise(height: int, width: int, seed: int) -> np.ndarray:
    """Uniform 0 to 255, by a linear congruential generator."""
    state = np.uint64(seed)
    values = np.empty(height * width, np.uint64)
    with np.errstate(over="ignore"):
        for i in range(values.size):
            state = state * np.uint64(6_364_136_223_846_793_005) + np.uint64(1_442_695_040_888_963_407)
            values[i] = state >> np.uint64(56)
    return values.reshape(height, width).astype(np.int64)


def smooth(values: np.ndarray, times: int) -> np.ndarray:
    """Sum over 3 x 3 neighbours, wrapped, brought back to 0 to 255."""
    for _ in range(times):
        values = sum(np.roll(values, (r, c), (0, 1)) for r in (-1, 0, 1) for c in (-1, 0, 1)) // 9
    low, high = int(values.min()), int(values.max())
    return (values - low) * 255 // (high - low)


def pictures() -> dict[str, np.ndarray]:
    """Grey 8 bit, grey 16 bit and colour."""
    fields = [smooth(noise(96, 128, seed), times) for seed, times in ((1, 2), (2, 4), (3, 6))]
    grains = np.where(fields[1] > 170, 190 + fields[0] // 5, 60 + fields[0] // 4)
    sections = np.stack([235 - fields[2] // 8, 200 - fields[2] // 4, 225 - fields[0] // 8], axis=-1)
    sections[fields[1] > 185] = 20
    sections[fields[1] > 185] += (fields[0][fields[1] > 185] // 12)[:, None]
    sections[:, 90:] = 240 + (fields[0][:, 90:, None] // 64)
    return {
        "grains": grains.astype(np.uint8),
        "film": (grains * 16 + fields[2]).astype(np.uint16),
        "section": sections.astype(np.uint8),
    }
