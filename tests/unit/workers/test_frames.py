"""Frames arrive complete however their bytes are split, and none is larger than the receiver allows."""

from __future__ import annotations

from io import BytesIO

import pytest

from crawler.workers.frames import FrameDecoder, FrameError, frame, frame_header, read_frame


def test_a_frame_is_a_header_and_its_payload() -> None:
    assert frame(b"abc") == frame_header(3) + b"abc" == b"\0\0\0\x03abc"


def test_a_decoder_takes_frames_up_to_its_limit_and_no_larger_one() -> None:
    decoder = FrameDecoder(most=3)
    assert list(decoder.feed(frame(b"abc") + frame(b""))) == [b"abc", b""]
    with pytest.raises(FrameError, match=r"^a frame of 4 bytes; at most 3 are accepted$"):
        list(decoder.feed(frame_header(4)))


def test_a_blocking_reader_returns_payloads_until_a_frame_is_incomplete() -> None:
    source = BytesIO(frame(b"abc") + frame(b"") + frame(b"abc")[:-1])
    assert [read_frame(source), read_frame(source), read_frame(source)] == [b"abc", b"", None]
    assert read_frame(BytesIO(b"\0\0")) is None
