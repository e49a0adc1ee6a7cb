"""First reads by large_image's tile source, for benchmarks.tiles: run by the Python in which large_image is installed.

Reads {"file", "tiles" as [[column, row], ...], "rounds"} from standard input; writes the CPU time of a tile to standard
output: {"version", "tile_ms", "tile_without_colour_ms"}. The second leaves out colour correction, without which
large_image passes JPEG tiles through where it can.
"""

import json
import sys
import time

import large_image  # type: ignore[import-not-found, unused-ignore]
from large_image_source_tiff import TiffFileTileSource  # type: ignore[import-not-found, unused-ignore]


def first_reads_ms(file: str, tiles: list[list[int]], rounds: int) -> float:
    """CPU time of a tile with its share of opening, in the best of the rounds; nothing is left in caches between them."""
    found = []
    for _ in range(rounds):
        large_image.cache_util.cachesClear()
        started = time.process_time()
        source = TiffFileTileSource(file, encoding="JPEG", jpegQuality=85)
        for column, row in tiles:
            source.getTile(column, row, source.levels - 1)
        found.append(1000 * (time.process_time() - started) / len(tiles))
    return min(found)


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    arguments = (asked["file"], asked["tiles"], asked["rounds"])
    answer = {"version": large_image.__version__, "tile_ms": first_reads_ms(*arguments)}
    large_image.config.setConfig("icc_correction", False)
    answer["tile_without_colour_ms"] = first_reads_ms(*arguments)
    json.dump(answer, sys.stdout)
