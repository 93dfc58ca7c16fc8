"""Reading from a server that does not do what it should. Nothing of this may ever look like a deletion."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from syncd.calendars import transport
from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import (
    CollectionGone,
    CursorExpired,
    NoCalendar,
    NotPermitted,
    OutcomeUnknown,
    PreconditionFailed,
    RateLimited,
    SyncdError,
    Unavailable,
)
from tests.calendars.rogue import CAL, HOME, XML, Reply, Rogue, collection, error, member, multistatus, resource, state
from tests.calendars.samples import NOW, draft, foreign, ours

ONE = CAL + "b_1.ics"
TWO = CAL + "b_2.ics"


LISTING = multistatus(collection(token="t1"), member(ONE), member(TWO))

UNUSABLE = {
    "a web page": (Reply(200, "<html><body>Sign in</body></html>", {"Content-Type": "text/html"}), Unavailable),
    "a web page as 207": (Reply(207, "<html><body>Hi</body></html>", {"Content-Type": "text/html"}), Unavailable),
    "nothing as 207": (Reply(207), Unavailable),
    "XML that is cut off, honestly": (Reply(207, LISTING.body[:-60], {"Content-Type": XML}), Unavailable),
    "XML that is cut off, as text": (Reply(207, LISTING.body[:-60], {"Content-Type": "text/plain"}), Unavailable),
    "XML whose connection is cut": (Reply(207, LISTING.body, {"Content-Type": XML}, sent=200), Unavailable),
    "no answer": (Reply(sent=-1), Unavailable),
    "500": (Reply(500), Unavailable),
    "503": (Reply(503), Unavailable),
    "207 that says more": (multistatus(collection(), member(ONE), state(CAL, 507)), Unavailable),
    "207 without the calendar itself": (multistatus(member(ONE)), Unavailable),
    "207 under another name": (multistatus(collection("/dav/cal/"), member("/dav/cal/b_1.ics")), Unavailable),
    "207 with 500 for the calendar": (multistatus(state(CAL, 500)), Unavailable),
    "207 with an unreadable status": (multistatus(state(CAL, 200).replace("HTTP/1.1 200 X", "OK")), Unavailable),
    "401": (Reply(401, "", {"WWW-Authenticate": 'Basic realm="x"'}), NotPermitted),
    "403": (Reply(403), NotPermitted),
    "404": (Reply(404), CollectionGone),
    "410": (Reply(410), CollectionGone),
    "404 inside a 207": (multistatus(state(CAL, 404)), CollectionGone),
    "a folder": (multistatus(resource(CAL, "<d:resourcetype><d:collection/></d:resourcetype>")), NoCalendar),
    "429": (Reply(429), RateLimited),
}


@pytest.mark.parametrize("what", UNUSABLE)
@pytest.mark.parametrize("which", [1, 2])
async def test_a_listing_is_complete_or_none(rogue: Rogue, calendar: DavCalendar, what: str, which: int) -> None:
    """The first request is for the sync token, the second for the members; a lost read is asked once more."""
    reply, expected = UNUSABLE[what]
    rogue.on("PROPFIND", CAL, *[LISTING][: which - 1], reply)
    with pytest.raises(expected) as caught:
        await calendar.changes(None)
    assert "s3cret" not in repr(caught.value)
    if isinstance(caught.value, NotPermitted):
        assert caught.value.credentials is (what == "401")


@pytest.mark.parametrize("kinds", ["", "<d:resourcetype/>"])
async def test_where_the_server_does_not_say_what_it_is_it_counts_as_a_calendar(
    rogue: Rogue, calendar: DavCalendar, kinds: str
) -> None:
    rogue.on("PROPFIND", CAL, multistatus(resource(CAL, kinds), member(ONE)))
    assert list((await calendar.changes(None)).etags) == [ONE]


async def test_a_refused_login_is_not_tried_again(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PROPFIND", CAL, Reply(401, "", {"WWW-Authenticate": 'Basic realm="x"'}))
    with pytest.raises(NotPermitted):
        await calendar.changes(None)
    assert len(rogue.requests) == 1
    assert rogue.requests[0].headers["authorization"].startswith("Basic ")


async def test_no_proxy_of_the_environment_gets_what_is_for_this_machine(
    rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An http address is on loopback; the password would go to the proxy in clear."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, rogue.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    account = Account("http://localhost:1/", "u", "s3cret", now=lambda: NOW)
    with pytest.raises(Unavailable, match="cannot be reached"):
        await (await account.calendar("http://localhost:1/cal/")).changes(None)
    assert not rogue.requests
    await account.aclose()


async def test_a_refused_connection_is_unavailable(rogue: Rogue) -> None:
    account = Account("http://127.0.0.1:1/", "u", "p", now=lambda: NOW)
    calendar = await account.calendar("http://127.0.0.1:1/cal/")
    with pytest.raises(Unavailable, match="cannot be reached"):
        await calendar.changes(None)
    with pytest.raises(Unavailable) as caught:
        await calendar.create("b_1.ics", draft(), "")
    assert not isinstance(caught.value, OutcomeUnknown)


ODD_OFFSET = "Sat, 28 Nov 2026 22:22:00 +9999999999999999"
ODD_YEAR = "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("0", 1), ("x", 60), ("99999999", 3600), ("9" * 400, 3600), (ODD_OFFSET, 60), (ODD_YEAR, 60)],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_handed_on_within_reason(
    rogue: Rogue, calendar: DavCalendar, value: str, seconds: float, status: int
) -> None:
    rogue.on("PROPFIND", CAL, Reply(status, "", {"Retry-After": value}))
    with pytest.raises(RateLimited) as caught:
        await calendar.changes(None)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("year", [1990, 2090])
async def test_a_date_in_retry_after_is_counted_by_the_servers_clock(
    rogue: Rogue, calendar: DavCalendar, year: int
) -> None:
    date, until = f"01 Jan {year} 12:00:00 GMT", f"01 Jan {year} 12:02:00 GMT"
    rogue.on("PROPFIND", CAL, Reply(503, "", {"Date": date, "Retry-After": until}))
    with pytest.raises(RateLimited) as caught:
        await calendar.changes(None)
    assert caught.value.retry_after == 120


async def test_only_objects_of_the_calendar_are_listed(rogue: Rogue, calendar: DavCalendar) -> None:
    members = multistatus(
        collection(token="t1"),
        collection(CAL + "sub/"),
        collection(CAL + "sub"),
        member(CAL + "sub/deep.ics"),
        member("/other/b_9.ics"),
        member("http://evil.example/cal/b_9.ics"),
        member(CAL + "%2e%2e/b_9.ics"),
        member("b_9.ics"),
        member(rogue.url + CAL + "absolute.ics", '"2"'),
        member(CAL + "sp%20%c3%bc%40.ics", 'W/"3"'),
        member(CAL + "bare.ics", ""),
        resource(CAL + "failed.ics", "<d:getetag/>", status=500),
        state(CAL + "forbidden.ics", 403),
        state(CAL + "gone.ics", 404),
    )
    rogue.on("PROPFIND", CAL, members)
    listing = await calendar.changes(None)
    assert dict(listing.etags) == {
        CAL + "absolute.ics": '"2"',
        CAL + "sp%20%C3%BC@.ics": 'W/"3"',
        CAL + "bare.ics": None,
        CAL + "failed.ics": None,
        CAL + "forbidden.ics": None,
    }
    assert (listing.full, listing.cursor) == (True, "t1")


async def test_the_token_is_older_than_the_listing(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PROPFIND", CAL, multistatus(collection(token="t1")), multistatus(collection(token="t2"), member(ONE)))
    assert (await calendar.changes(None)).cursor == "t1"
    assert [request.headers["depth"] for request in rogue.requests] == ["0", "1"]


async def test_without_sync_tokens_there_is_no_cursor(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PROPFIND", CAL, multistatus(collection(), member(ONE)))
    assert (await calendar.changes(None)).cursor is None


TOKEN_ERRORS = {
    "403 with the precondition": error(403, "d:valid-sync-token"),
    "403 without": Reply(403),
    "409": error(409, "d:valid-sync-token"),
    "412": error(412, "d:valid-sync-token"),
    "400": Reply(400),
    "405": Reply(405),
    "410": Reply(410),
    "415": Reply(415),
    "418": Reply(418),
    "501": Reply(501),
    "507": Reply(507),
    "507 inside without results": multistatus(state(CAL, 507), token="t2"),
    "507 inside with the same token": multistatus(member(ONE), state(CAL, 507), token="t1"),
    "200": Reply(200, LISTING.body, {"Content-Type": XML}),
    "207 without a token": multistatus(member(ONE)),
}


@pytest.mark.parametrize("what", TOKEN_ERRORS)
async def test_a_lost_token_is_an_expired_cursor(rogue: Rogue, calendar: DavCalendar, what: str) -> None:
    rogue.on("REPORT", CAL, TOKEN_ERRORS[what])
    with pytest.raises(CursorExpired):
        await calendar.changes("t1")
    assert len(rogue.requests) == 1


NO_TOKEN_ERRORS = {
    "401": (Reply(401), NotPermitted),
    "404": (Reply(404), CollectionGone),
    "429": (Reply(429, "", {"Retry-After": "3"}), RateLimited),
    "500": (Reply(500), Unavailable),
    "a web page": (Reply(502, "<html/>", {"Content-Type": "text/html"}), Unavailable),
    "cut off": (Reply(207, LISTING.body[:-60], {"Content-Type": XML}), Unavailable),
}


@pytest.mark.parametrize("what", NO_TOKEN_ERRORS)
async def test_what_is_wrong_with_the_server_is_not_blamed_on_the_token(
    rogue: Rogue, calendar: DavCalendar, what: str
) -> None:
    reply, expected = NO_TOKEN_ERRORS[what]
    rogue.on("REPORT", CAL, reply)
    with pytest.raises(expected):
        await calendar.changes("t1")


async def test_a_server_that_takes_any_token_is_listed_in_full_when_something_changed(
    rogue: Rogue, calendar: DavCalendar
) -> None:
    """DAViCal answers a token that it does not know with all there is, and not a word about what is gone."""
    rogue.on("REPORT", CAL, multistatus(member(ONE, '"1"'), token="t2"))
    rogue.on("PROPFIND", CAL, LISTING)
    listing = await calendar.changes("t1")
    assert (listing.full, set(listing.etags), listing.cursor) == (True, {ONE, TWO}, "t1")
    assert [request.method for request in rogue.requests] == ["REPORT", "REPORT", "PROPFIND", "PROPFIND"]
    await calendar.changes("t1")
    assert len(rogue.asked("REPORT")) == 3
    rogue.on("REPORT", CAL, multistatus(token="t1"))
    assert not (await calendar.changes("t1")).full
    rogue.on("REPORT", CAL, multistatus(member(ONE, '"2"'), state(TWO, 404), token="t3"))
    assert not (await calendar.changes("t1")).full


async def test_a_server_that_refuses_a_strange_token_is_asked_once(rogue: Rogue, calendar: DavCalendar) -> None:
    news = multistatus(member(ONE, '"1"'), token="t2")
    rogue.on("REPORT", CAL, news, error(403, "d:valid-sync-token"), news)
    for _ in range(3):
        listing = await calendar.changes("t1")
        assert (listing.full, dict(listing.etags)) == (False, {ONE: '"1"'})
    assert len(rogue.requests) == 4


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_a_server_that_does_not_say_whether_it_knows_its_tokens_is_listed_in_full(
    rogue: Rogue, calendar: DavCalendar, status: int
) -> None:
    """CCS and Xandikos 0.4.9 stumble over a token of another form. It is asked again: it may have been an outage."""
    news = multistatus(member(ONE, '"1"'), token="t2")
    rogue.on("REPORT", CAL, news, Reply(status), news, Reply(status), news, Reply(403), news)
    rogue.on("PROPFIND", CAL, LISTING)
    for full in (True, True, False, False):
        assert (await calendar.changes("t1")).full is full
    assert len(rogue.asked("REPORT")) == 7


@pytest.mark.parametrize(("status", "expected"), [(401, NotPermitted), (429, RateLimited)])
async def test_nor_does_one_that_refuses_the_login_or_asks_to_wait(
    rogue: Rogue, calendar: DavCalendar, status: int, expected: type[SyncdError]
) -> None:
    rogue.on("REPORT", CAL, multistatus(member(ONE, '"1"'), token="t2"), Reply(status))
    rogue.on("PROPFIND", CAL, LISTING)
    with pytest.raises(expected):
        await calendar.changes("t1")


@pytest.mark.parametrize("form", ["http://sabre.io/ns/sync/{}", "data:,{}", "data:,1795610053-{}"])
async def test_a_token_that_goes_back_is_an_expired_cursor(rogue: Rogue, calendar: DavCalendar, form: str) -> None:
    """SabreDAV 4.7 answers a token of the future, which only a restored server sees, with an empty 207."""
    rogue.on("REPORT", CAL, multistatus(token=form.format(9)))
    with pytest.raises(CursorExpired):
        await calendar.changes(form.format(10))
    assert (await calendar.changes(form.format(9))).cursor == form.format(9)
    rogue.on("REPORT", CAL, multistatus(token=form.format(11)))
    assert (await calendar.changes(form.format(10))).cursor == form.format(11)


async def test_pages_are_followed_to_the_end_and_the_last_word_counts(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on(
        "REPORT",
        CAL,
        multistatus(member(ONE, '"1"'), state(TWO, 404), state(CAL, 507), token="t2"),
        multistatus(state(ONE, 404), member(TWO, '"5"'), member(CAL + "b_3.ics"), state(CAL, 507), token="t3"),
        multistatus(state(CAL + "b_4.ics", 410), token="t4"),
    )
    listing = await calendar.changes("t1")
    assert dict(listing.etags) == {TWO: '"5"', CAL + "b_3.ics": '"1"'}
    assert listing.removed == {ONE, CAL + "b_4.ics"}
    assert (listing.full, listing.cursor) == (False, "t4")
    tokens = [request.body.split("sync-token>")[1].removesuffix("</d:") for request in rogue.requests]
    assert tokens == ["t1", "t2", "t3"]


async def test_pages_without_end_are_given_up(rogue: Rogue, calendar: DavCalendar) -> None:
    page = [multistatus(member(ONE), state(CAL, 507), token=f"t{n}") for n in range(200)]
    rogue.on("REPORT", CAL, *page)
    with pytest.raises(CursorExpired):
        await calendar.changes("start")


async def test_a_multiget_that_omits_or_names_the_missing_leaves_them_out(rogue: Rogue, calendar: DavCalendar) -> None:
    unasked = member(CAL + "b_9.ics", '"9"', ours("b_9"))
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    rogue.on("REPORT", CAL, multistatus(member(ONE, '"1"', ours()), state(TWO, 404), unasked))
    (stored,) = await calendar.fetch([ONE, TWO, CAL + "b_3.ics"])
    assert (stored.href, stored.etag) == (ONE, '"1"')
    assert not rogue.asked("GET")


@pytest.mark.parametrize("status", [404, 403, 400, 501, 507])
async def test_a_multiget_that_is_refused_is_replaced_by_gets(rogue: Rogue, calendar: DavCalendar, status: int) -> None:
    rogue.on("REPORT", CAL, Reply(status))
    rogue.on("GET", ONE, Reply(200, ours(), {"ETag": '"1"', "Content-Type": "text/calendar"}))
    (stored,) = await calendar.fetch([ONE, TWO])
    assert stored.event is not None
    assert (stored.href, stored.etag, stored.event.booking_id) == (ONE, '"1"', "b_1")


async def test_a_multiget_that_holds_something_back_is_completed_by_gets(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("REPORT", CAL, multistatus(member(ONE, '"1"'), state(CAL, 507)))
    for href, booking in ((ONE, "b_1"), (TWO, "b_2")):
        rogue.on("GET", href, Reply(200, ours(booking), {"Content-Type": "text/calendar"}))
    assert {one.href for one in await calendar.fetch([ONE, TWO])} == {ONE, TWO}


AT, MAIL = CAL + "a%40b!.ics", CAL + "a@b!.ics"
ICS = {"Content-Type": "text/calendar", "ETag": '"1"'}


def asked(rogue: Rogue) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in rogue.requests]


async def test_an_object_is_asked_for_as_the_server_spells_it(rogue: Rogue, calendar: DavCalendar) -> None:
    """Stalwart: "@" and "%40" are two names, and an object has the second one alone."""
    rogue.on("PROPFIND", CAL, multistatus(collection(token="t1"), member(AT)))
    (href,) = (await calendar.changes(None)).etags
    assert href == MAIL
    rogue.requests.clear()
    rogue.on("REPORT", CAL, multistatus(member(AT, '"1"', ours())))
    rogue.on("GET", AT, Reply(200, ours(), ICS))
    rogue.on("PUT", AT, Reply(204, "", {"ETag": '"2"'}))
    rogue.on("DELETE", AT, Reply(204))
    (stored,) = await calendar.fetch([href])
    assert f"<d:href>{AT}</d:href>" in rogue.requests[0].body
    assert rogue.requests[0].body.count("<d:href>") == 1
    assert (await calendar.get(href)) == stored
    assert (await calendar.replace(href, draft(), ours(), '"1"')).href == href
    await calendar.remove(href, '"2"')
    assert asked(rogue) == [("REPORT", CAL), ("GET", AT), ("PUT", AT), ("DELETE", AT)]


async def test_in_both_spellings_where_it_has_listed_nothing_yet(rogue: Rogue, calendar: DavCalendar) -> None:
    fully = CAL + "a%40b%21.ics"
    rogue.on("REPORT", CAL, multistatus(state(MAIL, 404), member(fully, '"1"', ours())))
    (stored,) = await calendar.fetch([MAIL])
    assert stored.href == MAIL
    assert all(f"<d:href>{each}</d:href>" in rogue.requests[0].body for each in (MAIL, fully))
    # and that it is not known under the one is no way to spell it
    rogue.requests.clear()
    rogue.on("DELETE", fully, Reply(204))
    await calendar.remove(MAIL, '"1"')
    assert asked(rogue) == [("DELETE", fully)]


@pytest.mark.parametrize("call", ["get", "remove"])
async def test_one_that_is_not_found_in_one_spelling_is_looked_for_in_the_other(
    rogue: Rogue, calendar: DavCalendar, call: str
) -> None:
    fully, method = CAL + "a%40b%21.ics", {"get": "GET", "remove": "DELETE"}[call]
    rogue.on("GET", fully, Reply(200, ours(), ICS))
    rogue.on("DELETE", fully, Reply(204))
    for _ in range(2):
        await (calendar.get(MAIL) if call == "get" else calendar.remove(MAIL, '"1"'))
    assert asked(rogue) == [(method, MAIL), (method, fully), (method, fully)]
    # and what has but one spelling is asked for once
    rogue.requests.clear()
    await calendar.remove(ONE, '"1"')
    assert asked(rogue) == [("DELETE", ONE)]


@pytest.mark.parametrize("status", [200, 403, 500, 502, 503])
async def test_an_outage_says_nothing_about_names(rogue: Rogue, calendar: DavCalendar, status: int) -> None:
    """Nor does a login page (200)."""
    fully = CAL + "a%40b%21.ics"
    page = Reply(status, "<html>", {"Content-Type": "text/html"})
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    rogue.on("REPORT", CAL, multistatus(state(MAIL, 404)))
    rogue.on("GET", MAIL, page, Reply(404))
    rogue.on("GET", fully, Reply(200, ours(), ICS))
    with pytest.raises(SyncdError):
        await calendar.get(MAIL)
    assert await calendar.get(MAIL) is not None
    assert asked(rogue)[-2:] == [("GET", MAIL), ("GET", fully)]


async def test_a_condition_that_is_not_met_is_tried_in_the_other_spelling(rogue: Rogue, calendar: DavCalendar) -> None:
    """If-Match on what is not there is a 412 (RFC 9110 §13.1.1), and no 404."""
    fully = CAL + "a%40b%21.ics"
    rogue.on("PUT", MAIL, Reply(412))
    # there under no name, and then under the other one
    with pytest.raises(PreconditionFailed):
        await calendar.replace(MAIL, draft(), ours(), '"1"')
    rogue.on("PUT", fully, Reply(204, "", {"ETag": '"2"'}))
    for _ in range(2):
        await calendar.replace(MAIL, draft(), ours(), '"1"')
    assert asked(rogue) == 2 * [("PUT", MAIL), ("PUT", fully)] + [("PUT", fully)]
    # that something stands there is another condition
    rogue.on("PUT", CAL + "c@d.ics", Reply(412))
    with pytest.raises(PreconditionFailed):
        await calendar.create("c@d.ics", draft(), "")
    assert len(rogue.requests) == 6


async def test_a_calendar_that_is_found_by_its_name_is_asked_as_the_server_spells_it(rogue: Rogue) -> None:
    home, inside = "/dav/u%40h/", "/dav/u%40h/c%40l/"
    rogue.on("PROPFIND", "/", multistatus(resource("/", HOME.format(home))))
    named = collection(inside, "", "<d:displayname>Bookings</d:displayname>")
    rogue.on("PROPFIND", home, multistatus(resource(home), named))
    rogue.on("PROPFIND", inside, multistatus(collection(inside), member(inside + "b_1.ics")))
    account = Account(rogue.url + "/", "u", "p", now=lambda: NOW)
    calendar = await account.find_by_name("Bookings")
    assert calendar.url == rogue.url + "/dav/u@h/c@l/"
    assert set((await calendar.changes(None)).etags) == {"/dav/u@h/c@l/b_1.ics"}
    await account.aclose()


async def test_a_calendar_is_asked_as_the_config_spells_it_and_then_as_the_server_does(rogue: Rogue) -> None:
    account = Account(rogue.url + "/u%40h/", "u", "p", now=lambda: NOW)
    calendar = await account.calendar(rogue.url + "/u%40h/c%3Al")
    assert calendar.url == rogue.url + "/u@h/c:l/"
    for path in ("/u%40h/c%3Al/", "/u%40h/c:l/"):
        rogue.on("PROPFIND", path, multistatus(collection("/u%40h/c:l/"), member("/u%40h/c:l/b_1.ics")))
    assert set((await calendar.changes(None)).etags) == {"/u@h/c:l/b_1.ics"}
    await calendar.remove("/u@h/c:l/b_1.ics", '"1"')
    assert [path for _, path in asked(rogue)] == ["/u%40h/c%3Al/", "/u%40h/c:l/", "/u%40h/c:l/b_1.ics"]
    await account.aclose()


async def test_an_empty_multiget_is_no_word_about_a_calendar_that_is_not_there(
    rogue: Rogue, calendar: DavCalendar
) -> None:
    """DAViCal answers so for a calendar that was renamed: every event in it would look deleted."""
    rogue.on("REPORT", CAL, multistatus())
    with pytest.raises(CollectionGone):
        await calendar.fetch([ONE])
    with pytest.raises(CollectionGone):
        await calendar.get(ONE)
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    assert await calendar.fetch([ONE]) == []
    assert await calendar.get(ONE) is None


async def test_when_nothing_is_found_the_calendar_itself_is_asked_for(rogue: Rogue, calendar: DavCalendar) -> None:
    with pytest.raises(CollectionGone):
        await calendar.fetch([ONE, TWO])
    with pytest.raises(CollectionGone):
        await calendar.get(ONE)
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    assert await calendar.fetch([ONE, TWO]) == []
    assert await calendar.get(ONE) is None


async def test_a_get_of_404_is_believed_only_when_a_report_agrees(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("REPORT", CAL, multistatus(member(ONE, '"1"', ours())))
    stored = await calendar.get(ONE)
    assert stored is not None
    assert stored.event is not None
    rogue.on("REPORT", CAL, Reply(500))
    with pytest.raises(Unavailable):
        await calendar.get(ONE)


@pytest.mark.parametrize(
    "said",
    [
        state(ONE, 403),
        state(ONE, 500),
        state(ONE, 503),
        state(CAL, 507),
        member(ONE),
        resource(ONE, "<c:calendar-data/>", status=403),
        resource(ONE),
    ],
)
async def test_a_report_that_does_not_give_it_has_not_said_that_it_is_gone(
    rogue: Rogue, calendar: DavCalendar, said: str
) -> None:
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    rogue.on("REPORT", CAL, multistatus(said))
    with pytest.raises(Unavailable):
        await calendar.get(ONE)
    with pytest.raises(Unavailable):
        await calendar.remove(ONE, 'W/"1"', ours())


async def test_a_report_that_finds_none_of_its_properties_agrees_that_it_is_gone(
    rogue: Rogue, calendar: DavCalendar
) -> None:
    bare = multistatus(resource(ONE, "<d:getetag/>", "<c:calendar-data/>", status=404))
    rogue.on("REPORT", CAL, bare)
    assert await calendar.get(ONE) is None
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    rogue.on("GET", ONE, Reply(200, ours(), {"Content-Type": "text/calendar"}))
    assert [one.href for one in await calendar.fetch([ONE])] == [ONE]


@pytest.fixture
def hanging(rogue: Rogue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rogue]:
    """A server without multiget, some of whose objects are never given."""
    monkeypatch.setattr(transport, "_STEP_TIMEOUT", 0.3)
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    rogue.on("REPORT", CAL, Reply(501))
    for path in (ONE, TWO):
        rogue.on("GET", path, Reply(200, ours(), {"ETag": '"1"', "Content-Type": "text/calendar"}))
    rogue.hold = asyncio.Event()
    yield rogue
    rogue.hold.set()


async def test_one_object_for_which_no_answer_comes_keeps_no_other_from_being_read(
    hanging: Rogue, calendar: DavCalendar
) -> None:
    hanging.held = frozenset({ONE})
    one, two = await calendar.fetch([ONE, TWO])
    assert (one.href, one.event, one.fault) == (ONE, None, "the calendar server lists it and does not give it")
    assert two.event is not None


@pytest.mark.parametrize("report", [Reply(501), Reply(207, "<cut off", {"Content-Type": XML})])
async def test_a_server_that_hangs_is_not_waited_for_object_by_object(
    hanging: Rogue, calendar: DavCalendar, report: Reply
) -> None:
    """Also where the batch was halved, and each object is asked for by itself."""
    hrefs = [f"{CAL}{n}.ics" for n in range(100)]
    hanging.on("REPORT", CAL, report)
    hanging.held = frozenset(hrefs)
    with pytest.raises(Unavailable, match="in time"):
        await calendar.fetch(hrefs)
    assert len(hanging.asked("GET")) == 2


TITLED = ours(title="Müller")
# the two octets of the ü on two lines (RFC 5545 §3.1)
FOLDED = TITLED.encode().replace("ü".encode(), b"\xc3\r\n \xbc")


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"&#13;\n", b"&#xD;\n"])
async def test_an_event_folded_inside_of_a_character_is_read(rogue: Rogue, calendar: DavCalendar, end: bytes) -> None:
    listed = str(multistatus(member(ONE, '"1"', ours(title="@@"))).body).encode()
    rogue.on("REPORT", CAL, Reply(207, listed.replace(b"@@", b"M\xc3" + end + b" \xbcller"), {"Content-Type": XML}))
    rogue.on("GET", ONE, Reply(200, FOLDED, {"ETag": '"1"', "Content-Type": "text/calendar"}))
    (listed_one,) = await calendar.fetch([ONE])
    got = await calendar.get(ONE)
    for one in (listed_one, got):
        assert one is not None
        assert one.event is not None
        assert one.event.title == "Müller"


@pytest.mark.parametrize("octets", [TITLED.encode("latin-1"), TITLED.encode().replace("ü".encode(), b"\xff")])
async def test_an_event_with_octets_that_are_no_letters_is_parked(
    rogue: Rogue, calendar: DavCalendar, octets: bytes
) -> None:
    """Read with other letters in their place, it would be written back so, over what a person wrote."""
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    rogue.on("REPORT", CAL, Reply(501))
    rogue.on("GET", ONE, Reply(200, octets, {"ETag": '"1"', "Content-Type": "text/calendar"}))
    rogue.on("GET", TWO, Reply(200, ours("b_2"), {"ETag": '"1"', "Content-Type": "text/calendar"}))
    one, two = await calendar.fetch([ONE, TWO])
    assert (one.event, one.data, one.fault) == (None, "", "the object is not in UTF-8")
    assert two.event is not None
    with pytest.raises(Unavailable):
        await calendar.get(ONE)


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
async def test_xml_is_read_in_the_encoding_that_it_declares(rogue: Rogue, calendar: DavCalendar, encoding: str) -> None:
    """The ¼ is where a fold inside of a character would end, were it UTF-8."""

    def answer(*responses: str) -> Reply:
        text = str(multistatus(*responses).body)
        declared = text.replace('"1.0"?', f'"1.0" encoding="{encoding.removesuffix("-sig")}"?')
        return Reply(207, declared.encode(encoding), {"Content-Type": XML})

    rogue.on("PROPFIND", CAL, answer(collection(CAL, "t1", "<d:displayname>ü\n ¼</d:displayname>"), member(ONE)))
    assert (await calendar.changes(None)).etags == {ONE: '"1"'}
    rogue.on("REPORT", CAL, answer(member(ONE, '"1"', TITLED)))
    (one,) = await calendar.fetch([ONE])
    assert one.event is not None
    assert one.event.title == "Müller"


async def test_what_is_not_there_is_not_there_in_whatever_letters_that_is_told(
    rogue: Rogue, calendar: DavCalendar
) -> None:
    rogue.on("GET", ONE, Reply(404, "<html>Nicht für Sie</html>".encode("latin-1"), {"Content-Type": "text/html"}))
    rogue.on("REPORT", CAL, multistatus(state(ONE, 404)))
    assert await calendar.get(ONE) is None


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(200, "<html>Sign in</html>", {"Content-Type": "text/html"}), Unavailable),
        (Reply(200, ours(), {"Content-Type": "text/calendar"}, sent=100), Unavailable),
        (Reply(500), Unavailable),
        (Reply(403), NotPermitted),
    ],
)
async def test_a_get_that_fails_is_no_absence(
    rogue: Rogue, calendar: DavCalendar, reply: Reply, expected: type[SyncdError]
) -> None:
    rogue.on("GET", ONE, reply)
    with pytest.raises(expected):
        await calendar.get(ONE)


@pytest.mark.parametrize(
    ("data", "faulty", "kept"),
    [
        (foreign(), False, False),
        (foreign().replace("UID:dentist-1\r\n", ""), True, False),
        ("not a calendar", True, False),
        (ours(), False, True),
        (ours().replace("BEGIN:VEVENT", "BEGIN:VEV").replace("END:VEVENT", "END:VEV"), True, True),
        ("BEGIN:VCALENDAR\r\nUID:b_1@zimun", True, True),
    ],
)
async def test_whose_an_object_is_and_whether_it_can_be_read(
    rogue: Rogue, calendar: DavCalendar, data: str, faulty: bool, kept: bool
) -> None:
    rogue.on("GET", ONE, Reply(200, data, {"Content-Type": "text/calendar"}))
    stored = await calendar.get(ONE)
    assert stored is not None
    assert (bool(stored.fault), bool(stored.data), stored.event is not None) == (faulty, kept, kept and not faulty)
    assert "Ada" not in stored.fault


async def test_redirects_stay_within_the_origin(rogue: Rogue, calendar: DavCalendar) -> None:
    async with Rogue() as other:
        rogue.on("PROPFIND", CAL, Reply(302, "", {"Location": other.url + CAL}))
        with pytest.raises(Unavailable, match=r"redirects to another address \(127\.0\.0\.1\)"):
            await calendar.changes(None)
        assert not other.requests
    rogue.on("PROPFIND", CAL, Reply(301, "", {"Location": "https://" + rogue.url.removeprefix("http://") + CAL}))
    with pytest.raises(Unavailable, match="another address"):
        await calendar.changes(None)
    for nowhere in ("//[", "http://[::1/", "http://127.0.0.1:99999/"):
        rogue.on("PROPFIND", CAL, Reply(301, "", {"Location": nowhere}))
        with pytest.raises(Unavailable, match="another address"):
            await calendar.changes(None)
    rogue.on("PROPFIND", CAL, Reply(301, "", {"Location": "/loop/"}))
    rogue.on("PROPFIND", "/loop/", Reply(301, "", {"Location": "/loop/"}))
    with pytest.raises(Unavailable, match="more than once"):
        await calendar.changes(None)


async def test_a_redirect_within_the_origin_keeps_method_and_body(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("GET", ONE, Reply(302, "", {"Location": "/moved/b_1.ics"}))
    rogue.on("GET", "/moved/b_1.ics", Reply(200, ours(), {"ETag": '"1"', "Content-Type": "text/calendar"}))
    stored = await calendar.get(ONE)
    assert stored is not None
    assert (stored.href, stored.etag) == (ONE, '"1"')


async def test_a_read_whose_connection_is_lost_is_asked_once_more(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("GET", ONE, Reply(sent=-1), Reply(200, ours(), {"ETag": '"1"', "Content-Type": "text/calendar"}))
    assert await calendar.get(ONE) is not None
    assert len(rogue.asked("GET")) == 2


async def test_no_answer_leaves_its_body_in_the_log(
    rogue: Rogue, calendar: DavCalendar, caplog: pytest.LogCaptureFixture
) -> None:
    rogue.on("PROPFIND", CAL, Reply(207, LISTING.body + "Ada Lovelace", {"Content-Type": XML}))
    rogue.on("GET", ONE, Reply(200, ours(), {"Content-Type": "text/calendar"}))
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(Unavailable):
            await calendar.changes(None)
        await calendar.get(ONE)
    assert "Ada" not in caplog.text
    assert "s3cret" not in caplog.text


async def test_answers_are_asked_for_uncompressed(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("PROPFIND", CAL, LISTING)
    await calendar.changes(None)
    assert {request.headers["accept-encoding"] for request in rogue.requests} == {"identity"}
