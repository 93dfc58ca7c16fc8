"""What real apps sent (recorded/), held against what tests/recorded/apps says of them.

Each recorded request is made once more by the rules of its app's file, from the event as the app had it before: method,
path, condition and every line of the body must come out as they were recorded, in whatever order.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.clients.apps import script
from tests.clients.rewriting import rewritten
from tests.loop.ics import prop, unfold

FOLDER = Path(__file__).with_name("recorded")
EDITS, DRAGS = "thunderbird-153.8.0-edits", "thunderbird-153.7.0-drag"
KHAL = "khal-0.14.1-vdirsyncer-0.21.0"
CONDITIONS = ("If-Match", "If-None-Match", "Content-Type")
DISMISSED = datetime(2026, 11, 27, 15, 38, 41, tzinfo=UTC)


class Sent(NamedTuple):
    """One recorded request."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Booked(NamedTuple):
    """A booking as it stood before, in the time of its place; `dismissed`: and its reminder was dismissed since."""

    service: str
    customer: str
    start: str
    end: str
    email: str = "someone@example.com"
    dismissed: bool = False


class Case(NamedTuple):
    """What a person did. `said`: what they typed, and how far they dragged, in place of what the app's file says.

    `before`: the event as syncd had written it, or the number of the app's own request before. `seen`: the highest
    SEQUENCE until then.
    """

    app: str
    recording: str
    numbers: tuple[int, ...]
    action: str
    before: Booked | int | None = None
    said: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - a NamedTuple's default
    seen: int = 0


def recorded(name: str) -> list[Sent]:
    found = []
    for one in re.split(r"^(?=(?:PUT|DELETE) /)", (FOLDER / f"{name}.txt").read_text(), flags=re.MULTILINE)[1:]:
        head, _, body = one.partition("\n--- answered by")[0].partition("\n\n")
        first, *lines = head.split("\n")
        method, path, _ = first.split(" ")
        found.append(Sent(method, path, dict(line.split(": ", 1) for line in lines), unfold(f"{body.strip()}\n")))
    return found


SENT = {name: recorded(name) for name in (EDITS, DRAGS, KHAL)}
DRAG, RESIZE, TITLE = "times +120", "end +30", "set SUMMARY:Dana (regular)"


def rung(customer: str, start: str, end: str) -> Booked:
    return Booked("Haircut", customer, start, end, dismissed=True)


def beard(customer: str, start: str, end: str) -> Booked:
    return Booked("Beard trim", customer, start, end)


