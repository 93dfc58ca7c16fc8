"""Answers of the Booking API, almost right: wrong types, absurd values, missing, extra and double keys."""

from random import Random

from tests.fuzz.secret import PERSONAL

TIMES = (
    '"2026-11-24T09:00:00Z"',
    '"2026-11-24T10:00:00Z"',
    '"2026-11-24T10:00:00+01:00"',
    '"2026-11-24 10:00+0100"',
    '"2026-11-24T10:00:00.5-09"',
    '"2026-11-24T10:00:00"',
    '"2026-11-24"',
    '"2026-02-30T10:00:00Z"',
    '"2026-11-24T24:00:00Z"',
    '"2026-11-24T23:59:60Z"',
    '"2026-11-24T10:00:00+99:99"',
    '"2026-11-24T10:00:00+24:00"',
    '"2026-11-24T10:00:00-23:59"',
    '"0000-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-14:00"',
    '"9999-12-31T23:59:59Z"',
    '"2999-12-31T23:59:59Z"',
    '"1970-01-01T00:00:00Z"',
    '"1969-12-31T23:59:59-00:01"',
    '"٢٠٢٦-11-24T10:00:00Z"',
    "1732438800",
    "1e400",
)
NUMBERS = (
    "0",
    "-1",
    "45",
    "60.5",
    "1e-9",
    "1e308",
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "9" * 30,
    "9" * 400,
    "9" * 4300,
    "9" * 5000,
    "1e-999999999",
    '"45"',
    '"999999999"',
    '"٤٥"',
    "527040",
    "527041",
)
TEXTS = (
    '""',
    '" "',
    '"b_1"',
    '"s_1"',
    '"l_1"',
    '"Europe/Berlin"',
    '"Europe"',
    '"../../etc/passwd"',
    '"/etc/localtime"',
    '"posix/Europe/Berlin"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"Mira \\ud83d\\udc87"',
    '"⚠ Cancel? me"',
    '"\\r\\nATTENDEE:mailto:x@example.org"',
    '"\\u001b]0;title\\u0007"',
    '"\\u202egnp.exe"',
    '"<b>&amp;"',
    '"a,b;c\\\\n"',
    '"..%2f.."',
    '"' + "x" * 70 + '"',
    '"' + "é" * 5000 + '"',
    '"cancelled"',
    '"CANCELED "',
    '"confirmed"',
    '"held"',
    '"no_show"',
    f'"{PERSONAL}"',
)
OTHERS = ("null", "true", "false", "[]", "{}", "[[]]", '{"":{}}', '["s_1", 7, null]', '{"id":"b_2"}', "nul", "-", "")
KEYS = (
    "booking_id",
    "id",
    "appointment_id",
    "start_time",
    "appointment_time",
    "start",
    "end_time",
    "end",
    "duration_minutes",
    "status",
    "service_id",
    "location_id",
    "contact_name",
    "contact_email",
    "contact_phone",
    "notes",
    "staff_name",
    "updated_at",
    "name",
    "timezone",
    "address",
    "location_ids",
    "next_page_token",
    "access_token",
    "expires_in",
    "error",
    "detail",
    "message",
    "msg",
    "code",
    "items",
    "slots",
    "booking",
    "appointment",
    "model_config",
    "__class__",
    "",
)
WORDS = tuple(each.encode("utf-8") for each in (*TIMES, *NUMBERS[:11], *TEXTS[:20], *OTHERS, "[", "]", "{", "}", ","))
_RIGHT = {
    "booking_id": '"b_1"',
    "start_time": '"2026-11-24T09:00:00Z"',
    "end_time": '"2026-11-24T10:00:00Z"',
    "status": '"confirmed"',
    "service_id": '"s_1"',
    "location_id": '"l_1"',
    "contact_name": f'"{PERSONAL}"',
    "contact_email": '"mira@example.org"',
    "updated_at": '"2026-11-20T09:00:00Z"',
}
_SHAPES = (
    ("booking_id", "start_time", "end_time", "status", "service_id", "location_id", "contact_name", "updated_at"),
    ("id", "appointment_time", "duration_minutes", "status", "service_id", "notes", "contact_phone"),
    ("id", "name", "timezone", "address"),
    ("id", "name", "location_ids", "duration_minutes"),
    ("start_time", "end_time"),
    ("start", "end"),
)


def answer(rng: Random) -> bytes:
    """A body as bytes, now and then in another encoding."""
    kind = rng.random()
    if kind < 0.55:
        text = _page(rng)
    elif kind < 0.7:
        text = _object(rng)
    elif kind < 0.8:
        text = f'{{"{rng.choice(("booking", "appointment", "data"))}": {_object(rng)}}}'
    elif kind < 0.9:
        text = _refusal(rng)
    elif kind < 0.96:
        text = f'{{"access_token": {_value(rng)}, "expires_in": {_value(rng)}}}'
    elif kind < 0.999:
        text = _value(rng)
    else:
        deep = rng.choice((500, 2_000, 100_000))
        opening, closing = rng.choice((("[", "]"), ('{"items":', "}"), ('{"detail":[', "]}")))
        text = opening * deep + closing * rng.choice((0, deep))
    coding = rng.choice(("utf-8",) * 30 + ("utf-16", "utf-32", "latin-1", "utf-8-sig"))
    return text.encode(coding, "replace")


def _page(rng: Random) -> str:
    token = rng.choice(("", "", ', "next_page_token": null', f', "next_page_token": {_value(rng)}'))
    entries = ", ".join(_object(rng) if rng.random() < 0.9 else _value(rng) for _ in range(rng.choice((0, 1, 1, 2, 4))))
    return f'{{"{rng.choice(("items", "items", "items", "slots", "results"))}": [{entries}]{token}}}'


def _object(rng: Random) -> str:
    """Mostly right, for a fault in one field is only reached where the others pass."""
    pairs = [(key, _RIGHT.get(key, '"x_1"')) for key in rng.choice(_SHAPES)]
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        at = rng.randrange(len(pairs) + 1)
        match rng.randrange(4):
            case 0:
                pairs[at : at + 1] = []
            case 1:
                pairs.insert(at, (rng.choice(KEYS), _value(rng)))
            case _ if at < len(pairs):
                pairs[at] = (pairs[at][0], _value(rng))
            case _:
                pairs.append(rng.choice(pairs) if pairs else ("id", "1"))
    return "{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}"


def _refusal(rng: Random) -> str:
    inner = rng.choice((_value(rng), f'{{"code": {_value(rng)}, "message": {_value(rng)}}}'))
    many = f'[{{"msg": {_value(rng)}, "loc": {_value(rng)}}}, {_value(rng)}]'
    return f'{{"{rng.choice(("error", "detail", "message"))}": {rng.choice((inner, many))}}}'


def _value(rng: Random) -> str:
    return rng.choice(rng.choice((TIMES, NUMBERS, TEXTS, OTHERS)))
