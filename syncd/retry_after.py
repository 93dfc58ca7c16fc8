"""How long an answer asks to be left alone: for both sides, which know nothing of each other."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# a header gone wrong must not silence the daemon for a year: after an hour one call asks again
_LONGEST_WAIT = 3600.0


def retry_after(value: str, date: str) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110 §10.2.3), at most an hour; None where it says nothing.

    An HTTP date counts from the answer's own Date header, so that a clock that is wrong on either side does no harm.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_WAIT)
    until = _http_date(value)
    if until is None:
        return None
    since = _http_date(date) or datetime.now(UTC)
    return min(max(0.0, (until - since).total_seconds()), _LONGEST_WAIT)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
