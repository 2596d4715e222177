"""Sessions that nobody planned: whatever is done in whatever order, the mask on screen is what the saved case gives."""

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

pytest.importorskip("qtpy")

from calcannot.batch.case_run import write_run
from calcannot.batch.verify import verify
from calcannot.io import open_image
from calcannot.model.annotation import StrokeKind
from calcannot.pipeline.analyse import analyse
from calcannot.store.journal_writer import SaveState
from calcannot.store.results_reader import read_results
from napari_calcannot.case_home import own_case_of
from napari_calcannot.mineral import MaskPyramid
from napari_calcannot.painting import brush_rings
from napari_calcannot.reader import open_path
from napari_calcannot.securing import secure
from napari_calcannot.settings import given_size

HEIGHT, WIDTH = 180, 240
PLACES = st.tuples(st.integers(-10, WIDTH + 10), st.integers(-10, HEIGHT + 10))
INSIDE = st.tuples(st.integers(0, WIDTH - 20), st.integers(0, HEIGHT - 20))  # a region outside of the image is refused
ACTS = st.one_of(
    st.tuples(st.just("dab"), st.sampled_from([StrokeKind.ADD, StrokeKind.ERASE]), PLACES, st.integers(1, 40)),
    st.tuples(st.just("mark"), st.sampled_from([StrokeKind.ACCEPT, StrokeKind.REJECT]), st.integers(0, 40)),
    st.tuples(st.just("bound"), st.sampled_from([StrokeKind.REGION, StrokeKind.EXCLUDE]), INSIDE, st.integers(20, 120)),
    st.tuples(st.just("threshold"), st.one_of(st.none(), st.integers(40, 170))),
    st.tuples(st.just("recipe"), st.sampled_from([None, "von-kossa", "von-kossa-stain"])),
    st.tuples(st.just("size"), st.sampled_from(["0.25um", "0.5umx0.6um"])),
    st.tuples(st.just("undo"), st.integers(1, 4)),
    st.tuples(st.just("redo"), st.integers(1, 4)),
    st.tuples(st.just("measure")),
    st.tuples(st.just("save")),
    st.tuples(st.just("reopen")),
    st.tuples(st.just("kill")),
)


class Desk:
    """What the panel does with a session, without a window."""

    def __init__(self, path):
        self.path = path
        self.session = self.pyramid = None
        self.open()
        self.past = [self.state()]
        """What was in force after each action, for undo to come back to; ``now`` is where it stands."""
        self.now = 0

    def open(self):
        (self.session,) = open_path(self.path)
        self.pyramid = None

    def do(self, act):
        name, *what = act
        getattr(self, f"_{name}")(*what)
        secure(self.session)
        session = self.session
        if self.state() != self.past[self.now]:
            self.past[self.now + 1 :] = [self.state()]
            self.now += 1
        for box in session.follow() or []:
            self.pyramid.update(box)
        if session.review is not None:
            session.review.follow(session.annotations)

    def state(self):
        """Strokes, rule and pixel size."""
        session = self.session
        ids = tuple(stroke.id for stroke in session.annotations.strokes)
        return ids, session.rule, given_size(session.source)

    def check(self):
        """The mask on show, if it claims to be one of now, against a measurement from the start."""
        session = self.session
        if session.shows_mask:
            shown = np.asarray(self.pyramid.levels[0][:, :]) > 0
            with open_image(self.path) as source:
                expected = analyse(source, session.recipe, session.annotations)
            np.testing.assert_array_equal(shown, expected.runs.mask(0, 0, HEIGHT, WIDTH))
            assert session.mask.area_px == expected.totals.calcified_area_px

    def _dab(self, kind, place, radius):
        rings = brush_rings(np.array([place], np.float64), float(radius))
        self.session.draw([self.session.hand.stroke(kind, rings)], "brush")

    def _mark(self, kind, number):
        review = self.session.review
        if review is not None and self.session.shows_mask and len(review.index):
            self.session.mark(number % len(review.index), kind)

    def _bound(self, kind, place, size):
        x, y = place
        ring = np.array([(x, y), (x + size, y), (x + size, y + size), (x, y + size)], np.float64)
        reason = "ink" if kind is StrokeKind.EXCLUDE else ""
        self.session.draw([self.session.hand.stroke(kind, (ring,), reason=reason)], "region")

    def _threshold(self, value):
        is_stain = value is not None and not isinstance(self.session.automatic_recipe.channel, str)
        self.session.set_threshold(value / 255 if is_stain else value)  # a stain's channel goes from 0 to 1

    def _recipe(self, name):
        self.session.set_recipe(name)

    def _size(self, size):
        self.session.set_pixel_size(size)

    def _undo(self, count):
        for _ in range(count):
            self.session.undo()
            self.now = max(0, self.now - 1)
            assert self.state() == self.past[self.now]

    def _redo(self, count):
        for _ in range(count):
            self.session.redo()
            self.now = min(len(self.past) - 1, self.now + 1)
            assert self.state() == self.past[self.now]

    def _measure(self):
        self.session.measure()
        self.pyramid = MaskPyramid(self.session.mask.tiles)

    def _save(self):
        pass  # as the panel does after each act

    def _reopen(self):
        self.session.close()
        self.open()
        assert self.state() == self.past[self.now]

    def _kill(self):
        """Nothing is closed: what is on disk is all there is, and whoever held the journal is gone."""
        left = self.session
        while getattr(left.drawing, "state", SaveState.SAVED) is not SaveState.SAVED:
            pass  # the journal has a second
        for held in own_case_of(self.path).glob("journal/*/*.held"):
            held.unlink()
        self.open()
        assert self.state() == self.past[self.now]
        left.pixels.close()
        for source in left._sources:
            source.close()


