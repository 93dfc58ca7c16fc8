"""Writing to a server that does not do what it should. What may have happened is never told as if it had not."""

import asyncio
import re
from dataclasses import replace

import pytest

from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import (
    CollectionGone,
    NotPermitted,
    OutcomeUnknown,
    PreconditionFailed,
    RateLimited,
    Refused,
    SyncdError,
    UidConflict,
    Unavailable,
)
from tests.calendars.rogue import CAL, Reply, Rogue, collection, error, member, multistatus, state
from tests.calendars.samples import START, draft, foreign, name, ours

ONE = CAL + "b_1.ics"
ICS = {"Content-Type": "text/calendar"}
PAGE = {"Content-Type": "text/html; charset=UTF-8", "ETag": '"65f1c0de-2a3"'}


XML_TYPE = {"Content-Type": "application/xml"}
TAKEN = '<d:error xmlns:d="DAV:"><x:no-uid-conflict xmlns:x="{}"/></d:error>'


def served(data: str, etag: str = "") -> Reply:
    return Reply(200, data, {**ICS, "ETag": etag} if etag else ICS)


ANSWERS: dict[str, tuple[Reply, type[SyncdError]]] = {
    "Radicale's second UID": (error(409, "c:no-uid-conflict"), UidConflict),
    "Xandikos's second UID": (error(412, "c:no-uid-conflict"), UidConflict),
    "Cyrus's UID in another calendar": (error(403, "c:unique-scheduling-object-resource"), UidConflict),
    "Nextcloud's UID in the trash bin": (
        error(400, message="Calendar object with uid already exists in this calendar collection."),
        UidConflict,
    ),
    "Purelymail's second UID": (Reply(403, TAKEN.format("urn:ietf:params:xml:ns:carddav"), XML_TYPE), UidConflict),
    "a UID that is told in a sentence": (error(409, message="Calendar object with uid already exists"), UidConflict),
    "the same, forbidden": (error(403, message="That UID is in use"), UidConflict),
    "a condition, in words": (error(412, message="An object with that UID already exists"), PreconditionFailed),
    "a bad request about something else": (error(400, message="Validation error"), Refused),
    "somebody wrote first": (Reply(412), PreconditionFailed),
    "412 about the content": (error(412, "c:valid-calendar-data"), Refused),
    "forbidden to a user of some number": (error(403, message="uid=33 may not write here"), Refused),
    "forbidden to a user who is not there": (error(403, message="principal uid=desk does not exist"), Refused),
    "forbidden": (error(403, message="You may not"), Refused),
    "conflict": (error(409, "d:no-conflicting-lock"), Refused),
    "a conflict about something else": (error(409, message="Locked for maintenance"), Refused),
    "the same, in plain text": (Reply(409, "Quota exceeded", {"Content-Type": "text/plain"}), Refused),
    "Cloudflare's 409": (Reply(409, "<html>Error 1001</html>", PAGE), OutcomeUnknown),
    "too large": (Reply(413), Refused),
    "too large for Radicale": (error(412, "c:max-resource-size"), Refused),
    "too large by RFC 4791": (error(403, "c:max-resource-size"), Refused),
    "wrong type": (Reply(415), Refused),
    "no room": (Reply(507), Refused),
    "not implemented": (Reply(501), Refused),
    "login refused": (Reply(401), NotPermitted),
    "no such calendar": (Reply(404), CollectionGone),
    "asks to wait": (Reply(429, "", {"Retry-After": "3"}), RateLimited),
    "locked": (Reply(423), Unavailable),
    "down": (Reply(503), Unavailable),
    "broken": (Reply(500), OutcomeUnknown),
    "gateway broken": (Reply(502), OutcomeUnknown),
    "gateway out of time": (Reply(504), OutcomeUnknown),
    "accepted, perhaps": (Reply(202), OutcomeUnknown),
    "lost": (Reply(sent=-1), OutcomeUnknown),
    "cut off": (Reply(201, "Created", sent=2), OutcomeUnknown),
    "a page in its place": (Reply(200, "<html>Back soon</html>", PAGE), OutcomeUnknown),
    "garbled XML": (Reply(201, "<a><b></a>", {"Content-Type": "application/xml"}), OutcomeUnknown),
}


# refusals of a UID in a sentence
TOLD = ("Nextcloud's UID in the trash bin", "a UID that is told in a sentence", "the same, forbidden")


