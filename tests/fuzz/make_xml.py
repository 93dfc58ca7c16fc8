"""Multistatus answers, almost right: namespaces, statuses, hrefs, entities, document types, encodings, depth."""

from random import Random
from xml.sax.saxutils import escape

from tests.fuzz import make_ical

HREFS = (
    "/cal/",
    "/cal",
    "/cal/b_1.ics",
    "/cal/b_1%40x.ics",
    "/cal/b_1%2540x.ics",
    "/cal/%2e%2e/etc/passwd",
    "/cal/../x.ics",
    "//evil.example/cal/b_1.ics",
    "http://127.0.0.1:1/cal/b_1.ics",
    "HTTP://127.0.0.1:1/cal/b_1.ics",
    "http://evil.example/cal/b_1.ics",
    "http://[::1/x",
    "http://127.0.0.1:99999/x",
    "http://\u2100.example/x",
    "b_1.ics",
    "",
    "/cal/%ff%00%zz.ics",
    "/cal/ä ö.ics",
    "/cal/" + "a" * 3000,
    "/" * 500,
)
STATUSES = (
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 404 Not Found",
    "HTTP/1.1 507 Insufficient Storage",
    "HTTP/1.1 403 Forbidden",
    "HTTP/1.1 ٢٠٠ OK",
    "HTTP/1.1 ² OK",
    "HTTP/1.1 -200 OK",
    "HTTP/1.1 " + "9" * 5000,
    "HTTP/1.1",
    "200",
    "",
)
DOCTYPES = (
    "<!DOCTYPE multistatus>",
    '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>',
    '<!DOCTYPE m [<!ENTITY a "&c;"><!ENTITY c "&a;">]>',
    '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    '<!DOCTYPE m [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]>',
    '<!DOCTYPE m SYSTEM "http://127.0.0.1:1/x.dtd">',
    '<!DOCTYPE m [<!ATTLIST d:href x CDATA "default"><!ENTITY a "<d:href>/cal/b_1.ics</d:href>">]>',
)
HEADS = (
    '<?xml version="1.0" encoding="utf-8"?>',
    "",
    '<?xml version="1.0"?>',
    '<?xml version="1.1"?>',
    '<?xml version="1.0" encoding="utf-16"?>',
    '<?xml version="1.0" encoding="latin-1"?>',
    '<?xml version="1.0" encoding="utf-7"?>',
    '<?xml version="1.0" encoding="no-such"?>',
    '<?xml version="1.0" encoding="utf-8" standalone="yes"?><?php x?><!-- -- -->',
)
SPACES = (
    'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"',
    'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"',
    'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"',
    'xmlns:c="DAV:" xmlns:d="urn:ietf:params:xml:ns:caldav"',
    'xmlns:d="dav:" xmlns:c="DAV:"',
    'xmlns:d="DAV:"',
    'xmlns:d="" xmlns:c=" "',
)
ETAGS = ('"1"', 'W/"1"', "1", '"', "", '"a\u2028b"', "\\", '"' + "e" * 5000 + '"')
INSIDE = (
    "<d:collection/><c:calendar/>",
    "<d:collection/>",
    "",
    "<!-- c --><d:collection/>",
    "<?pi x?>",
    "<![CDATA[<d:collection/>]]>",
    "&a;",
    "&#0;",
    "&#x110000;",
    "&#xd800;",
    "&lt;",
    "text",
)
WORDS = tuple(
    each.encode()
    for each in (
        *HREFS,
        *STATUSES[:8],
        *DOCTYPES,
        *HEADS,
        *SPACES,
        *ETAGS[:6],
        *INSIDE,
        "<d:response>",
        "</d:response>",
        "<d:propstat>",
        "</d:multistatus>",
        "<d:sync-token>",
        "]]>",
        "<!--",
    )
)


def multistatus(rng: Random) -> bytes:
    root = rng.choice(("d:multistatus",) * 12 + ("d:error", "multistatus", "c:multistatus", "html"))
    doctype = rng.choice(("",) * 12 + DOCTYPES)
    inner = "".join(_response(rng) for _ in range(rng.choice((0, 1, 2, 3))))
    if rng.random() < 0.5:
        inner += f"<d:sync-token>{rng.choice(('tok', '', 'a&amp;b', '<x/>', '&a;'))}</d:sync-token>"
    if rng.random() < 0.002:
        inner = _much(rng)
    head = HEADS[0] if rng.random() < 0.7 else rng.choice(HEADS)
    text = f"{head}{doctype}<{root} {rng.choice(SPACES)}>{inner}</{root}>"
    return text.encode(rng.choice(("utf-8",) * 20 + ("utf-16", "latin-1", "utf-32")), "xmlcharrefreplace")


def _much(rng: Random) -> str:
    size = rng.choice((300, 10_000, 100_000))
    match rng.randrange(3):
        case 0:
            return "<d:x>" * size + "</d:x>" * rng.choice((0, size))
        case 1:
            attributes = " ".join(f'a{n}=""' for n in range(size // 4))
            return f"<d:response {attributes}/>"
        case _:
            return "<d:response><d:href>/cal/1</d:href></d:response>" * (size // 20)


def _response(rng: Random) -> str:
    href = "".join(f"<d:href>{escape(rng.choice(HREFS))}</d:href>" for _ in range(rng.choice((1,) * 9 + (0, 2))))
    status = f"<d:status>{rng.choice(STATUSES)}</d:status>" if rng.random() < 0.3 else ""
    stats = "".join(_propstat(rng) for _ in range(rng.choice((0, 1, 1, 1, 2))))
    parts = [href, status, stats]
    if rng.random() < 0.1:
        rng.shuffle(parts)
    return f"<d:response>{''.join(parts)}</d:response>"


def _propstat(rng: Random) -> str:
    props = [
        f"<d:getetag>{escape(rng.choice(ETAGS))}</d:getetag>",
        f"<d:resourcetype>{rng.choice(INSIDE)}</d:resourcetype>",
        f"<d:sync-token>{rng.choice(INSIDE)}</d:sync-token>",
        f"<d:displayname>{rng.choice(INSIDE)}</d:displayname>",
        f"<c:calendar-home-set><d:href>{escape(rng.choice(HREFS))}</d:href></c:calendar-home-set>",
        f'<c:supported-calendar-component-set><c:comp name="{rng.choice(("VEVENT", "", "vtodo"))}"/><c:comp/>'
        "</c:supported-calendar-component-set>",
        "<d:current-user-privilege-set><d:privilege><d:write/></d:privilege></d:current-user-privilege-set>",
    ]
    chosen = rng.sample(props, rng.choice((0, 1, 2, 3)))
    if rng.random() < 0.4:
        data = make_ical.object_of(rng).decode("utf-8", "replace")
        legal = "".join(sign for sign in data if sign >= " " or sign in "\r\n\t")
        text = f"<![CDATA[{legal}]]>" if rng.random() < 0.2 else escape(legal)
        chosen.append(f"<c:calendar-data>{text}</c:calendar-data>")
    status = f"<d:status>{rng.choice(STATUSES)}</d:status>" if rng.random() < 0.95 else ""
    return f"<d:propstat><d:prop>{''.join(chosen)}</d:prop>{status}</d:propstat>"
