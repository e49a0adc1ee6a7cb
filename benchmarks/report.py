"""Write docs/reference/performance.md from the measured reports in benchmarks/results: `python -m benchmarks.report`."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path("benchmarks/results")
PAGE = Path("docs/reference/performance.md")
HEAD = """# Performance

Measured figures only; each table names its machine, day and commit. To measure again:
`python -m benchmarks.NAME --json benchmarks/results/NAME.json`, then `python -m benchmarks.report`.
Scores are on the phantom, synthetic tissue on real anatomy: they show that method and program work, and say nothing
about real brains.
"""

NOTES = {
    "soak": """
Backend, monitor, sshd, compute service, poller and a real Slurm of two nodes on this machine (`benchmarks.soak_site`), all
with the real programs. Two or three short jobs are under way (tissue classes of a section, asked for by HTTP as the page does;
now and then one of two processes over both nodes) when one fault strikes at a random moment; then every job must come to its
end before the next. Lost: not ended a minute later; doubled: two runs of one process of a job at once (a lock that the kernel
holds as long as a run lives), a run after the end, or one that is left over; wrong state: cancelled by nobody, failed where
the fault allows better, succeeded without whole results, or told otherwise by the backend. The clock is the poller's own and
is set wrong by a minute to a day; the full disk is a file system of its own. Nodes that Slurm drains when a controller that
was killed gives a number out twice are put back, as a cluster's staff would. `settle` is from the end of the fault to the end
of all jobs; `load` is the machine's at the end.
""",
    "submit": """
A real Slurm of two nodes on this machine, whose scheduler looks every second (`brodmann.lab.slurm`); the compute service's
store, reconciler and Slurm scheduler look once a second, as the poller does. To running: from handing in a definition to the
record that says it runs; the job's command sleeps. Core: this process and the commands of Slurm that it starts, with 200 jobs
in the queue, asking Slurm every second, and every 5 s as profiles do where nothing else is said. `load` is the machine's at
the end.
""",
    "crowd": """
Twenty clients with an event stream each on one section, 300 s on each store (18 s with `--quick`), the backend being
gunicorn as `brodmann up` starts it. Each edits every 0.6 s on the mean, a third of it on six regions that all edit; one
answer in twenty is thrown away and asked for again. Lost: an acknowledged edit that is not at its version in the region's
history, or a gap there; doubled: one edit as two versions; untold: changes that a stream did not bring or brought twice.
A section gets 300 regions at most. Clients, backend and database share two cores. MongoDB is a pre-release test server, not
MongoDB's own, and in Python as the backend is. Its time was 700 ms while it was asked to leave ids out of documents, for which
it copied each whole, and for the same changes once for each of the twenty streams: that kept a core busy. Now it takes a
quarter of one, and its answers stay as quick as they were once the 300 regions are there.
""",
    "alignment": """
Pairs of four phantom brains on which no setting was chosen (`benchmarks.alignment_brains`; settings were chosen on two
others), two cut upright as the demo brain is (`median_error_um`) and two obliquely (`oblique_median_error_um`), every third
case of the stress set: neighbours 0.2 mm apart as they are, mirrored, torn and folded with pieces gone, in a much paler or
darker stain; harder ones (upside down, half missing, 0.4 to 1.2 mm apart); and pairs that do not belong together (another
brain, elsewhere in the brain, blank). A pair is right within 500 µm of the rigid transform that fits the true motion best;
what deformation leaves over from that one is given beside it. `right_share` and the errors are over the neighbours,
`unflagged_wrong` over all pairs. Damage and stain are made in the images at 64 µm. Steps over more than 0.3 mm are always
flagged: where sulci run obliquely, what looks alike is not the same place, so the images agree well on a transform that is
off, by up to 1.4 mm at 1.2 mm apart on the brains that settings were chosen on. The same is most of what is left of the
error between neighbours: on those brains the errors of twelve steps in a row had a mean of 121 and 78 µm in one direction
when features were fitted, and much the same for whole images and for tissue masks (correlated at several scales), so what is
seen moves with the sulci. Fitting blocks all over the tissue instead of features brought the median from 119 to 100 µm there
(119 pairs; the best of about a hundred ways, so optimistic) and from 114 to 103 µm here, where it was run once, but not the
drift: errors add up along a series. `chain` is from the demo brain's first section to its last, through all its steps (827
µm before blocks), and `chain_of_truth` what the phantom's own placements leave there. Time and memory are of a pair of 1485
x 2125 px, a section of 95,000 x 136,000 px at 1 µm, put together of smaller ones, with other work on the same two cores;
reading it is not counted. `drift_um` is the mean, over the upright brains, of what all right steps of a brain have wrong in
common, `median_error_without_drift_um` what is left without: [why no image tells the drift](../explanation/alignment.md).
One pair, damaged, stained otherwise and mirrored at once, used to be wrong without a flag; the test that flags it now was
chosen on the other two brains but for trying turns and shifts at once, which this pair asked for. On the demo brain's own 16
pairs the median was 56 µm as they are and 72 µm mirrored (measured apart, not in the table).
""",
    "editor": """
