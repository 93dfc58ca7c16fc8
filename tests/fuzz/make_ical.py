"""Calendar objects, almost right: broken times, zones without end, folds, quotes, controls, structure."""

from random import Random

TIMES = (
    "20261124T100000",
    "20261124T090000Z",
    "20261124",
    "20260329T023000",
    "20261025T023000",
    "20261124T240000",
    "20261124T235960",
    "20260230T100000",
    "00000101T000000",
    "00010101T000000Z",
    "99991231T235959",
    "29991231T235959Z",
    "19700101T000000",
    "20261124T100000+0100",
    "2026-11-24T10:00:00",
    "٢٠٢٦1124T100000",
    "",
)
ZONES = (
    "Europe/Berlin",
    "W. Europe Standard Time",
    "/mozilla.org/20050126_1/Europe/Berlin",
    "Europe",
    "localtime",
    "../../../etc/passwd",
    "/" + "a/" * 300,
    "UTC",
    "Africa/Casablanca",
    "America/St_Johns",
    "Mine",
    "Mine",
    "Mine",
    '"Mine"',
    "",
)
LENGTHS = ("PT1H", "-PT15M", "P1000000000D", "P99999W", "P99999DT999999H", "PT999999999S", "P", "PT", "+P1D", "1H")
RULES = (
    "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20301027T010000Z",
    "FREQ=SECONDLY",
    "FREQ=YEARLY;BYSECOND=0,1,2,3,4,5;BYMINUTE=0,1,2",
    "FREQ=YEARLY;BYMONTH=13",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYDAY=MO",
    "FREQ=YEARLY;BYYEARDAY=-999",
    "FREQ=YEARLY;BYYEARDAY=366;INTERVAL=99",
    "FREQ=YEARLY;BYDAY=0MO",
    "FREQ=YEARLY;BYDAY=+9MO;BYMONTH=1",
    "FREQ=YEARLY;BYSETPOS=-9;BYDAY=MO",
    "FREQ=YEARLY;BYSETPOS=9",
    "FREQ=YEARLY;INTERVAL=999999999",
    "FREQ=YEARLY;INTERVAL=0",
    "FREQ=YEARLY;COUNT=9999",
    "FREQ=YEARLY;COUNT=0",
    "FREQ=YEARLY;UNTIL=00010101T000000Z",
    "FREQ=YEARLY;UNTIL=99991231T235959Z",
    "FREQ=YEARLY;BYHOUR=99",
    "FREQ=YEARLY;BYMONTH=0",
    "FREQ=YEARLY;FREQ=YEARLY;BYMONTH=3;BYMONTH=4",
    "FREQ=YEARLY;WKST=SU",
    "FREQ=YEARLY;BYMONTHDAY=1,2,3,4,5,6,7,-1,-2,-3,-31,0",
)
OFFSETS = ("+0100", "+0200", "-0330", "+0000", "-0000", "+2400", "+9999", "+235959", "-235959", "+01", "Z", "")
PROPERTIES = (
    "SUMMARY:Haircut – Dana Lee",
    "SUMMARY;LANGUAGE=de:⚠ Cancel? Haircut",
    'SUMMARY;ALTREP="cid:1":⚠⚠ x',
    "DESCRIPTION:⚠ moved\\nmine\\, too\\\\",
    'DESCRIPTION;ALTREP="data:text/html,a:b";X=":;,":Text',
    "LOCATION:Main Street 1\\, Berlin",
    "X-ALT-DESC;FMTTYPE=text/html:<b>x</b>",
    "STATUS:CANCELLED",
    "STATUS:cancelled ",
    "SEQUENCE:743",
    "SEQUENCE:99999999999999999999",
    "RRULE:FREQ=SECONDLY",
    "RDATE:20261124T100000,,x",
    "EXDATE;TZID=Mine:20261124T100000",
    "CATEGORIES:a,b\\,c,,",
    "CATEGORIES:",
    'ATTENDEE;CN="x;y:z":mailto:x@example.org',
    "ATTACH;ENCODING=BASE64:" + "QUJD" * 60,
    'X-UNKNOWN;P="unclosed:value',
    "X-UNKNOWN;;;=:value",
    "no colon at all",
    ":no name",
    "X-ÜNAME:umlaut",
    "X-A\\\\^B;C=^n^^:\\",
    "X-CONTROL:\x01\x0b\x1b\x7f",
    "\x01END:VEVENT",
    "\x02 leads",
    "X-SEPARATORS:\u2028\u2029\x85\xa0",
    "UID:b_1@zimun",
    "UID:b_1@zimun ",
    "UID;X=1:other@example.org",
    "X-ZIMUN-BOOKING-ID:b_1",
    "X-ZIMUN-BOOKING-ID:%ED%A0%80%",
    "X-ZIMUN-START:3/20261124T090000Z",
    "X-ZIMUN-START;TZID=Europe/Berlin:00000000T999999Z",
    "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
    "METHOD:REQUEST",
    "RECURRENCE-ID:20261124T100000",
    "DTSTART:20261124T090000Z",
    "DURATION:PT1H",
    "BEGIN:VALARM",
    "END:VALARM",
    "BEGIN:VEVENT",
    "END:VEVENT",
    "BEGIN:",
    "BEGIN:VCALENDAR",
    "END:VCALENDAR",
)
WORDS = tuple(
    each.encode() for each in (*TIMES, *ZONES, *LENGTHS, *RULES, *OFFSETS, *PROPERTIES, "TZID=", "VALUE=DATE")
)