BEN = rung("Ben Hart", "20261130T110000", "20261130T114500")
ZOE = Booked("Haircut", "Zoe Connor", "20261201T090000", "20261201T094500")
RETYPED = (
    "set SUMMARY:Tom Barker (regular)",
    "set DESCRIPTION:Beard trim | With: Jana Köhler | Customer: Tom Barker | E-mail: someone@example.com"
    " | Booking: b_ad4fa9a1e5ad likes tea",
)
CASES = [
    Case("thunderbird", EDITS, (0,), "dismiss", ZOE),
    Case(
        "thunderbird", EDITS, (1,), "title", rung("Dana Lee", "20261130T090000", "20261130T094500"),
        {TITLE: ("set SUMMARY:Haircut – Dana Lee (regular)",)},
    ),
    Case(
        "thunderbird", EDITS, (2,), "note", 1,
        {r"append \nallergic to ammonia": (r"append \nlikes the window seat",)},
    ),
    Case("thunderbird", EDITS, (3,), "resize", rung("Tom Barker", "20261130T100000", "20261130T104500")),
    Case("thunderbird", EDITS, (4,), "drag", BEN, {DRAG: ("times +2820",)}),
    Case("thunderbird", EDITS, (5,), "undo a drag", BEN, seen=1),
    Case("thunderbird", EDITS, (6, 7), "move", rung("Aylin Kaya", "20261130T120000", "20261130T124500")),
    Case("thunderbird", EDITS, (8,), "delete"),
    Case("thunderbird", EDITS, (9,), "undo", 0),
    Case("thunderbird", EDITS, (10,), "delete"),
    # offline: tried twice
    *(
        Case(
            "thunderbird", EDITS, (number,), "drag", rung("Lou Fox", "20261201T120000", "20261201T124500"),
            {DRAG: ("times +1380",)},
        )
        for number in (11, 12)
    ),
    Case("thunderbird", EDITS, (13,), "drag", 5, {DRAG: ("times +2820",)}, seen=2),
    Case("thunderbird", EDITS, (14,), "on 412", 13, seen=3),
    Case("thunderbird", EDITS, (15,), "paste", rung("Ida Moss", "20261201T110000", "20261201T114500")),
    Case(
        "thunderbird", DRAGS, (0,), "drag",
        Booked("Haircut", "Dana Lee", "20261124T100000", "20261124T104500", "dana@example.com"),
        {DRAG: ("times +1440",)},
    ),
    Case(
        "thunderbird", DRAGS, (1,), "drag",
        Booked("Wash & blow-dry", "Zoë O'Connor", "20261124T113000", "20261124T120000", "zoe.oconnor@example.com"),
        {DRAG: ("times +1455",)},
    ),
    Case(
        "khal", KHAL, (0,), "drag", beard("Dana Lee", "20261126T100000", "20261126T103000"),
        {DRAG: ("times +1740 +1730",)},
    ),
    Case("khal", KHAL, (1,), "title", beard("Tom Barker", "20261126T110000", "20261126T113000"), {TITLE: RETYPED}),
    Case(
        "khal", KHAL, (2,), "resize", beard("Aylin Kaya", "20261126T120000", "20261126T123000"), {RESIZE: ("end +90",)}
    ),
    Case("khal", KHAL, (3, 4), "move", beard("Zoe Connor", "20261126T130000", "20261126T133000")),
    Case("khal", KHAL, (5,), "delete"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.app}-{case.action}-{case.numbers[0]}")
def test_the_rules_make_what_was_recorded(case: Case) -> None:
    app, sent = script(case.app), [SENT[case.recording][number] for number in case.numbers]
    for request, one in zip(app.sequences[case.action], sent, strict=True):
        file = one.path.rpartition("/")[2].removesuffix(".ics")
        booked = found[1] if (found := re.search(r"^X-ZIMUN-BOOKING-ID:(.*)$", one.body, re.MULTILINE)) else file
        names = {
            "home": "/u/cal/", "other": "/u/private/", "name": booked, "new": file,
            "etag": one.headers.get("If-Match", "no ETag"),
            "now": prop(one.body, "DTSTAMP")[1:] if one.method == "PUT" else "",
        }  # fmt: skip

        def filled(template: str, names: dict[str, str] = names) -> str:
            return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], template)

        assert (request.method, filled(request.path)) == (one.method, one.path)
        named = CONDITIONS if one.method == "PUT" else CONDITIONS[:2]
        assert {name: filled(value) for name, value in request.headers.items()} == {
            name: value for name, value in one.headers.items() if name in named
        }
        if request.changes is None:
            continue
        assert set(case.said) <= set(request.changes)
        changes = [filled(line) for change in request.changes for line in case.said.get(change, (change,))]
        now = datetime.strptime(names["now"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        made = rewritten(before(case, one), app.traits, [each for each in changes if each != "as sent"], now, case.seen)
        assert sorted(made.splitlines()) == sorted(one.body.splitlines())


def test_each_recorded_request_is_compared() -> None:
    for name, sent in SENT.items():
        compared = [number for case in CASES for number in case.numbers if case.recording == name]
        assert sorted(compared) == list(range(len(sent)))
    assert {f"{name}.txt" for name in SENT} == {path.name for path in FOLDER.iterdir()}


def before(case: Case, sent: Sent) -> str:
    """The event as the app had read it."""
    assert case.before is not None
    if isinstance(case.before, int):
        return SENT[case.recording][case.before].body
    text = written(case.before, sent)
    if not case.before.dismissed:
        return text
    app = script(case.app)
    (request,) = app.sequences["dismiss"]
    changes = [line.replace("{now}", f"{DISMISSED:%Y%m%dT%H%M%SZ}") for line in request.changes or ()]
    return rewritten(text, app.traits, changes, DISMISSED, 0)


def written(booked: Booked, sent: Sent) -> str:
    """The booking's event as syncd had written it, which no recording has: its letters are those of khal's move.

    vdirsyncer sent on there what it had read.
    """
    event = sent.body.partition("BEGIN:VEVENT\n")[2]
    given = dict(re.findall(r"^(CREATED|X-ZIMUN-BOOKING-ID):(.*)$", event, flags=re.MULTILINE))
    made, booking, title = given["CREATED"], given["X-ZIMUN-BOOKING-ID"], f"{booked.service} – {booked.customer}"
    said = (booked.service, "With: Jana Köhler", f"Customer: {booked.customer}", f"E-mail: {booked.email}")
    values = {
        "UID": f":{booking}@zimun", "DTSTART": f";TZID=Europe/Berlin:{booked.start}",
        "DTEND": f";TZID=Europe/Berlin:{booked.end}", "CREATED": f":{made}", "DTSTAMP": f":{made}",
        "LAST-MODIFIED": f":{made}", "SUMMARY": f":{title}", "X-ZIMUN-BOOKING-ID": f":{booking}",
        "DESCRIPTION": ":" + "\\n".join([*said, f"Booking: {booking}"]),
    }  # fmt: skip
    zone, lines = SENT[KHAL][4].body.split("BEGIN:VEVENT\n")
    for name, value in values.items():
        lines, count = re.subn(rf"^{name}[;:].*$", lambda _, line=name + value: line, lines, flags=re.MULTILINE)
        assert count == 1, name
    if "BEGIN:VALARM" in event:
        alarm = f"BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-P7D\nDESCRIPTION:{title}\nEND:VALARM\n"
        lines = lines.replace("END:VEVENT", f"{alarm}END:VEVENT")
    return f"{zone}BEGIN:VEVENT\n{lines}"