@pytest.mark.parametrize("what", ANSWERS)
async def test_the_answer_to_a_put_says_what_to_do_next(rogue: Rogue, calendar: DavCalendar, what: str) -> None:
    reply, expected = ANSWERS[what]
    rogue.on("PUT", ONE, reply)
    if what != "no such calendar":
        rogue.on("PROPFIND", CAL, multistatus(collection()))
    with pytest.raises(SyncdError) as caught:
        await calendar.create(name(), draft(), "")
    assert type(caught.value) is expected
    assert len(rogue.asked("PUT")) == (5 if what == "locked" else 1)


async def test_a_conflict_about_nothing_is_one_of_the_uid_where_the_calendar_stands(
    rogue: Rogue, calendar: DavCalendar
) -> None:
    """SOGo: 409 and no word to a UID that stands in the account. RFC 4918 §9.7.1: 409 where there is no calendar."""
    rogue.on("PUT", ONE, Reply(409))
    with pytest.raises(CollectionGone):
        await calendar.create(name(), draft(), "")
    rogue.on("PROPFIND", CAL, Reply(500))
    with pytest.raises(Unavailable):
        await calendar.create(name(), draft(), "")
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    for generation in (1, 2, 3):
        with pytest.raises(UidConflict):
            await calendar.create(name(), draft(generation=generation), "")
    # nor do other UIDs help there, nor for a slot, which would try them all at once
    for other in (draft(generation=4), replace(draft(), uid="svc.place.20300301T100000Z@zimun")):
        with pytest.raises(Refused):
            await calendar.create(name(), other, "")
    with pytest.raises(Refused):
        await calendar.replace(ONE, draft(), ours(), '"1"')


