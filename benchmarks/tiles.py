"""Deep-zoom tiles: what the reader needs for one, beside large_image on the same files, and how many come over HTTP.

The section is the phantom's. Its tiles are read as they are stored (JPEG, passed through), and from files of the same
pixels that a browser cannot show, decoded and encoded. Then the backend, as it is delivered, serves the whole brain to
clients that keep asking for random tiles. The peer is no part of Brodmann: name a Python that has large-image and
large-image-source-tiff.

Example: python -m benchmarks.tiles --json benchmarks/results/tiles.json --peer-python ~/peer/bin/python
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from benchmarks.figures import Figure, run
from benchmarks.tiles_http import http_figures
from core.datasets import BrainFolder
from core.imaging.pyramid import Pyramid, open_pyramid
from core.phantom import build

TILES, ROUNDS = 600, 7
JPEG_TABLES_TAG, UNDEFINED = 347, 7
START_OF_SCAN, TABLES = 0xDA, (0xDB, 0xC4)
PEER = Path(__file__).with_name("tiles_peer.py")

Addresses = Sequence[tuple[int, int]]


def tile_cpu_ms(pyramid: Pyramid, tiles: Addresses) -> float:
    """Mean CPU time of a tile of level 0 in the best of the rounds; every tile is read once before."""
    rounds = []
    for _ in range(1 + ROUNDS):
        started = time.process_time()
        for column, row in tiles:
            pyramid.jpeg_tile(0, column, row)
        rounds.append(1000 * (time.process_time() - started) / len(tiles))
    return min(rounds[1:])


def first_reads_cpu_ms(file: Path, tiles: Addresses) -> float:
    """CPU time of a tile with its share of opening the file: each round opens it and reads every tile once."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        with open_pyramid(file) as pyramid:
            for column, row in tiles:
                pyramid.jpeg_tile(0, column, row)
        rounds.append(1000 * (time.process_time() - started) / len(tiles))
    return min(rounds)


def first_tile_ms(file: Path) -> float:
    """From nothing to the first tile of level 0: opening, reading the tags, one tile; the median."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        with open_pyramid(file) as pyramid:
            pyramid.jpeg_tile(0, 0, 0)
        times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times))


def files_to_recode(pyramid: Pyramid, folder: Path) -> Iterator[tuple[str, Path]]:
    """Files of the section's pixels, named by what must be decoded before a browser can show it."""
    gray = pyramid.read(0, 0, 0, pyramid.width_px, pyramid.height_px)
    per_cm = 10_000 / pyramid.pixel_size_um
    colour = np.stack([gray] * 3, axis=-1)
    kinds: Mapping[str, tuple[Any, dict[str, Any]]] = {
        "deflate": (gray, {"compression": "deflate"}),
        "zstd": (gray, {"compression": "zstd"}),
        "lzw": (gray, {"compression": "lzw"}),
        "ycbcr_jpeg": (colour, {"compression": "jpeg", "photometric": "ycbcr", "compressionargs": {"level": 85}}),
    }
    for name, (pixels, options) in kinds.items():
        file = folder / f"{name}.tif"
        tifffile.imwrite(file, pixels, tile=(256, 256), resolution=(per_cm, per_cm), resolutionunit="centimeter", **options)
        yield name, file