Headless Chromium, which draws by the processor alone, at 1440 x 900 px; browser, backend and the program that moves the mouse
share two cores with other work: `load` is the machine's at the end. 300 regions of 2,000 points are on the section. A frame of
panning counts when it shows another place; `pan_empty_fps` is the same on a section without regions, `pan_near_fps` among about
ten regions at full detail. Select is from letting the mouse go to the frame on screen, as the browser tells it (in steps of 8
ms), drag from a move of the mouse to the end of the frame's work on the page's main thread. The union of two rings of 20,000
points is the time from pointing at the other ring to its outcome on screen, and from the click to the one region; the block is
the longest time in which the page did nothing else, from pointing to saved, the longest of five; `task_cpu_ms` is the
processor time of the page's longest task then, without the waiting for other programs, `idle_block_ms` the longest block
without regions. Opening is from a click in the filmstrip to the frame with all regions and tiles; `open_anew_s` the same for
the whole page. Select and drag: 95th percentile.
""",
    "lsm_gpu": """
Before the last changes to the data stage: [what was measured of it since](../explanation/gpu.md).
""",
    "lsm_interval": """
Run with `--quick`, so training's time is not in the table. A section took longer than its parts because its region was carried
over by the processor, which is quicker now: [what runs on a GPU, and how fast](../explanation/gpu.md).
""",
    "features": """
Figure 8.1 on three phantom brains (`benchmarks.feature_brains`: left hemispheres in 24 sections, mostly 3 mm apart; tissue
classes and alignment are the true ones), two to learn from and one held out, all of one person's folds. Every row is macro
F1 at the same places, every 2 mm along the midlines: on each fifth section (`f1`), on the brain held out (`transfer`), on
what was learnt from (`train`). Patches show 2 mm in 128 px; encoders learn from 24 of each area in an epoch, 60 epochs,
LARS at 0.16, a quarter of the intensity variation, once each; the thesis has 4 mm in 2048 px, 1,200 of 113 areas, 150
epochs, batches of 2,048. The graphs learn from the features of the contrast's ResNet50 (attention of three layers 128 wide,
20 epochs; nodes 1.5 mm apart) and are scored at the same places, each by the nearest usable node of its section: `near` is
the share that has one within 1 mm. Coordinates and maps are off by errors of registration (4 mm rms), without which
coordinates alone would tell the area.

**The order does not hold:** contrast comes out far below cross-entropy, and so the graph on its features does too, though it
is above what it learns from. Both losses had the same choice of rate and batch, after 15 epochs, on each fifth of the
training sections, of which nothing was learnt (macro F1 of ResNet50 there, `--choose`):

| rate, batch | 0.04, 44 | 0.16, 44 | 0.08, 88 | 0.16, 88 | 0.08, 176 | 0.16, 176 | 0.4, 176 |
|---|---:|---:|---:|---:|---:|---:|---:|
| cross-entropy | 0.411 | 0.421 | 0.434 | **0.459** | 0.397 | 0.406 | 0.416 |
| contrast | 0.373 | 0.118 | 0.381 | 0.274 | 0.388 | **0.412** | 0.306 |

At first only the two batches with 0.16 and 0.04, 44 were tried; the grid was widened, for both alike, after the test scores of
60 epochs had been seen (0.591 by cross-entropy in batches of 44, 0.456 by contrast as in the table). Contrast wants patches
of an area in its batch: with two of each it learns nothing at 0.16. Eight of each leave it 180 steps where cross-entropy
has 360, and after equally few steps in equal batches (15 epochs of 176) both are level. At 22 epochs the table was
0.345, 0.424, 0.361, 0.491, 0.903: cross-entropy gains most from longer training. What contrast comes to in batches of
hundreds and thousands of patches, as in the thesis, two cores cannot tell. Some areas have the same layers (2, 39 and 40; 20,
21 and 22; 23 and 31): no patch tells them apart, and contrast is asked to draw them apart all the same.
""",
    "first_light": """
