"""What can be wrong with an image file."""

from pathlib import Path


class UnreadableImageError(Exception):
    """An image file cannot be used; the message names the file, the reason and the remedy."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}. {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["UnreadableImageError"], tuple[Path, str, str]]:
        """So that it comes whole out of another process."""
        return type(self), (self.path, self.reason, self.remedy)
