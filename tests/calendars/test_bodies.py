"""Answers made to harm their reader: without end, packed a thousandfold, all markup, full of entities."""

import gzip
import tracemalloc
import zlib
from pathlib import Path

import pytest

from syncd.calendars import bodies, dav
from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import CursorExpired, Refused, Unavailable
from tests.calendars.rogue import CAL, XML, Reply, Rogue, collection, member, multistatus, state
from tests.calendars.samples import draft

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
