"""Tiles and thumbnails over HTTP, and everything that can happen to the files behind them."""

import io
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from backend.services import brains
from backend.stores.sqlite import SqliteStore
from core.contracts.datasets import Brain
from core.datasets import BrainFolder, fingerprint_file, write_brain
from core.imaging.pyramid import Pyramid
from core.imaging.writer import PyramidOptions, write_pyramid
from tests.fakes.brain_folder import HEIGHT_PX, PIXEL_SIZE_UM, WIDTH_PX, write_small_brain
from tests.integration.backend.api import Backend, P, Person, error_of

SECTION = "/api/brains/SMALL/sections/901"
OTHER = "/api/brains/SMALL/sections/921"
LATER_NS = 60_000_000_000


@pytest.fixture
def brain(tmp_path: Path) -> Path:
    """A brain of its own for a test that harms it."""
    return write_small_brain(tmp_path / "brains")


@pytest.fixture
def backend(tmp_path: Path, brain: Path) -> Iterator[Backend]:
    store = SqliteStore(tmp_path / "test.sqlite3")
    yield Backend(store, tmp_path / "store", brain.parent)
    store.close()


@pytest.fixture
def ada(backend: Backend) -> Person:
    return backend.person("ada")


@pytest.fixture
def image(brain: Path) -> Path:
    """The image file of section 901."""
    return brain / "sections" / "SMALL_0901.tif"


def tiles(person: Person, section: str = SECTION) -> str:
    """The address of the section's tiles as a page learns it."""
    return f"{section}/tiles/{person.read(f'{section}/pyramid')['version']}"


def write_image(path: Path, gray: int) -> None:
    """Another image of the same size in place of the one there: put there as a whole, the way that ingest does."""
    partial = path.with_suffix(".partial")
    rows = np.full((HEIGHT_PX, WIDTH_PX), gray, np.uint8)
    options = PyramidOptions(pixel_size_um=PIXEL_SIZE_UM, tile_size_px=256)
    write_pyramid(partial, lambda first, count: rows[first : first + count], WIDTH_PX, HEIGHT_PX, options)
    partial.replace(path)


def date_after_brain_file(path: Path) -> None:
    """As if written a minute after `brain.json`: the clock of a file system is too coarse for a test."""
    at = (path.parent.parent / "brain.json").stat().st_mtime_ns + LATER_NS
    os.utime(path, ns=(at, at))


def ingest_again(brain: Path) -> str:
    """Give `brain.json` the present fingerprints; the version of 901."""
    found = Brain.model_validate_json((brain / "brain.json").read_bytes())
    sections = tuple(each.model_copy(update={"fingerprint": fingerprint_file(brain / each.file)}) for each in found.sections)
    write_brain(brain, found.model_copy(update={"sections": sections}))
    at = (brain / "brain.json").stat().st_mtime_ns + 2 * LATER_NS
    os.utime(brain / "brain.json", ns=(at, at))
    return sections[0].fingerprint[:16]


def gray_of(data: bytes) -> float:
    with Image.open(io.BytesIO(data)) as opened:
        return float(np.asarray(opened).mean())


def refused(person: Person, address: str, code: str, section: int = 901) -> str:
    """The words of an error that names the section and the remedy, and that no cache keeps."""
    answer = person.get(address)
    assert answer.mimetype == "application/json"
    error = error_of(answer, 500)
    assert answer.headers["Cache-Control"] == "no-store"
    assert error["code"] == code
    assert f"section {section} of brain SMALL" in error["message"]
    assert "ingest the section again" in error["message"]
    message: str = error["message"]
    return message


