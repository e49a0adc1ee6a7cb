"""Let an encoder begin by the task of distance and location instead of at random (thesis 2.2.7 and 6.2.1)."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import safe_open

from core.contracts.features import EncoderSettings
from core.contracts.jobs import Progress
from core.models.encoders import Encoder
from core.tasks.context import JobContext, JobInterruptedError
from core.training.checkpoint import CheckpointError, write_tensors
from core.training.encoder_batches import CropChunks
from core.training.encoder_loop import Learner, train_encoder
from core.training.peers import Peers

FOLDER, FILE_NAME = "start", "start.safetensors"


@dataclass(frozen=True, slots=True)
class Started:
    """How the start ended: the mean loss of its last epoch, and what a person should know, in words."""

    loss: float
    warnings: tuple[str, ...]


def start_settings(settings: EncoderSettings) -> EncoderSettings:
    """How the start is trained: as the rest, but for loss and number of epochs."""
    return settings.model_copy(update={"loss": settings.start, "start": "random", "epochs": settings.start_epochs})


def start_encoder(
    encoder: Encoder, source: CropChunks, settings: EncoderSettings, context: JobContext, peers: Peers
) -> Started:
    """Train `encoder` in place as `start_settings` has it, resuming from a checkpoint; what is done is read, not done again.

    JobInterruptedError when asked to stop, after writing a checkpoint; CheckpointError when the folder is of another training.
    """
    file = context.checkpoints / FILE_NAME
    if file.exists():
        return _read(file, encoder, settings)
    folder = context.checkpoints / FOLDER
    folder.mkdir(exist_ok=True)

    def report(progress: Progress) -> None:
        context.report(progress.model_copy(update={"phase": f"start: {progress.phase}"[:60]}))

    learner = Learner(encoder, settings, 1)
    result = train_encoder(learner, source, settings, replace(context, checkpoints=folder, report=report), peers)
    if not result.finished:
        of = settings.epochs * source.steps_per_epoch
        raise JobInterruptedError(f"training was stopped after {result.steps} of {of} steps of its start")
    started = Started(result.loss, tuple(f"start: {words}" for words in result.warnings))
    if peers.speaks:
        told = {"loss": json.dumps(started.loss), "warnings": json.dumps(started.warnings)}
        write_tensors(file, encoder.state_dict(), {"settings": settings.model_dump_json(), **told})
    return started


def _read(path: Path, encoder: Encoder, settings: EncoderSettings) -> Started:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - safe_open is no mapping
    if EncoderSettings.model_validate_json(metadata["settings"]) != settings:
        raise CheckpointError(f"{path} was written with other settings; remove it to train from the start")
    encoder.load_state_dict(weights)
    return Started(json.loads(metadata["loss"]), tuple(json.loads(metadata["warnings"])))