def object_of(rng: Random, *, zones: bool = False) -> bytes:
    """One object. With `zones` its event stands in a zone that only its own VTIMEZONE explains."""
    rows = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for _ in range(rng.choice((1, 1, 2)) if zones else rng.choice((0, 0, 1))):
        rows += _zone(rng, "Mine" if zones else rng.choice(ZONES))
    for _ in range(rng.choice((1,) * 12 + (0, 2))):
        rows += _event(rng, "Mine" if zones and rng.random() < 0.9 else rng.choice(ZONES))
    rows.append("END:VCALENDAR")
    if rng.random() < 0.1:
        rows.insert(rng.randrange(len(rows)), rng.choice(PROPERTIES))
    return _written(rng, rows)


def _event(rng: Random, tzid: str) -> list[str]:
    start, end = (rng.choice(TIMES[:3]) if rng.random() < 0.7 else rng.choice(TIMES) for _ in "12")
    rows = ["UID:b_1@zimun", f"DTSTART;TZID={tzid}:{start}", "DTSTAMP:20261120T000000Z", "SUMMARY:Haircut"]
    rows.append(rng.choice((f"DTEND;TZID={tzid}:{end}", f"DTEND:{end}", f"DURATION:{rng.choice(LENGTHS)}")))
    rows += (rng.choice(PROPERTIES[:36]) for _ in range(rng.choice((0, 1, 2, 4))))
    if rng.random() < 0.2:
        rows += ["BEGIN:VALARM", f"TRIGGER:{rng.choice(LENGTHS)}", rng.choice(PROPERTIES[:36]), "END:VALARM"]
    if rng.random() < 0.1:
        rng.shuffle(rows)
    if rng.random() < 0.1:
        rows.pop(rng.randrange(len(rows)))
    return ["BEGIN:VEVENT", *rows, "END:VEVENT"]


def _zone(rng: Random, tzid: str) -> list[str]:
    rows = ["BEGIN:VTIMEZONE", f"TZID:{tzid}"]
    for name in rng.choice((("STANDARD",), ("STANDARD", "DAYLIGHT"), ("DAYLIGHT", "STANDARD", "STANDARD"), ())):
        rows += [f"BEGIN:{name}", f"DTSTART:{rng.choice(('16010101T030000', '19701025T030000', *TIMES))}"]
        rows += [f"{key}:{rng.choice(OFFSETS[:3] * 3 + OFFSETS)}" for key in ("TZOFFSETFROM", "TZOFFSETTO")]
        rows += [f"RRULE:{rng.choice(RULES)}" for _ in range(rng.choice((0, 1, 1, 2)))]
        if rng.random() < 0.2:
            rows.append(f"RDATE:{','.join(rng.choices(TIMES, k=rng.choice((1, 3, 50))))}")
        rows.append(f"END:{name}")
    return [*rows, "END:VTIMEZONE"]


def _written(rng: Random, rows: list[str]) -> bytes:
    """With the line ends and folds of that day; folded between bytes too, as RFC 5545 §3.1 allows."""
    ends = rng.choice((b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n\r\n"))
    data = b""
    for row in rows:
        octets = row.encode()
        if rng.random() < 0.05 and octets:
            at = rng.randrange(len(octets))
            octets = octets[:at] + ends * rng.choice((1, 1, 40)) + rng.choice((b" ", b"\t")) + octets[at:]
        data += octets + ends
    return data