class TestAddresses:
    def test_a_tile_is_the_stored_jpeg_and_may_be_kept_for_ever(self, ada: Person, brain: Path) -> None:
        about = ada.read(f"{SECTION}/pyramid")
        assert [(level["width_px"], level["height_px"]) for level in about["levels"]] == [(700, 500), (350, 250), (175, 125)]
        tile = ada.get(f"{SECTION}/tiles/{about['version']}/0/2/1")
        assert tile.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        with BrainFolder(brain).pyramid(901) as pyramid:
            assert tile.data == pyramid.jpeg_tile(0, 2, 1)

    def test_head_tells_the_size_of_a_tile_without_the_tile(self, ada: Person) -> None:
        address = f"{tiles(ada)}/0/1/1"
        head, tile = ada.client.head(address), ada.get(address)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == str(len(tile.data))
        assert head.headers["Cache-Control"] == tile.headers["Cache-Control"]

    @pytest.mark.parametrize(
        ("address", "words"),
        [
            ("9/0/0", "levels 0 to 2, no 9"),
            ("0/3/0", "no tile (3, 0)"),
            ("0/0/2", "no tile (0, 2)"),
            ("2/1/0", "no tile (1, 0)"),
            ("0/99999999999999999999/0", "no tile"),
            ("-1/0/0", "nothing at this address"),
            ("0/x/0", "nothing at this address"),
        ],
    )
    def test_a_tile_outside_the_image_is_not_found_and_told_in_words(self, ada: Person, address: str, words: str) -> None:
        answer = ada.get(f"{tiles(ada)}/{address}")
        assert words in error_of(answer, 404)["message"]
        assert answer.headers["Cache-Control"] == "no-store"

    def test_only_who_is_logged_in_sees_a_tile(self, backend: Backend, ada: Person) -> None:
        address = f"{tiles(ada)}/0/0/0"
        assert ada.get(address).status_code == 200
        error_of(backend.app.test_client().get(address), 401)
        assert ada.send("DELETE", "/api/session").status_code == 204
        error_of(ada.get(address), 401)

    def test_a_crop_has_the_pixels_of_the_full_resolution_and_their_size(self, ada: Person, brain: Path) -> None:
        url = f"{SECTION}/crop/{ada.read(f'{SECTION}/pyramid')['version']}"
        answer = ada.get(url, x=10, y=20, width=300, height=200)
        picture = Image.open(io.BytesIO(answer.data))
        pixels = BrainFolder(brain).pyramid(901).read(0, 10, 20, 300, 200)
        assert np.array_equal(np.asarray(picture), pixels)
        assert picture.info["dpi"][0] == pytest.approx(25_400 / PIXEL_SIZE_UM, rel=0.01)
        for box in ({"width": 0, "height": 5}, {"width": WIDTH_PX + 1, "height": 5}, {"width": 10**7, "height": 10**7}):
            assert ada.get(url, x=0, y=0, **box).status_code == 422
        assert ada.get(url, x=0, y=0, width=5).status_code == 422
        for x, y, width, height in ((-1, 0, 5, 5), (0, -1, 5, 5), (0, 0, -5, -5)):
            assert ada.get(url, x=x, y=y, width=width, height=height).status_code == 422

    def test_a_thumbnail_is_at_most_256_px_wide_and_rendered_once(self, ada: Person, tmp_path: Path) -> None:
        url = ada.read(f"{P}/sections")["sections"][0]["thumbnail_url"]
        first = ada.get(url)
        with Image.open(io.BytesIO(first.data)) as image:
            assert image.size == (256, 183)
        (kept,) = (tmp_path / "store" / "blobs" / "thumbnails" / "SMALL").iterdir()
        kept.write_bytes(b"kept")
        assert ada.get(url).data == b"kept"


def write_tiff(path: Path, pixels: NDArray[Any], compression: str) -> None:
    """A tiled TIFF of one level, as another program would write it."""
    per_cm = 10_000 / PIXEL_SIZE_UM
    options = {"tile": (256, 256), "resolution": (per_cm, per_cm), "resolutionunit": "centimeter"}
    tifffile.imwrite(path, pixels, compression=compression, photometric="minisblack", **options)


class TestDepth:
    def test_eight_bits_are_shown_as_they_are(self, ada: Person) -> None:
        about = ada.read(f"{SECTION}/pyramid")
        assert (about["bits_per_sample"], about["black"], about["white"]) == (8, 0, 255)

    @pytest.mark.parametrize("compression", ["zstd", "lzw"])
    def test_sixteen_bits_are_shown_from_black_to_white(self, ada: Person, brain: Path, image: Path, compression: str) -> None:
        ramp = np.linspace(1000, 9000, WIDTH_PX)
        pixels = np.broadcast_to(ramp.astype(np.uint16), (HEIGHT_PX, WIDTH_PX))
        write_tiff(image, pixels, compression)
        version = ingest_again(brain)
        about = ada.read(f"{SECTION}/pyramid")
        assert about["bits_per_sample"] == 16
        assert 1000 <= about["black"] < 1100
        assert 8900 < about["white"] <= 9000
        expected = np.clip((ramp - about["black"]) / (about["white"] - about["black"]), 0, 1) * 255
        for column in (0, 1):
            with Image.open(io.BytesIO(ada.get(f"{SECTION}/tiles/{version}/0/{column}/0").data)) as tile:
                assert tile.mode == "L"
                shown = np.asarray(tile, float)
            assert np.abs(shown - expected[256 * column : 256 * (column + 1)]).max() < 6
        coarse = ada.get(f"{SECTION}/tiles/{version}/2/0/0")
        with Image.open(io.BytesIO(coarse.data)) as tile:
            shown = np.asarray(tile, float)[:125, :175]
        assert np.abs(shown - expected.reshape(175, 4).mean(axis=1)).max() < 6


