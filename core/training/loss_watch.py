"""Early word that a training does not learn."""

import math
from dataclasses import dataclass, field

import numpy as np

WINDOW = 20
STILL = 0.95
NEAR_A_GUESS = 0.5


@dataclass(slots=True)
class LossWatch:
    """Compares the latest losses with the first ones, once a fifth of the training and at least three windows are done.

    A loss that is low already, as when going on from a trained model, need not fall. Nothing is said where it `judges` not.
    """

    classes: int
    iterations: int
    losses: list[float] = field(default_factory=list)
    judges: bool = True

    def add(self, loss: float) -> None:
        """The loss of the next iteration."""
        self.losses.append(loss)

    @property
    def stuck(self) -> bool:
        """Whether the loss does not fall though it is near that of an even guess."""
        if not self.judges or len(self.losses) < max(3 * WINDOW, self.iterations // 5):
            return False
        first, latest = float(np.mean(self.losses[:WINDOW])), float(np.mean(self.losses[-WINDOW:]))
        return latest > STILL * first and latest > NEAR_A_GUESS * math.log(self.classes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know, in words."""
        if not self.stuck:
            return ()
        return (
            f"the loss did not fall (it was {np.mean(self.losses[:WINDOW]):.2f} and is {np.mean(self.losses[-WINDOW:]):.2f}): "
            "check that outlines and tissue classes fit the images, or train again with another learning rate",
        )
