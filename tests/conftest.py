from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Path:
    """Folder of real images beside the checkout; the test is skipped where there is none."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real images is not beside the checkout")
    return folder