The demo preset fine-tunes packaged start weights (`core/models/weights`), which were trained on other phantom brains.
Its learning rate and its plain loss were chosen by looking at this same interval, so the score is somewhat optimistic;
a second seed, run after the choice, gave 0.945. The worst section is 981, which is torn:
![Section 981: truth, model and shape interpolation](../images/demo-worst-section.jpg)
""",
    "fuzz_formats": """
Files of Microdraw (both dialects), QuPath, SVG and label images, written here and by hand, are damaged: JSON mostly in its
values, so that it stays JSON; everything else by flipped bits, foreign words, cuts, splices and pieces repeated up to 200,000
times. Each is read by a process with a clock and a meter of its memory beside it. What cannot be read must be refused by an
error that names the file; what is read must be shapes that an annotation can hold, and must come back from SVG and Microdraw.
Seconds are the processor's.
""",
    "fuzz_tiff": """
Small TIFFs of all codecs, layouts and colours, written by tifffile and by Brodmann and taken from the imagecodecs source, are
damaged by flipped bits, edited tags, cuts and splices, one to three at a time. Each is opened and read (windows of every level,
samples, tiles) by a process with a clock and a meter of its memory beside it; what cannot be read must be refused by a named
error. Seconds were taken while the machine did other work.
""",
    "graph_real": """
The left hemisphere of BigBrain as a graph of 40,962 nodes (18 stain depths, 6 layer thicknesses), which is not part of this
repository. A fifth of 400 contiguous patches tests. Labels are those of the HCP's parcellation, projected onto this brain: they
are not cytoarchitectonic, one brain is no population, and profiles are no images. Networks, settings and number of hops were
chosen on this same division of this hemisphere, so the scores are somewhat optimistic. No coordinates here. `sage` is three
layers 128 wide, `mlp` the same without edges, `sage_far` has averages over 3, 8 and 15 hops beside each node's own features.
Both gains are the smallest over both label sets, `gain_over_lda` also over two pairs: `sage` and the discriminant on averages
of three hops, `sage_far` and that of 15. `sage_far` was added after a first run, in which the discriminant of 15 hops was
better than three layers alone, as it still is.

With `--test` it tells the areas of another hemisphere. None is at hand, so no such figure stands here. The way was chosen on
copies of this hemisphere, mirrored or not: bent by 5 to 6 mm, their areas and features slipped by 3 to 5 mm along the surface,
restained, with half of the variance within areas, or more, from elsewhere. They have this brain's folds and areas; what
another hemisphere gives they do not tell.
""",
    "graph_speed": """
A closed mesh of 760,000 nodes numbered at random, 2,048 seeds, three neighbours drawn; attention of three layers 512 wide, 256
features and 113 areas, untrained. `full_predict` in bfloat16 from all neighbours of every node, beside it in float32; `cpu` is
the time of both processors together. `load` is the machine's at the end: by the clock it is what other work left over.
""",
    "ingest": """
A synthetic section of 20,000 x 20,000 px (JPEG tiles of noise, no pyramid) is ingested with its pyramid (`write`), stored
at 2 µm by two processes (`store`), and every tile of every level is served once by the backend's image service (`serve`).
Memory is summed over all processes of a step, looked at every 50 ms: `peak` counts shared pages once, `resident` in each.
""",
    "ingest_full_size": """
The same with one section of 95,000 x 136,000 px. Seconds were taken while the machine did much other work, and say little.
""",
    "lsm_confidence": """
The demo model (LR U-Net, 120 iterations from packaged start weights) on the demo brain, whose tissue classes and alignment
are the true ones here: its doubt is about texture and shape, not about a chain that is off. Errors and doubt are told over
the 11 sections between the two that it was trained on, 0.2 to 1.2 mm from the nearer one. Calibration error counts all
pixels of the regions of interest, also the easy ones. What each figure is, is told by
`python -m benchmarks.lsm_confidence --help`; what they say, in [quality](quality.md).
""",
    "lsm_global": """
