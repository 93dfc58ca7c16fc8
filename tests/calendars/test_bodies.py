"""Answers made to harm their reader: without end, packed a thousandfold, all markup, full of entities."""

import gzip
import tracemalloc
import zlib
from pathlib import Path

import pytest

from syncd.calendars import bodies, dav
from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import CollectionGone, CursorExpired, Refused, Unavailable
from tests.calendars.rogue import CAL, XML, Reply, Rogue, collection, member, multistatus, state
from tests.calendars.samples import draft, foreign, ours

LIMIT = 100_000
LISTING = multistatus(collection(token="t1"), member(CAL + "b_1.ics"))
WHOLE = str(LISTING.body).encode()
ZEROS = gzip.compress(b"0" * 50_000_000, 1)
# a stored block of nothing, five octets that unpack to nothing
NOTHING = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0\0\0\xff\xff" * LIMIT

OUTSIZE = {
    "plain": (b"0" * (LIMIT + 1), ""),
    "packed": (ZEROS, "gzip"),
    "packed as deflate": (zlib.compress(b"0" * 50_000_000, 1), "deflate"),
    "packed, and nothing in it": (NOTHING, "gzip"),
}
NOT_ASKED_FOR = {
    "packed twice": (gzip.compress(ZEROS), "gzip, gzip"),
    "brotli": (WHOLE, "br"),
    "no gzip": (WHOLE, "gzip"),
    "half of gzip": (gzip.compress(WHOLE)[:-9], "gzip"),
    "more behind the end": (gzip.compress(WHOLE) + b"0" * 1_000_000, "gzip"),
    "the same again and again": (gzip.compress(b"") * 50_000, "gzip"),
}


def packed(body: bytes, coding: str) -> Reply:
    return Reply(207, body, {"Content-Type": XML, **({"Content-Encoding": coding} if coding else {})})


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
async def test_what_a_proxy_packed_is_read(rogue: Rogue, calendar: DavCalendar, pack: object) -> None:
    coding = "gzip" if pack is gzip.compress else "deflate"
    rogue.on("PROPFIND", CAL, packed(pack(WHOLE), coding))  # type: ignore[operator]
    assert (await calendar.changes(None)).etags == {CAL + "b_1.ics": '"1"'}


