"""What every contract shares: strictness, immutability, identifiers and times."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Contract(BaseModel):
    """An immutable document that refuses unknown fields, NaN and infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _as_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its time zone, e.g. 2026-01-31T12:00:00Z")
    return moment.astimezone(UTC)


# Safe as one component of a path: starts with a letter or digit, no separators, at most 64 characters.
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")]
# 32 lower-case hexadecimal digits: what `uuid4().hex` makes.
Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Moment = Annotated[datetime, AfterValidator(_as_utc)]
XY = tuple[float, float]
