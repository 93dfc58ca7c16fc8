"""Configs, almost right: each key with values of every type, sections doubled, syntax broken."""

from random import Random

from syncd.app.config import SECTIONS
from tests.fuzz.secret import SECRET

VALUES = (
    '""',
    '"x"',
    '"b\\u0000c"',
    '"a\\nb"',
    '"\\U0010FFFF"',
    f'"{SECRET}"',
    f"'''{SECRET}'''",
    '"""\n\\\n"""',
    "'" + "y" * 4000 + "'",
    "0",
    "1",
    "-1",
    "60",
    "10000000000000000000000",
    "0x_f",
    "0xff",
    "1e400",
    "nan",
    "-inf",
    "true",
    "false",
    "[]",
    '["a", "b"]',
    '["a", 5, [[]]]',
    "{}",
    "{a = 1, b.c = []}",
    "2026-11-24T10:00:00+99:00",
    "2026-11-24",
    "25:00:00",
    "=",
    "",
    '"https://dav.example.org/"',
    '"https://user:pw@dav.example.org/"',
    '"http://127.0.0.1:5232/cal/"',
    '"http://[::1]:99999/"',
    '"http://[::1"',
    '"https://xn--.example/%zz?#"',
    '"https://\u2100.example/"',
    '"//"',
    '"/dev/null"',
    '"/"',
    '"~/x"',
    '"../../x"',
    '"en"',
    '"{service} {"',
    '"{service.__class__}"',
    '"{0}"',
    '"⚠ {service}"',
    '"echo \'"',
)
RIGHT = f"""
[zimun]
client_id = "client-1"
client_secret = "{SECRET}"
[caldav]
url = "https://dav.example.org/"
username = "frontdesk"
password = "{SECRET}"
[[calendars]]
name = "Bookings"
fallback = true
[state]
path = "state.db"
"""
KEYS = {name: [field.alias or key for key, field in model.model_fields.items()] for name, model in SECTIONS.items()}
WORDS = tuple(
    each.encode()
    for each in (
        *VALUES,
        *(f"[{name}]" for name in KEYS),
        "[[calendars]]",
        "[[zimun]]",
        "[a.b]",
        "\n",
        "#",
        "'''",
        '"""',
    )
)


def config(rng: Random) -> bytes:
    rows = RIGHT.split("\n") if rng.random() < 0.7 else []
    for _ in range(rng.choice((1, 1, 2, 4, 12))):
        section = rng.choice(list(KEYS))
        key = rng.choice(KEYS[section])
        match rng.randrange(6):
            case 0:
                rows += [f"[{section}]" if section != "calendars" else "[[calendars]]"]
            case 1:
                key = rng.choice((f"{section}.{key}", key + "x", key.upper(), f'"{key}"', "a.b.c", "ä", '"\\u0000"'))
            case 2:
                rows += [
                    rng.choice(("[", "]", f"[{section}", f"[[{section}]]", f"{section} = 3", "\x00", "\ufeff", "\r"))
                ]
        at = rng.randrange(len(rows) + 1)
        rows.insert(at, f"{key} = {rng.choice(VALUES)}")
    if rng.random() < 0.002:
        deep = rng.choice((200, 1_500))
        rows.append(rng.choice(("x = " + "[" * deep + "]" * deep, "x." * deep + "y = 1", "x = " + "{a = " * deep)))
    return "\n".join(rows).encode(rng.choice(("utf-8",) * 20 + ("latin-1", "utf-16", "utf-8-sig")), "replace")