@pytest.fixture(scope="module")
def section(tmp_path_factory):
    """A small section: dark grains of several sizes on pink tissue with noise."""
    rng = np.random.default_rng(11)
    pixels = np.clip(np.array([225, 150, 180]) + rng.normal(0, 6, (HEIGHT, WIDTH, 3)), 0, 255)
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    for row, col, radius in zip(
        rng.integers(0, HEIGHT, 24), rng.integers(0, WIDTH, 24), rng.integers(1, 14, 24), strict=True
    ):
        inside = (rows - row) ** 2 + (cols - col) ** 2 <= radius**2
        pixels[inside] = np.clip(35 + rng.normal(0, 12, (int(inside.sum()), 3)), 0, 255)
    path = tmp_path_factory.mktemp("section") / "section.ome.tif"
    tifffile.imwrite(
        path,
        pixels.astype(np.uint8),
        photometric="rgb",
        metadata={
            "axes": "YXS",
            "PhysicalSizeX": 0.5,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": 0.5,
            "PhysicalSizeYUnit": "µm",
        },
    )
    return path


@pytest.mark.slow
@given(acts=st.lists(ACTS, min_size=3, max_size=14))
@example(acts=[("dab", StrokeKind.ADD, (168, -9), 1), ("undo", 1), ("measure",), ("redo", 1)])
@example(
    acts=[
        ("threshold", 90), ("dab", StrokeKind.ADD, (60, 60), 9), ("size", "0.25um"), ("recipe", "von-kossa-stain"),
        ("reopen",), ("undo", 2), ("measure",), ("kill",), ("undo", 2), ("measure",), ("redo", 4), ("measure",),
    ]
)  # fmt: skip
# A session takes a second and keeps memory: the first one that fails is enough, a shorter one would take minutes.
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_mask_on_screen_is_that_of_the_saved_case(section, tmp_path_factory, monkeypatch, acts):
    monkeypatch.setenv("CALCANNOT_CASES", str(tmp_path_factory.mktemp("own")))
    desk = Desk(section)
    try:
        desk.do(("measure",))
        for act in acts:
            desk.do(act)
            desk.check()
        desk.do(("dab", StrokeKind.ADD, (20, 20), 6))  # there is a case now
        desk.do(("measure",))
        drawing, session = desk.session.drawing, desk.session
        entry = drawing.case.record.image(drawing.image_id)
        folder = write_run(drawing.case, drawing.image_id, entry.sha256, session.source, session.analysis)
        shown = np.asarray(desk.pyramid.levels[0][:, :]) > 0
    finally:
        desk.session.close()
    verdict = verify([own_case_of(section)])
    assert verdict.runs == 1
    assert not verdict.differences
    (item,) = read_results(folder).items
    np.testing.assert_array_equal(item.runs.mask(0, 0, HEIGHT, WIDTH), shown)
