"""The tables, and how a database of an older version becomes one of this version. Forward only.

Values stand in the `json` columns; the columns beside them are what rows are looked up by. Times are text, UTC, ISO
8601 with microseconds, so that they sort.
"""

import structlog
from sqlite_utils import Database, Migrations

from syncd.domain.errors import StoreError

VERSION = 5
"""Of the newest migration below; stands in the file as `user_version`."""

APPLICATION_ID = 0x5A796E63
"""Marks a SQLite file as syncd's, in its header."""

MIGRATIONS = Migrations("syncd")

_log = structlog.get_logger()


@MIGRATIONS(name="1")
def first(db: Database) -> None:
    """Everything that the first release keeps."""
    for statement in _FIRST:
        db.execute(statement)


@MIGRATIONS(name="2")
def second(db: Database) -> None:
    """What people ask by hand, what came of it, and the bookings that syncd knows by its own doing."""
    for statement in _SECOND:
        db.execute(statement)


@MIGRATIONS(name="3")
def third(db: Database) -> None:
    """The events that may ask for bookings, and the calendars in which they stand."""
    for statement in _THIRD:
        db.execute(statement)


@MIGRATIONS(name="4")
def fourth(db: Database) -> None:
    """What is known of open slots."""
    for statement in _FOURTH:
        db.execute(statement)


@MIGRATIONS(name="5")
def fifth(db: Database) -> None:
    """What stands in the calendar of open slots."""
    for statement in _FIFTH:
        db.execute(statement)


def version_of(db: Database) -> int:
    """The version of the database's tables: 0 for an empty one.

    Raises StoreError for a newer one than this, and for another program's. Only reads.
    """
    # one statement, one snapshot: another process may be making the tables just now
    found, mark, empty = db.execute(
        "SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id),"
        " NOT EXISTS (SELECT 1 FROM sqlite_master)"
    ).fetchone()
    if mark != APPLICATION_ID and (found or not empty):
        raise StoreError("it is another program's database: give syncd a file of its own (state.path)")
    if found > VERSION:
        raise StoreError(
            f"it was made by a newer syncd (version {found} of the tables, this one knows {VERSION}): "
            "upgrade syncd or move the file away"
        )
    return int(found)


def migrate(db: Database) -> None:
    """Bring the database to VERSION: all of it or nothing. Runs inside an open transaction."""
    found = version_of(db)
    if found == VERSION:
        return
    MIGRATIONS.apply(db)
    # Pragmas take no parameters; both are part of the transaction, for they stand in the first page.
    db.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
    db.execute(f"PRAGMA user_version = {VERSION:d}")
    if found:
        _log.info("store.migrated", found=found, version=VERSION)


_FIRST = (
    # whose bookings these are
    """CREATE TABLE account (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        base_url TEXT NOT NULL,
        client_id TEXT NOT NULL
    ) STRICT""",
    # the two clocks as they stood together, to tell a jump of the wall clock
    """CREATE TABLE clock (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        wall TEXT NOT NULL,
        boot TEXT NOT NULL,
        elapsed REAL NOT NULL
    ) STRICT""",
    # AUTOINCREMENT: a cycle's number is never given twice, also when old cycles were pruned
    """CREATE TABLE cycles (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        begun_at TEXT NOT NULL,
        ended_at TEXT,
        outcome TEXT,
        json TEXT
    ) STRICT""",
    "CREATE INDEX cycles_good ON cycles (number) WHERE outcome = 'good'",
    """CREATE TABLE links (
        booking_id TEXT PRIMARY KEY,
        closed_at TEXT,
        json TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE calendars (
        url TEXT PRIMARY KEY,
        cursor TEXT,
        full_at TEXT
    ) STRICT""",
    # json is NULL for somebody else's event: nothing of it is kept but where it is and its version
    """CREATE TABLE observations (
        calendar TEXT NOT NULL REFERENCES calendars (url) ON DELETE CASCADE,
        href TEXT NOT NULL,
        etag TEXT,
        json TEXT,
        PRIMARY KEY (calendar, href)
    ) STRICT""",
    """CREATE TABLE intents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        cycle INTEGER NOT NULL REFERENCES cycles (number),
        at TEXT NOT NULL,
        json TEXT NOT NULL,
        outcome TEXT,
        closed_at TEXT
    ) STRICT""",
    "CREATE INDEX intents_open ON intents (id) WHERE closed_at IS NULL",
    "CREATE INDEX intents_cycle ON intents (cycle)",
    # no reference to links or cycles: history outlives both
    """CREATE TABLE history (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        cycle INTEGER NOT NULL,
        booking_id TEXT NOT NULL,
        side TEXT NOT NULL,
        what TEXT NOT NULL,
        why TEXT NOT NULL,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX history_booking ON history (booking_id)",
    "CREATE INDEX history_at ON history (at)",
    """CREATE TABLE asks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        verb TEXT,
        booking_ids TEXT NOT NULL,
        at TEXT NOT NULL,
        answered_at TEXT,
        answer TEXT
    ) STRICT""",
    """CREATE TABLE facts (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT""",
)

_SECOND = (
    # what is wanted, until it is taken up: then it stands in the intent
    "ALTER TABLE asks ADD COLUMN wanted TEXT",
    "ALTER TABLE asks ADD COLUMN taken_at TEXT",
    "ALTER TABLE asks ADD COLUMN reply TEXT",
    """CREATE TABLE known (
        booking_id TEXT PRIMARY KEY,
        json TEXT NOT NULL
    ) STRICT""",
)

_THIRD = (
    # what stands in a calendar when it is first read is nobody's wish
    """CREATE TABLE request_calendars (
        url TEXT PRIMARY KEY,
        read_at TEXT NOT NULL
    ) STRICT""",
    # AUTOINCREMENT: the number is what a person approves, and is never given twice
    """CREATE TABLE candidates (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        calendar TEXT NOT NULL,
        href TEXT NOT NULL,
        gone_at TEXT,
        json TEXT NOT NULL,
        UNIQUE (calendar, href)
    ) STRICT""",
)

_FOURTH = (
    # day is a date as the place's clocks have it
    """CREATE TABLE open_days (
        service_id TEXT NOT NULL,
        location_id TEXT NOT NULL,
        day TEXT NOT NULL,
        json TEXT NOT NULL,
        PRIMARY KEY (service_id, location_id, day)
    ) STRICT""",
)

_FIFTH = (
    """CREATE TABLE openings (
        calendar TEXT NOT NULL,
        href TEXT NOT NULL,
        json TEXT NOT NULL,
        PRIMARY KEY (calendar, href)
    ) STRICT""",
)