def with_shared_tables(pyramid: Pyramid, file: Path) -> None:
    """Level 0 with the JPEG tables once in the file, as many scanners write it; RuntimeError where tiles differ in them."""
    tile_px = pyramid.tile_size_px
    split = [
        split_tables(pyramid.jpeg_tile(0, column, row))
        for row in range(-(-pyramid.height_px // tile_px))
        for column in range(-(-pyramid.width_px // tile_px))
    ]
    if len({tables for tables, _ in split}) != 1:
        raise RuntimeError(f"{pyramid.path}: its tiles do not have the same JPEG tables")
    tables, per_cm = split[0][0], 10_000 / pyramid.pixel_size_um
    tifffile.imwrite(
        file,
        iter(tile for _, tile in split),
        shape=(pyramid.height_px, pyramid.width_px),
        dtype=np.uint8,
        tile=(tile_px, tile_px),
        compression="jpeg",
        photometric="minisblack",
        resolution=(per_cm, per_cm),
        resolutionunit="centimeter",
        extratags=[(JPEG_TABLES_TAG, UNDEFINED, len(tables), tables, True)],
    )


def split_tables(jpeg: bytes) -> tuple[bytes, bytes]:
    """A JPEG's quantisation and Huffman tables as a JPEG of their own, and the JPEG without them."""
    tables, rest, at = b"", b"", 2
    while jpeg[at + 1] != START_OF_SCAN:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] in TABLES:
            tables += jpeg[at:end]
        else:
            rest += jpeg[at:end]
        at = end
    return jpeg[:2] + tables + jpeg[-2:], jpeg[:2] + rest + jpeg[at:]


def ask_peer(python: str, file: Path, tiles: Addresses) -> dict[str, Any]:
    """What tiles_peer.py measures on the same file and tiles."""
    question = json.dumps({"file": str(file), "tiles": tiles, "rounds": ROUNDS})
    answer = subprocess.run([python, str(PEER)], input=question, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def peer_figures(python: str, files: Mapping[str, Path], tiles: Addresses) -> list[Figure]:
    """Times that large_image needs of ours: as it comes on our file, at its best with shared tables, and with decoding."""
    ours = {name: first_reads_cpu_ms(file, tiles) for name, file in files.items()}
    theirs = {name: ask_peer(python, file, tiles) for name, file in files.items()}
    print(f"peer: large_image {theirs['stored']['version']}, CPU ms a tile: {theirs}; ours: {ours}")
    at_best = theirs["shared"]["tile_without_colour_ms"]
    return [
        Figure("tile.vs_large_image", theirs["stored"]["tile_ms"] / ours["stored"], "times", 1.5, "at least"),
        Figure("tile.vs_large_image_passing_through", at_best / ours["shared"], "times"),
        Figure("tile.vs_large_image_deflate", theirs["deflate"]["tile_without_colour_ms"] / ours["deflate"], "times"),
    ]


def reader_figures(folder: BrainFolder, work: Path, peer_python: str | None) -> list[Figure]:
    """The reader alone, then beside the peer."""
    number = folder.brain.sections[0].number
    with folder.pyramid(number) as pyramid:
        columns, rows = pyramid.width_px // pyramid.tile_size_px, pyramid.height_px // pyramid.tile_size_px
        everywhere = [(column, row) for column in range(columns) for row in range(rows)]
        tiles = [everywhere[index] for index in np.random.default_rng(0).permutation(len(everywhere))[:TILES]]
        figures = [
            Figure("tile.passthrough_ms", tile_cpu_ms(pyramid, tiles), "ms", 0.05),
            Figure("tile.first_of_a_file_ms", first_tile_ms(pyramid.path), "ms"),
        ]
        files = {"stored": pyramid.path}
        for name, file in files_to_recode(pyramid, work):
            files[name] = file
            with open_pyramid(file) as opened:
                time_ms = tile_cpu_ms(opened, tiles)
            headline = name == "deflate"
            figures.append(Figure(f"tile.recode{'' if headline else '_' + name}_ms", time_ms, "ms", 0.3 if headline else None))
        files["shared"] = work / "shared.tif"
        with_shared_tables(pyramid, files["shared"])
    if not peer_python:
        print("peer not installed (--peer-python): tile.vs_large_image is left out")
        return figures
    return figures + peer_figures(peer_python, {name: files[name] for name in ("stored", "shared", "deflate")}, tiles)


def measure(options: argparse.Namespace) -> list[Figure]:
    """All figures on one brain."""
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        work = Path(name)
        brain = options.brain
        if brain is None:
            brain = work / "brains" / "TINY"
            build(brain, "tiny")
        folder = BrainFolder(brain.resolve())
        return reader_figures(folder, work, options.peer_python) + http_figures(folder, work, 5.0 if options.quick else 20.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brain", type=Path, help="a brain folder; the tiny phantom by default, built first")
    parser.add_argument("--work", type=Path, help="folder for what is written; the system's temporary folder by default")
    parser.add_argument(
        "--peer-python", default=os.environ.get("BRODMANN_PEER_PYTHON"), help="a Python that has large_image installed"
    )
    run(measure, parser)
