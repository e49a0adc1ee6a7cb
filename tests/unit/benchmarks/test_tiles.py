"""The tile benchmark compares equal things: shared tables change no pixel, and an answer counts when it is whole."""

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.tiles import files_to_recode, split_tables, with_shared_tables
from benchmarks.tiles_http import Client
from core.datasets import BrainFolder
from core.imaging.pyramid import Pyramid, open_pyramid
from tests.fakes.brain_folder import write_small_brain


@pytest.fixture
def pyramid(tmp_path: Path) -> Iterator[Pyramid]:
    with BrainFolder(write_small_brain(tmp_path)).pyramid(901) as opened:
        yield opened


def test_a_file_with_shared_jpeg_tables_has_smaller_tiles_and_the_same_pixels(pyramid: Pyramid, tmp_path: Path) -> None:
    with_shared_tables(pyramid, tmp_path / "shared.tif")
    whole = (0, 0, 0, pyramid.width_px, pyramid.height_px)
    with open_pyramid(tmp_path / "shared.tif") as shared:
        assert np.array_equal(shared.read(*whole), pyramid.read(*whole))
    tile = pyramid.jpeg_tile(0, 0, 0)
    tables, rest = split_tables(tile)
    assert len(rest) < len(tile) < len(rest) + len(tables)


def test_files_to_recode_hold_the_pixels_of_the_section(pyramid: Pyramid, tmp_path: Path) -> None:
    whole = (0, 0, 0, pyramid.width_px, pyramid.height_px)
    expected = pyramid.read(*whole).astype(int)
    for name, file in files_to_recode(pyramid, tmp_path):
        with open_pyramid(file) as opened:
            difference = np.abs(opened.read(*whole) - expected)
        assert difference.max() == 0 or (name == "ycbcr_jpeg" and difference.mean() < 5), name


class TestClient:
    @pytest.fixture
    def ends(self) -> Iterator[tuple[Client, socket.socket]]:
        near, far = socket.socketpair()
        with near, far:
            yield Client(near), far

    def test_an_answer_is_whole_with_its_last_byte(self, ends: tuple[Client, socket.socket]) -> None:
        client, backend = ends
        client.ask(b"GET / HTTP/1.1\r\n\r\n")
        for part, whole in ((b"HTTP/1.1 200 OK\r\nConte", False), (b"nt-Length: 4\r\n\r\nab", False), (b"cd", True)):
            backend.sendall(part)
            assert client.receive() is whole

    def test_anything_but_a_tile_ends_the_measurement(self, ends: tuple[Client, socket.socket]) -> None:
        client, backend = ends
        backend.sendall(b"HTTP/1.1 503 BUSY\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(RuntimeError, match="503 BUSY"):
            client.receive()
