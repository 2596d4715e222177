"""Lines that are only appended: what a crash cut off is passed over, what was damaged is an error."""

from __future__ import annotations

import tracemalloc

import pytest

from calcannot.errors import CaseError
from calcannot.store.history import Event, append_event, now, read_history
from calcannot.store.line_file import append_lines, encoded, read_lines

LINES = [{"number": k, "who": "Zoë"} for k in range(4)]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "lines.jsonl"
    append_lines(path, b"".join(encoded(each) for each in LINES), torn=False)
    return path


def read(path):
    found = read_lines(path, largest_bytes=1 << 20)
    return [{key: value for key, value in record.items() if key != "crc"} for _, record in found.records], found.torn


def test_what_was_appended_is_read(file):
    assert read(file) == (LINES, False)


def test_a_file_cut_off_anywhere_holds_what_was_whole_and_goes_on(file):
    whole = file.read_bytes()
    ends = [k for k, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(1, len(whole)):
        file.write_bytes(whole[:length])
        kept = sum(end <= length for end in ends)  # a record whose line feed alone is missing is whole
        records, torn = read(file)
        assert records == LINES[:kept]
        append_lines(file, encoded({"number": 9}), torn=torn)
        assert read(file) == ([*LINES[:kept], {"number": 9}], False)


def test_a_second_crash_in_the_mark_after_the_first_is_one_line_lost(file):
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    append_lines(file, b"", torn=True)
    marked = file.read_bytes()
    for length in range(len(whole) - 9 + 1 + len(b'{"crc":"00000000",') + 1, len(marked)):
        file.write_bytes(marked[:length])
        assert read(file) == (LINES[:3], True)
        append_lines(file, encoded({"number": 9}), torn=True)
        assert read(file) == ([*LINES[:3], {"number": 9}], False)


def test_a_gigabyte_without_a_line_is_refused_without_being_read(tmp_path):
    path = tmp_path / "lines.jsonl"
    with path.open("wb") as sparse:
        sparse.truncate(10**9)
    tracemalloc.start()
    with pytest.raises(CaseError, match="line 1 is damaged"):
        read_lines(path, largest_bytes=1 << 30)
    assert tracemalloc.get_traced_memory()[1] < 300 << 20
    tracemalloc.stop()
    with pytest.raises(CaseError, match="is larger than 256 MiB"):
        read_lines(path, largest_bytes=256 << 20)


def test_no_flipped_bit_goes_unnoticed(file):
    whole = file.read_bytes()
    number = 1
    for place, byte in enumerate(whole):
        for bit in range(8):
            file.write_bytes(whole[:place] + bytes([byte ^ (1 << bit)]) + whole[place + 1 :])
            if place < len(whole) - 1 and byte != ord("\n"):
                with pytest.raises(CaseError, match=f"line {number} is damaged"):
                    read(file)
            else:
                with pytest.raises(CaseError, match="is damaged"):
                    read(file)
        number += byte == ord("\n")


def test_a_line_that_was_taken_out_of_the_middle_of_a_line_is_damage(file):
    lines = file.read_bytes().split(b"\n")
    lines[1] = lines[1][:-3]
    file.write_bytes(b"\n".join(lines))
    with pytest.raises(CaseError, match="line 2 is damaged"):
        read(file)


def test_a_history_goes_on_after_a_crash_and_says_where_it_is_damaged(tmp_path):
    path = tmp_path / "history.jsonl"
    events = [Event(now(), "Ada", f"change {k}", "case.json", k, k + 1, "0" * 64) for k in range(3)]
    for each in events[:2]:
        append_event(path, each)
    path.write_bytes(path.read_bytes()[:-9])
    append_event(path, events[2])
    assert read_history(path) == [events[0], events[2]]
    path.write_bytes(path.read_bytes().replace(b"change 0", b"change 7"))
    with pytest.raises(CaseError, match="line 1 is damaged"):
        read_history(path)