One LR U-Net of all a brain's tested areas, 120 iterations from packaged start weights: two local ones (`lsm`: sections
901 and 961, 961 and 1021), and a global one of all three sections (`gsm`). Scored are the sections in the middle third of
each half, 48 scores of eight areas. A global model of twice as many iterations (`gsm_long`) was not run. The commit is
the one at the end: training and prediction took an hour on a shared machine while other parts were changed. As a table in
[quality](quality.md#one-global-model-or-two-local-ones).
""",
    "lsm_patches": """
Steps of the demo preset's LR U-Net on noise, in processor seconds of one thread; then one training of hOc2 and hOc3 for each
side of patches, of about 160 processor seconds, scored on the middle third: [quality](quality.md) tells what follows from it.
""",
    "lsm_quality": """
One local MS U-Net a brain of all its areas of at least 15 mm², from packaged start weights, 300 iterations. The goals bind each
area and brain; the lowest is told first. Area 23 alone misses the gain: interpolation has 0.894 there, so hardly 0.10 is left.
What was run, and what was not, stands in [quality](quality.md).
""",
    "phantom_calibration": """
The stain levels were fitted to the left hemisphere's BigBrain medians, and are compared with these same medians here:
this shows that the renderer does what it is told, not an independent match.
""",
    "lsm_cpu": """
Training steps and prediction of the demo preset on sections of noise (speed does not depend on the content). Plain is
float32 with torch's DataLoader as it comes, beside bfloat16, channels-last and patches cut ahead by threads. The loops
took eight short turns each while other work came and went (`load`), and of each the fastest turn counts;
`compiled_faster` is without the step that compiles. Prediction in tiles of 512 labels is compared, per label, with
patches of 64, the median of three; `equal_labels` is the share of pixels where an untrained network says the same in
both. The profile: a step of training is the network (`data_share`), so the gain is that of bfloat16 and channels-last,
not of the data stage. In prediction it is a patch's border, computed again for each: by input pixels alone, (64 + 692)²
for 64² labels against (512 + 692)² for 512², it would be 25 times; a record of before, of one try under much load, said
32.
""",
    "mpi_stage": """
Batches of 4 MiB from one worker rank to its controller on one machine, 100 in each of 75 rounds; plain Isend and Irecv from
ready buffers take turns with the stage, whose batches stand ready too. Medians over the rounds. Two ranks on two cores
with other work (`load`), which comes and goes within seconds: where plain messages reached 20 GB/s, in a quiet moment, seven
runs gave shares from 0.75 to 0.94; in a crowd runs gave anything from 0.31, below the goal, to 1.3. One message at a time
stays in one buffer, and so in the cache; with as many buffers as the stage has, plain messages are slower themselves.
""",
    "patches": """
A patch of 2048 px on its way to the encoder: its crop of 2896 px at 2 µm read from the image file (1 µm, JPEG in a pyramid) and
from the analysis store, then turned, varied and, half of them, blurred or sharpened by OpenCV. CPU time is of one thread.
`crops_per_s` is by the clock, from the store, with as many threads as `workers`; the machine had other work (`load`). The
section is noise and in the page cache. On a GPU nothing was measured.
""",
    "midsurface": """
The demo brain: 17 sections 0.2 mm apart of an occipital lobe, their tissue classes and alignment computed; voxels and edges
of 300 µm. The surface is open at both ends and where the images end, so rims are expected and handles are not. Distances are
to the mean of the two surfaces that the phantom was cut from, which half depth by Laplace's equation is not exactly: at the
bottom of a sulcus it lies nearer to the pia. Each section's own deformation (0.26 mm) is in them. What is not covered shows no
pia or no white matter beside it: where planes only touch the cortex, and what the images cut off. Time with other work.
""",
    "midsurface_whole": """
A made-up brain of real size (`benchmarks.midsurface_whole`): two folded ellipsoids at 300 µm, from tissue classes in voxels to
the remeshed surface, on one core of a machine that others used too. Reading and placing a section of real size and
moving its nodes come on top: about four seconds of one core.
""",
    "surface_page": """
A made-up surface of a whole brain's size (`benchmarks.whole_surface`) with 40 areas, brought in by the real backend and opened
by the real page in headless Chromium, graphics by software (SwiftShader) on the same two cores as backend, browser and other
work (`load`); a graphics card is many times as fast. Medians of three rounds; every time ends when the graphics have finished.
`picture` is from the click in the project's page to the first picture, of a coarser level; `settle` from the last move to the
fine one. `open_block` is the longest time in which the page answered to nothing while it opened, other work included,
`open_task_cpu` the longest task's processor time. `recolour` hides an area or fades what is unsure, and waits for a fine
picture under way; `pick` tells what was clicked, `cut` cuts by a section. `memory` is of the browser's processes for page and
graphics.
Before it was mended (all arrays sent as they are and read by the page itself, a colour for each node, the whole mesh in every
picture) a single round at a load of 7 gave: sent 86 MB, picture 7.8 s, block 662 ms, task 370 ms, 0.09 pictures a second, pick
0.19 s, recolour 14.9 s, cut 14.0 s, memory 560 MB, at most 677 MB.
""",
    "shape_prior": """
The same model, brain and sections as of `lsm_confidence`. `model` is the prior's weight 0, `half` 0.5, `fused` 1, `double` 2,
`shape` the interpolated outlines alone. How its constants were chosen, and the figures as a table, in [quality](quality.md).
""",
    "store": """
CPU time of random patches of 2048 x 2048 px, 200 in each round, the best of five rounds, from a file of noise in the
page cache: it says nothing about cold disks. The peer is tifffile 2026.3.3 with zarr 3.1.6 on uncompressed BigTIFF
tiles of 512 px, as large as the store's chunks, and of 256 px. Open sections: a patch of each of 1,800 sections is read and
all are kept open; memory is what the process grew by.
""",
    "suggestion": """
Every interval of the demo brain between two sections that have an area, with five or more in between, is filled by shape
interpolation, which stands for a model; then one section more is annotated. Shares are of the wrongly labelled area left over,
when the section is the suggested one, the middle one, any one (mean), or the best one of all, which nobody can know. The
doubt is what is truly wrong on each section, and for `unsure` that times a random factor (log-normal, two thirds within a
factor of two): this measures the rule by which doubt becomes a suggestion, not a model's doubt.
""",
    "tiles": """
On the tiny phantom, its files in the page cache. Reader figures are CPU time of a tile of 256 x 256 px, the best of 7 rounds:
passed through from the JPEG pyramid that ingest writes, or decoded and encoded (`recode`: from deflate; others by name). The
peer is large_image 1.35.6 (source `tiff`; its source `tifffile` does not open the file beside zarr 3), first reads, in which
both have to open the file: as it comes, it decodes every tile to correct colours (`vs_large_image`); without that and with JPEG
tables once in the file, it passes tiles through as we do (`passing_through`); `deflate` compares decoding and encoding. Over
HTTP, 8 clients that share the two cores with the backend and other work ask for random tiles of all levels, one after another.
""",
    "tissue": """
All sections of the demo brain, which the method was made on, and five of a phantom of the other hemisphere with other planes,
seed and stains, which nothing was chosen by. The peer divides the same images by two thresholds (multi-Otsu). The time is that
of a section of 5937 x 8500 px of 16 µm, from its file to the bytes of its raster, shortest of six on a machine
that others used too; its processor time is beside it.
""",
    "tunnel": """
The backend's own client, a real sshd and the real compute service (gunicorn) on one machine, all on loopback: what SSH adds,
not what a network does. Short requests (a job's log) go directly, to a unix socket and to a port in turn; the result is 50 MB
of random bytes with its SHA-256, computed on one side and compared on the other, which the direct way does too. Parallel: 800
requests of 16 threads over one connection. Reconnecting is from the kill of the session to the next answer, the silent peer
from SIGSTOP of the session to the error of a request on it: the longest of ten and of four.
""",
}


def page(reports: dict[str, dict[str, Any]]) -> str:
    """The whole page, a table a report."""
    return "\n".join([HEAD, *(section(name, report) for name, report in sorted(reports.items()))])


def section(name: str, report: dict[str, Any]) -> str:
    """One report as a table."""
    lines = [
        f"## {name}",
        "",
        f"{report['machine']}; {report['date'][:10]}; commit {report['commit']}.",
        NOTES.get(name, ""),
        "| figure | value | goal | |",
        "|---|---:|---:|---|",
    ]
    for figure in report["figures"]:
        goal = "" if figure["goal"] is None else f"{figure['sense']} {figure['goal']:g} {figure['unit']}"
        verdict = {True: "holds", False: "**missed**", None: ""}[figure["holds"]]
        lines.append(f"| `{figure['name']}` | {figure['value']:.3g} {figure['unit']} | {goal} | {verdict} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page({file.stem: json.loads(file.read_text()) for file in RESULTS.glob("*.json")}))