@pytest.mark.parametrize("what", OUTSIZE)
async def test_an_outsize_body_is_refused_while_it_comes(
    rogue: Rogue, calendar: DavCalendar, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(bodies, "BODY_LIMIT", LIMIT)
    rogue.on("PROPFIND", CAL, packed(*OUTSIZE[what]))
    await _refused(calendar, "too large")
    assert len(rogue.requests) == 1


@pytest.mark.parametrize("what", NOT_ASKED_FOR)
async def test_a_body_packed_in_a_way_not_asked_for_is_refused(rogue: Rogue, calendar: DavCalendar, what: str) -> None:
    rogue.on("PROPFIND", CAL, packed(*NOT_ASKED_FOR[what]))
    await _refused(calendar, "packed")


async def test_more_than_fifty_megabytes_are_refused(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PROPFIND", CAL, packed(WHOLE.replace(b"t1", b"t" * 50_000_000), ""))
    with pytest.raises(Unavailable, match="too large"):
        await calendar.changes(None)


ONE, BIG, TWO = (f"{CAL}{name}.ics" for name in ("b_1", "big", "b_2"))


@pytest.mark.parametrize("what", ["too large", "no XML", "more than the parser takes"])
async def test_one_object_that_spoils_the_answer_keeps_no_other_from_being_read(
    rogue: Rogue, calendar: DavCalendar, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The batch is halved until it stands alone, and it alone is read by a GET."""
    monkeypatch.setattr(bodies, "BODY_LIMIT", LIMIT if what == "too large" else bodies.BODY_LIMIT)
    picture = foreign().replace(
        "BEGIN:VEVENT", "BEGIN:VEVENT\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:" + "QUJD" * 50_000
    )
    bad = {
        "too large": multistatus(member(BIG, '"9"', picture)),
        "no XML": multistatus(member(BIG, '"9"', foreign("a\x0bb"))),
        "more than the parser takes": multistatus(member(BIG, '"9"', "QUJD" * 3_000_000)),
    }[what]
    rogue.on(
        "REPORT",
        CAL,
        bad,
        multistatus(member(ONE, '"1"', ours())),
        bad,
        bad,
        multistatus(member(TWO, '"2"', ours("b_2"))),
    )
    data = picture if what == "too large" else foreign()
    rogue.on("GET", BIG, Reply(200, data, {"ETag": '"9"', "Content-Type": "text/calendar"}))
    rogue.on("PROPFIND", CAL, LISTING)
    one, big, two = await calendar.fetch([ONE, BIG, TWO])
    assert (one.href, one.etag, two.href, two.etag) == (ONE, '"1"', TWO, '"2"')
    assert (big.href, big.event, big.data) == (BIG, None, "")
    assert big.fault == ("the calendar server's answer is too large" if what == "too large" else "")
    assert [request.path for request in rogue.asked("GET")] == [BIG]


async def test_an_object_that_cannot_be_read_says_nothing_of_a_calendar_that_is_gone(
    rogue: Rogue, calendar: DavCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_LIMIT", LIMIT)
    rogue.on("REPORT", CAL, packed(*OUTSIZE["plain"]))
    rogue.on("GET", ONE, packed(*OUTSIZE["plain"]))
    with pytest.raises(CollectionGone):
        await calendar.fetch([ONE])


@pytest.mark.parametrize(
    "piece", [b"<a/>", b"<d:response><d:href>/</d:href></d:response>", b"<a b='' c='' d='' e=''/>"]
)
async def test_a_body_of_nothing_but_markup_is_not_parsed(rogue: Rogue, calendar: DavCalendar, piece: bytes) -> None:
    rogue.on("PROPFIND", CAL, packed(WHOLE.replace(b"</d:multistatus>", piece * 1_000_000 + b"</d:multistatus>"), ""))
    with pytest.raises(Unavailable, match="too large"):
        await calendar.changes(None)


async def test_pages_without_end_are_no_listing(
    rogue: Rogue, calendar: DavCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [multistatus(member(f"{CAL}{n}.ics"), state(CAL, 507), token=f"t{n}") for n in range(2, 100)]
    monkeypatch.setattr(dav, "_PAGES_LIMIT", 3 * len(pages[0].body))
    rogue.on("REPORT", CAL, *pages)
    with pytest.raises(CursorExpired, match="do not end"):
        await calendar.changes("t1")
    assert len(rogue.requests) == 4


async def test_entities_and_document_types_are_refused(rogue: Rogue, calendar: DavCalendar) -> None:
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE d:multistatus [<!ENTITY a0 "ha">{lines}]>'
    rogue.on("PROPFIND", CAL, multistatus(collection(token="&a11;"), head=bomb))
    await _refused(calendar, "document type|garbled")
    blowup = f'<!DOCTYPE d:multistatus [<!ENTITY a "{"a" * 50_000}">]>'
    rogue.on("PROPFIND", CAL, multistatus(collection(token="&a;" * 50_000), head=blowup))
    await _refused(calendar, "document type|garbled")
    attribute = multistatus(f'<d:response x="{"&a11;" * 10}"/>', head=bomb)
    rogue.on("PROPFIND", CAL, attribute)
    await _refused(calendar, "document type|garbled")
    rogue.on("PROPFIND", CAL, multistatus(collection(token="t1"), head="<!DOCTYPE d:multistatus>"))
    await _refused(calendar, "document type")


async def test_no_file_and_no_address_is_read_for_an_entity(
    rogue: Rogue, calendar: DavCalendar, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of-this-machine")
    async with Rogue() as other:
        other.on("GET", "/x", Reply(200, "<!ENTITY x 'of-this-machine'>", {"Content-Type": "application/xml-dtd"}))
        for head in (
            f'<!DOCTYPE d:error [<!ENTITY x SYSTEM "{secret.as_uri()}">]>',
            f'<!DOCTYPE d:error [<!ENTITY x SYSTEM "{other.url}/x">]>',
            f'<!DOCTYPE d:error SYSTEM "{other.url}/x">',
            f'<!DOCTYPE d:error [<!ENTITY % y SYSTEM "{other.url}/x"> %y;]>',
        ):
            rogue.on("PROPFIND", CAL, multistatus(collection(token="&x;"), head=head))
            await _refused(calendar, "document type|garbled")
            words = '<d:error xmlns:d="DAV:"><d:responsedescription>No: &x;</d:responsedescription></d:error>'
            rogue.on("PUT", CAL + "b_1.ics", Reply(403, head + words, {"Content-Type": XML}))
            with pytest.raises(Refused) as caught:
                await calendar.create("b_1.ics", draft(), "")
            assert "of-this-machine" not in f"{caught.value} {caught.value.reason}"
        assert not other.requests


async def _refused(calendar: DavCalendar, words: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Unavailable, match=words):
            await calendar.changes(None)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