async def test_a_write_that_another_one_stood_in_the_way_of_is_sent_again(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PUT", ONE, Reply(423), Reply(423), Reply(201, "", {"ETag": '"1"'}))
    assert (await calendar.create(name(), draft(), "")).etag == '"1"'
    assert len(rogue.asked("PUT")) == 3


@pytest.mark.parametrize("what", [what for what in ANSWERS if what != "no such calendar"])
async def test_the_answer_to_a_delete_says_what_to_do_next(rogue: Rogue, calendar: DavCalendar, what: str) -> None:
    reply, expected = ANSWERS[what]
    if what in TOLD:
        # what is no new object has no new UID
        expected = Refused
    rogue.on("DELETE", ONE, reply)
    rogue.on("GET", ONE, served(ours(), '"2"'))
    with pytest.raises(SyncdError) as caught:
        await calendar.remove(ONE, '"1"')
    assert type(caught.value) is expected
    assert len(rogue.asked("DELETE")) == (5 if what == "locked" else 1)


@pytest.mark.parametrize("status", [200, 204, 404, 410])
async def test_what_is_gone_is_removed(rogue: Rogue, calendar: DavCalendar, status: int) -> None:
    rogue.on("DELETE", ONE, Reply(status))
    await calendar.remove(ONE, '"1"')
    (request,) = rogue.requests
    assert request.headers["if-match"] == '"1"'


async def test_412_to_a_delete_of_what_is_gone_is_no_conflict(rogue: Rogue, calendar: DavCalendar) -> None:
    """SabreDAV 1.8 compares before it looks."""
    rogue.on("DELETE", ONE, Reply(412))
    rogue.on("REPORT", CAL, multistatus(state(ONE, 404)))
    await calendar.remove(ONE, '"1"')


async def test_a_refusal_carries_the_servers_words_and_nothing_to_harm_a_terminal(
    rogue: Rogue, calendar: DavCalendar
) -> None:
    rogue.on("PUT", ONE, Reply(403, "no\x1b[2J way\n" + "x" * 300, {"Content-Type": "text/plain"}))
    with pytest.raises(Refused) as caught:
        await calendar.create(name(), draft(), "")
    assert caught.value.reason.startswith("no[2J way x")
    assert len(caught.value.reason) == 200
    assert "way" not in str(caught.value)
    rogue.on("PUT", ONE, error(403, "c:supported-calendar-component"))
    with pytest.raises(Refused) as caught:
        await calendar.create(name(), draft(), "")
    assert caught.value.reason == "supported-calendar-component"


async def test_a_strong_etag_is_kept_as_the_server_sent_it_and_nothing_is_read_back(
    rogue: Rogue, calendar: DavCalendar
) -> None:
    rogue.on("PUT", ONE, Reply(201, "", {"ETag": '"a-B:1"'}))
    stored = await calendar.create(name(), draft(), "")
    assert stored.etag == '"a-B:1"'
    (request,) = rogue.requests
    assert request.headers["if-none-match"] == "*"
    assert request.headers["content-type"] == "text/calendar; charset=utf-8"
    assert stored.data == request.body


async def test_an_empty_body_that_is_called_a_web_page_is_none(rogue: Rogue, calendar: DavCalendar) -> None:
    """PHP calls it so under SabreDAV, Nextcloud and Baikal, where nothing else is said."""
    rogue.on("PUT", ONE, Reply(201, "", PAGE))
    assert (await calendar.create(name(), draft(), "")).etag == PAGE["ETag"]
    rogue.on("DELETE", ONE, Reply(204, "", PAGE))
    await calendar.remove(ONE, '"1"')


@pytest.mark.parametrize("etag", ["", 'W/"1"', "unquoted"])
async def test_without_a_strong_etag_what_was_stored_is_read_back(
    rogue: Rogue, calendar: DavCalendar, etag: str
) -> None:
    rogue.on("PUT", ONE, Reply(201, "", {"ETag": etag} if etag else {}))
    rogue.on("GET", ONE, served(ours(title="as the server likes it"), '"7"'))
    stored = await calendar.create(name(), draft(), "")
    assert stored.event is not None
    assert (stored.etag, stored.event.title) == ('"7"', "as the server likes it")


@pytest.mark.parametrize("mark", ["DTSTART", "STATUS"])
async def test_what_somebody_wrote_right_after_us_is_not_taken_for_our_own(
    rogue: Rogue, calendar: DavCalendar, mark: str
) -> None:
    """A drag between our PUT and the GET after it: the next look finds it, and compares it with what we wrote."""
    theirs = re.sub("(DTSTAMP|LAST-MODIFIED):.*", r"\1:20300101T120005Z", ours())
    dragged = re.sub("(DTSTART.*)T10", r"\1T12", theirs)
    other = dragged if mark == "DTSTART" else theirs.replace("STATUS:CONFIRMED", "STATUS:CANCELLED")
    rogue.on("PUT", ONE, Reply(204))
    rogue.on("GET", ONE, served(other, '"7"'))
    stored = await calendar.create(name(), draft(), "")
    assert stored.event is not None
    assert (stored.etag, stored.event.start.instant, stored.event.cancelled) == (None, START, False)
    # a server that makes another time of it, and keeps our stamp, is that server's doing
    rogue.on("GET", ONE, served(re.sub("(DTSTART.*)T10", r"\1T12", ours()), '"7"'))
    assert (await calendar.create(name(), draft(), "")).etag == '"7"'


async def test_what_is_empty_is_left_out_only_where_it_is_refused(rogue: Rogue, calendar: DavCalendar) -> None:
    onto = ours().replace("END:VEVENT", "X-APP:\r\nX-FOLDED:\r\n value\r\nEND:VEVENT")
    rogue.on("PUT", ONE, error(403, "c:valid-calendar-data"), Reply(201, "", {"ETag": '"1"'}))
    stored = await calendar.create(name(), draft(), onto)
    first, second = rogue.asked("PUT")
    assert "X-APP:\r\n" in first.body
    assert second.body == first.body.replace("X-APP:\r\n", "")
    assert (second.headers["if-none-match"], stored.data) == ("*", second.body)
    rogue.on("PUT", ONE, error(403, "c:valid-calendar-data"))
    with pytest.raises(Refused):
        await calendar.create(name(), draft(), ours())
    assert len(rogue.asked("PUT")) == 3


async def test_a_write_that_cannot_be_read_back_is_unknown(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PUT", ONE, Reply(201))
    rogue.on("GET", ONE, Reply(500))
    with pytest.raises(OutcomeUnknown):
        await calendar.create(name(), draft(), "")


async def test_a_write_that_is_not_listed_yet_is_done(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PUT", ONE, Reply(201))
    rogue.on("REPORT", CAL, multistatus())
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    stored = await calendar.create(name(), draft(), "")
    assert stored.event is not None
    assert (stored.href, stored.etag) == (ONE, None)


async def test_a_write_over_what_is_not_there_afterwards_is_unknown(rogue: Rogue, calendar: DavCalendar) -> None:
    """What is listed late is what is new."""
    rogue.on("PUT", ONE, Reply(204))
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    rogue.on("REPORT", CAL, multistatus())
    with pytest.raises(OutcomeUnknown):
        await calendar.replace(ONE, draft(title="new"), ours(), '"1"')


@pytest.mark.parametrize("etag", [None, 'W/"1"', '"日本"', '"é"', '"a\nb"'])
async def test_without_a_strong_etag_replace_looks_first(rogue: Rogue, calendar: DavCalendar, etag: str | None) -> None:
    rogue.on("GET", ONE, served(ours(), 'W/"1"'))
    rogue.on("PUT", ONE, Reply(204, "", {"ETag": '"2"'}))
    await calendar.replace(ONE, draft(title="new"), ours(), etag)
    assert [request.method for request in rogue.requests] == ["GET", "PUT"]
    assert "if-match" not in rogue.requests[-1].headers
    rogue.on("GET", ONE, served(ours(), '"1"'))
    await calendar.replace(ONE, draft(title="new"), ours(), etag)
    assert rogue.requests[-1].headers["if-match"] == '"1"'
    for changed in (ours(title="dragged"), foreign(), "garbage"):
        rogue.on("GET", ONE, served(changed, 'W/"1"'))
        with pytest.raises(PreconditionFailed):
            await calendar.replace(ONE, draft(title="new"), ours(), etag)
    assert len(rogue.asked("PUT")) == 2


async def test_without_a_strong_etag_replace_mends_a_broken_version_only_if_it_is_the_same(
    rogue: Rogue, calendar: DavCalendar
) -> None:
    broken = ours().replace("END:VEVENT\r\n", "")
    rogue.on("GET", ONE, served(broken))
    rogue.on("PUT", ONE, Reply(204, "", {"ETag": '"2"'}))
    await calendar.replace(ONE, draft(), broken, None)
    with pytest.raises(PreconditionFailed):
        await calendar.replace(ONE, draft(), broken + "X", None)
    assert len(rogue.asked("PUT")) == 1


async def test_without_a_strong_etag_remove_looks_first(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("DELETE", ONE, Reply(204))
    rogue.on("GET", ONE, served(ours(), 'W/"1"'))
    await calendar.remove(ONE, 'W/"1"')
    assert "if-match" not in rogue.requests[-1].headers
    with pytest.raises(PreconditionFailed):
        await calendar.remove(ONE, 'W/"0"')
    rogue.on("GET", ONE, served(foreign()))
    with pytest.raises(PreconditionFailed):
        await calendar.remove(ONE, None)
    await calendar.remove(ONE, '"日本"', foreign())
    assert "if-match" not in rogue.requests[-1].headers
    rogue.on("GET", ONE, Reply(404))
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    await calendar.remove(ONE, None)
    assert len(rogue.asked("DELETE")) == 2


async def test_a_refusal_in_other_letters_than_utf8_is_a_refusal(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PUT", ONE, Reply(403, "Nicht für Sie".encode("latin-1"), {"Content-Type": "text/plain"}))
    with pytest.raises(Refused) as caught:
        await calendar.create(name(), draft(), "")
    assert caught.value.reason == "Nicht f\ufffdr Sie"


async def test_a_write_is_not_sent_to_where_a_redirect_leads_outside(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PUT", ONE, Reply(307, "", {"Location": "http://other.example/b_1.ics"}))
    with pytest.raises(Unavailable, match="another address"):
        await calendar.create(name(), draft(), "")


@pytest.mark.parametrize("bad", ["", ".", "..", "a/b.ics"])
async def test_a_name_is_one_plain_segment(rogue: Rogue, calendar: DavCalendar, bad: str) -> None:
    with pytest.raises(ValueError, match="one plain path segment"):
        await calendar.create(bad, draft(), "")
    assert not rogue.requests


async def test_at_most_four_requests_are_under_way(rogue: Rogue, calendar: DavCalendar) -> None:
    for number in range(9):
        rogue.on("PUT", f"{CAL}b{number}.ics", Reply(201, "", {"ETag": '"1"'}))
    await calendar.create(name("b8"), draft("b8"), "")
    # only now the login is known to be taken
    rogue.hold = asyncio.Event()
    writes = [asyncio.create_task(calendar.create(name(f"b{n}"), draft(f"b{n}"), "")) for n in range(8)]
    await rogue.seen(5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(rogue.seen(6), 0.1)
    rogue.hold.set()
    assert len(await asyncio.gather(*writes)) == 8


async def test_multigets_of_members_keep_the_etag_of_the_listing(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("REPORT", CAL, multistatus(member(ONE, ' "1" ', ours())))
    (stored,) = await calendar.fetch([ONE])
    assert stored.etag == '"1"'