class TestImageReplaced:
    def test_after_ingest_the_new_version_is_served_at_once_and_the_old_one_is_not_found(
        self, ada: Person, brain: Path, image: Path
    ) -> None:
        old = tiles(ada)
        assert ada.get(f"{old}/0/0/0").status_code == 200
        write_image(image, gray=20)
        version = ingest_again(brain)
        # Asked for before anything else told this process of the new version, as when another process did.
        tile = ada.get(f"{SECTION}/tiles/{version}/0/0/0")
        assert gray_of(tile.data) == pytest.approx(20, abs=2)
        assert ada.read(f"{SECTION}/pyramid")["version"] == version
        for address in (f"{old}/0/0/0", f"{SECTION}/thumbnail/0123456789abcdef"):
            answer = ada.get(address)
            assert "Load the section again" in error_of(answer, 404)["message"]
            assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("opened_before", [True, False])
    def test_without_ingest_no_tile_of_the_new_file_gets_out_under_the_old_version(
        self, ada: Person, image: Path, opened_before: bool
    ) -> None:
        old = f"{SECTION}/tiles/{fingerprint_file(image)[:16]}"
        assert not opened_before or ada.get(f"{old}/0/0/0").status_code == 200
        write_image(image, gray=20)
        date_after_brain_file(image)
        thumbnail = old.replace("tiles", "thumbnail")
        for address in (f"{old}/0/0/0", f"{old}/0/1/1", thumbnail, f"{SECTION}/pyramid"):
            assert "not the one that was ingested" in refused(ada, address, "image_changed")
        assert ada.get(f"{tiles(ada, OTHER)}/0/0/0").status_code == 200

    def test_a_file_written_to_while_it_is_open_is_noticed(self, ada: Person, image: Path) -> None:
        old = tiles(ada)
        before = ada.get(f"{old}/0/0/0")
        with BrainFolder(image.parent.parent).pyramid(901) as pyramid:
            offset = int(pyramid._stored[0].offsets[0])
        with image.open("r+b") as file:
            file.seek(offset + 300)
            file.write(b"\x55" * 64)
        date_after_brain_file(image)
        refused(ada, f"{old}/0/0/0", "image_changed")
        assert before.status_code == 200

    def test_the_file_put_back_or_only_touched_is_served_again(self, ada: Person, image: Path, tmp_path: Path) -> None:
        old = tiles(ada)
        before = ada.get(f"{old}/0/0/0").data
        shutil.copy(image, tmp_path / "kept.tif")
        write_image(image, gray=20)
        date_after_brain_file(image)
        refused(ada, f"{old}/0/0/0", "image_changed")
        shutil.copy(tmp_path / "kept.tif", image)
        date_after_brain_file(image)
        assert ada.get(f"{old}/0/0/0").data == before

    def test_a_tile_read_while_its_file_is_replaced_does_not_get_out(
        self, ada: Person, brain: Path, image: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = tiles(ada)
        read = Pyramid.jpeg_tile

        def replaced_just_before(pyramid: Pyramid, level: int, column: int, row: int) -> bytes:
            write_image(image, gray=20)
            date_after_brain_file(image)
            return read(pyramid, level, column, row)

        monkeypatch.setattr(Pyramid, "jpeg_tile", replaced_just_before)
        refused(ada, f"{old}/0/0/0", "image_changed")


class TestDamage:
    def test_a_missing_file_is_told_and_served_again_when_it_is_back(self, ada: Person, image: Path) -> None:
        address = f"{tiles(ada)}/0/0/0"
        assert ada.get(address).status_code == 200
        image.rename(image.with_suffix(".away"))
        assert "there is no such file" in refused(ada, address, "unreadable_data")
        assert "there is no such file" in refused(ada, f"{SECTION}/pyramid", "unreadable_data")
        image.with_suffix(".away").rename(image)
        assert ada.get(address).status_code == 200

    def test_a_file_cut_off_while_it_is_open_is_told(self, ada: Person, image: Path) -> None:
        old = tiles(ada)
        assert ada.get(f"{old}/0/0/0").status_code == 200
        os.truncate(image, image.stat().st_size // 2)
        date_after_brain_file(image)
        refused(ada, f"{old}/0/0/0", "unreadable_data")

    @pytest.mark.parametrize("damage", [b"\x00", b"\xff", b"\x55"])
    @pytest.mark.parametrize("compression", ["jpeg", "deflate"])
    def test_of_a_file_with_a_broken_tile_only_this_tile_is_missing(
        self, ada: Person, brain: Path, image: Path, compression: str, damage: bytes
    ) -> None:
        """A hole that was copied with the file, as a disk or a scanner leaves it: its fingerprint is right."""
        if compression == "deflate":
            write_tiff(image, np.random.default_rng(0).integers(0, 256, (HEIGHT_PX, WIDTH_PX), np.uint8), "deflate")
        with BrainFolder(brain).pyramid(901) as pyramid:
            offset, count = int(pyramid._stored[0].offsets[4]), int(pyramid._stored[0].byte_counts[4])
        with image.open("r+b") as file:
            file.seek(offset)
            file.write(damage * count)
        version = ingest_again(brain)
        base = f"{SECTION}/tiles/{version}/0"
        assert "damaged" in refused(ada, f"{base}/1/1", "unreadable_data")
        answers = [ada.get(f"{base}/{column}/{row}") for column, row in ((0, 0), (1, 0), (2, 0), (0, 1), (2, 1))]
        assert [answer.status_code for answer in answers] == [200] * 5

    def test_an_unreadable_image_is_told_by_section_with_the_remedy(self, ada: Person, brain: Path, image: Path) -> None:
        image.write_bytes(image.read_bytes()[:3000])
        (brain / "sections" / "SMALL_0921.tif").unlink()
        for number, section in ((901, SECTION), (921, OTHER)):
            refused(ada, f"{section}/pyramid", "unreadable_data", number)

    def test_a_brain_that_cannot_be_read_is_listed_as_a_problem(
        self, ada: Person, brain: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = write_small_brain(brain.parent, "BROKEN", (1, 2))
        (broken / "brain.json").write_text("{")
        monkeypatch.setattr(brains, "LOOK_AGAIN_S", 0.0)
        listed = ada.read("/api/brains")
        assert [each["id"] for each in listed["brains"]] == ["SMALL"]
        assert "BROKEN" in listed["problems"][0]


@dataclass
class Disk:
    """Section 901 lies on a disk that hangs until told to go on."""

    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    goes_on: threading.Event = field(default_factory=threading.Event)

    def await_readers(self, count: int) -> None:
        for _ in range(count):
            assert self.asked.acquire(timeout=60)


class TestSlowDisk:
    @pytest.fixture
    def disk(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
        disk, read = Disk(), Pyramid.jpeg_tile

        def slow(pyramid: Pyramid, level: int, column: int, row: int) -> bytes:
            if "0901" in pyramid.path.name:
                disk.asked.release()
                assert disk.goes_on.wait(60)
            return read(pyramid, level, column, row)

        monkeypatch.setattr(Pyramid, "jpeg_tile", slow)
        yield disk
        disk.goes_on.set()

    @pytest.fixture
    def statuses(self, backend: Backend, ada: Person, disk: Disk) -> Iterator[list[int]]:
        """What three people who ask for a tile of 901 will be answered; all of them wait for the disk."""
        found: list[int] = []
        address = f"{tiles(ada)}/0/0/0"

        def ask(person: Person) -> None:
            found.append(person.get(address).status_code)

        threads = [threading.Thread(target=ask, args=(backend.person("ada"),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        disk.await_readers(3)
        yield found
        disk.goes_on.set()
        for thread in threads:
            thread.join(60)
        assert found == [200] * 3

    def test_tiles_of_other_sections_and_all_else_do_not_wait(self, ada: Person, statuses: list[int]) -> None:
        assert ada.get(f"{tiles(ada, OTHER)}/0/0/0").status_code == 200
        assert ada.get(f"{P}/sections").status_code == 200
        assert ada.draw(901).status_code == 200
        assert statuses == []

    @pytest.mark.usefixtures("statuses")
    def test_where_all_places_of_a_section_are_taken_the_next_one_is_told_to_come_again(
        self, backend: Backend, ada: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        places = backend.services.images._places
        monkeypatch.setattr(places, "_most", 3)
        monkeypatch.setattr(places, "_patience_s", 0.01)
        answer = ada.get(f"{SECTION}/pyramid")
        assert "section 901 of brain SMALL answers slowly" in error_of(answer, 503)["message"]
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["Cache-Control"] == "no-store"
        assert ada.get(f"{OTHER}/pyramid").status_code == 200
