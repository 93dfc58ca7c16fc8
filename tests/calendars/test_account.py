"""One account: which calendars it has, and whether a booking's event stands in any of them."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import pytest

from syncd.calendars.account import Account
from syncd.domain.errors import ConfigError, NotPermitted, RateLimited, SyncdError, Unavailable
from syncd.domain.ids import BookingId
from syncd.ports import CalendarPort
from tests.calendars.rogue import (
    CAL,
    HOME,
    PRINCIPAL,
    TASKS,
    Reply,
    Rogue,
    collection,
    member,
    multistatus,
    resource,
    state,
    with_tasks,
)
from tests.calendars.samples import NOW, Elapsed, foreign, ours
from tests.servers import Server, make_calendar, send

B1 = BookingId("b_1")


class Facts:
    """What a store remembers."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def fact(self, name: str) -> str | None:
        return self.kept.get(name)

    def set_fact(self, name: str, value: str) -> None:
        self.kept[name] = value


# On real servers


async def test_discovery_finds_all_calendars_with_name_kind_and_rights(server: Server, account: Account) -> None:
    made = make_calendar(server, "tasks-only", 'Tasks & "more"', ("VTODO",))
    known = {info.url: info for info in await account.calendars()}
    assert server.calendar_url in known
    assert (known[made].name, known[made].components, known[made].takes_events) == ('Tasks & "more"', ("VTODO",), False)
    assert known[made].writable is True
    assert known[server.calendar_url].takes_events


@pytest.mark.parametrize("start", ["calendar_url", "home_url"])
async def test_discovery_starts_anywhere_on_the_server(server: Server, start: str) -> None:
    account = Account(getattr(server, start), server.username, server.password, now=lambda: NOW)
    assert server.calendar_url in {info.url for info in await account.calendars()}
    await account.aclose()


async def test_a_calendar_is_found_by_its_name(server: Server, account: Account) -> None:
    made = make_calendar(server, f"by-name-{server.name}", "Front desk")
    assert (await account.find_by_name("Front desk")).url == made
    with pytest.raises(ConfigError, match=r'no calendar has the name "Backdesk"; there are: .*"Front desk"'):
        await account.find_by_name("Backdesk")


async def test_an_event_is_found_in_a_calendar_that_nobody_manages(server: Server, account: Account) -> None:
    elsewhere = make_calendar(server, f"private-{server.name}", "Private")
    booking = BookingId("find-me")
    headers = {"Content-Type": "text/calendar; charset=utf-8"}
    assert await account.find("find-me@zimun", booking) == []
    send(server, "PUT", urljoin(elsewhere, "kept.ics"), ours("find-me"), headers)
    send(server, "PUT", urljoin(elsewhere, "longer.ics"), ours("not-find-me"), headers)
    send(server, "PUT", urljoin(elsewhere, "dentist.ics"), foreign("find-me-too", "find-me@zimun"), headers)
    for uid, wanted in (("find-me@zimun", BookingId("zzz")), ("zzz@zimun", booking), ("find-me@zimun", booking)):
        ((url, stored),) = await account.find(uid, wanted)
        assert url == elsewhere
        assert stored.href.endswith("/kept.ics")
        assert stored.event is not None
        assert stored.event.booking_id == "find-me"


async def test_an_event_under_a_new_uid_is_found_by_its_booking(server: Server, account: Account) -> None:
    elsewhere = make_calendar(server, f"renamed-{server.name}", "Renamed")
    data = ours("b/ü 7").replace("UID:", "UID:by-some-app-")
    send(server, "PUT", urljoin(elsewhere, "new.ics"), data, {"Content-Type": "text/calendar; charset=utf-8"})
    ((url, stored),) = await account.find("nobody@zimun", BookingId("b/ü 7"))
    assert url == elsewhere
    assert stored.event is not None
    assert stored.event.booking_id == "b/ü 7"


async def test_a_wrong_password_is_told_as_such(server: Server) -> None:
    if server.name == "xandikos":
        pytest.skip("Xandikos has no login without TLS")
    account = Account(server.url, server.username, "wrong-s3cret", now=lambda: NOW)
    for call in (account.calendars(), account.find("b_1@zimun", B1)):
        with pytest.raises(NotPermitted) as caught:
            await call
        assert caught.value.credentials
        assert "s3cret" not in repr(caught.value)
    await account.aclose()


# On a server that does not do what it should


async def test_what_was_discovered_is_known_for_ten_minutes(rogue: Rogue, wild: Account, elapsed: Elapsed) -> None:
    (info,) = await wild.calendars()
    assert (info.url, info.writable, info.components) == (rogue.url + CAL, None, ())
    count = len(rogue.requests)
    elapsed.seconds = 599
    await wild.calendars()
    assert len(rogue.requests) == count
    elapsed.seconds = 600
    await wild.calendars()
    assert len(rogue.requests) == 2 * count


async def test_without_rights_to_write_a_calendar_is_not_writable(rogue: Rogue, wild: Account) -> None:
    rights = "<d:current-user-privilege-set><d:privilege><d:{}/></d:privilege></d:current-user-privilege-set>"
    for right, writable in (("read", False), ("write-content", True), ("all", True)):
        rogue.on("PROPFIND", "/home/", multistatus(resource("/home/"), collection(CAL, "", rights.format(right))))
        fresh = Account(rogue.url + "/", "u", "p", now=lambda: NOW)
        (info,) = await fresh.calendars()
        assert info.writable is writable
        await fresh.aclose()


async def test_discovery_goes_by_the_well_known_address_where_the_given_one_has_none(rogue: Rogue) -> None:
    rogue.on("PROPFIND", "/.well-known/caldav", Reply(301, "", {"Location": "/dav/"}))
    rogue.on("PROPFIND", "/dav/", multistatus(resource("/dav/", PRINCIPAL)))
    rogue.on("PROPFIND", "/p/", multistatus(resource("/p/", HOME.format(rogue.url + "/home/"))))
    rogue.on("PROPFIND", "/home/", multistatus(resource("/home/"), collection()))
    account = Account(rogue.url + "/some/app", "u", "p", now=lambda: NOW)
    assert [info.url for info in await account.calendars()] == [rogue.url + CAL]
    await account.aclose()


async def test_without_discovery_the_given_calendars_are_searched(rogue: Rogue) -> None:
    account = Account(rogue.url + "/", "u", "p", now=lambda: NOW)
    calendar = await account.calendar(rogue.url + "/given")
    rogue.on("REPORT", "/given/", multistatus(member("/given/b_1.ics", '"1"', ours())))
    assert await account.calendars() == []
    ((url, stored),) = await account.find("b_1@zimun", B1)
    assert (url, stored.href) == (calendar.url, "/given/b_1.ics")
    with pytest.raises(ConfigError, match="give a url"):
        await account.find_by_name("Bookings")
    await account.aclose()


async def test_a_managed_calendar_that_discovery_does_not_show_is_searched_too(rogue: Rogue, wild: Account) -> None:
    await wild.calendar(rogue.url + "/shared/")
    rogue.on("REPORT", "/shared/", multistatus(member("/shared/b_1.ics", '"1"', ours())))
    assert [url for url, _ in await wild.find("b_1@zimun", B1)] == [rogue.url + "/shared/"]


async def test_an_event_is_found_in_a_calendar_that_was_made_a_moment_ago(rogue: Rogue, wild: Account) -> None:
    assert await wild.find("b_1@zimun", B1) == []
    rogue.on("PROPFIND", "/home/", multistatus(resource("/home/"), collection(), collection("/new/")))
    rogue.on("REPORT", "/new/", multistatus(member("/new/b_1.ics", '"1"', ours())))
    assert [url for url, _ in await wild.find("b_1@zimun", B1)] == [rogue.url + "/new/"]
    assert len(await wild.calendars()) == 2


FAILURES: dict[str, tuple[Reply, type[SyncdError]]] = {
    "gone": (Reply(404), Unavailable),
    "closed to us": (Reply(403), Unavailable),
    "REPORT not known": (Reply(501), Unavailable),
    "down": (Reply(500), Unavailable),
    "cut short": (multistatus(state(CAL, 507)), Unavailable),
    "found, not given": (multistatus(member(CAL + "b_1.ics")), Unavailable),
    "a web page": (Reply(200, "<html/>", {"Content-Type": "text/html"}), Unavailable),
    "login refused": (Reply(401), NotPermitted),
    "asks to wait": (Reply(429), RateLimited),
}


@pytest.mark.parametrize("what", FAILURES)
async def test_where_one_calendar_cannot_be_searched_nothing_is_known(rogue: Rogue, wild: Account, what: str) -> None:
    await wild.calendar(rogue.url + "/first/")
    rogue.on("REPORT", "/first/", multistatus(member("/first/b_1.ics", '"1"', ours())))
    reply, expected = FAILURES[what]
    rogue.on("REPORT", CAL, reply)
    with pytest.raises(expected):
        await wild.find("b_1@zimun", B1)


async def test_a_calendar_that_holds_no_bookings_is_searched_while_it_is_there(rogue: Rogue, wild: Account) -> None:
    """A person may put a booking's event there; and one that is not there hides none."""
    await wild.beside(rogue.url + "/open/")
    rogue.on("REPORT", "/open/", multistatus(member("/open/b_1.ics", '"1"', ours())))
    assert [url for url, _ in await wild.find("b_1@zimun", B1)] == [rogue.url + "/open/"]
    rogue.on("REPORT", "/open/", Reply(404))
    assert await wild.find("b_1@zimun", B1) == []
    rogue.on("REPORT", "/open/", Reply(500))
    with pytest.raises(Unavailable):
        await wild.find("b_1@zimun", B1)


@pytest.mark.parametrize("path", ["/", "/p/", "/home/"])
@pytest.mark.parametrize(
    "reply",
    [
        Reply(500),
        Reply(207, "<d:multi", {"Content-Type": "application/xml"}),
        Reply(sent=-1),
        multistatus(state("/", 500)),
    ],
    ids=["500", "cut off", "lost", "500 inside"],
)
async def test_discovery_that_fails_is_no_discovery_that_is_missing(
    rogue: Rogue, wild: Account, path: str, reply: Reply
) -> None:
    rogue.on("PROPFIND", path, reply)
    with pytest.raises(Unavailable):
        await wild.find("b_1@zimun", B1)


async def test_that_there_is_no_discovery_is_not_remembered(rogue: Rogue, wild: Account) -> None:
    """It may have been a captive portal that said so."""
    page = Reply(200, "<html/>", {"Content-Type": "text/html"})
    discovered = multistatus(resource("/", PRINCIPAL))
    rogue.on("PROPFIND", "/", page, discovered)
    assert await wild.calendars() == []
    assert len(await wild.calendars()) == 1


PAGE = Reply(200, "<html>Welcome</html>", {"Content-Type": "text/html"})
CLOSED = {
    "404": Reply(404),
    "403": Reply(403),
    "405": Reply(405),
    "a web page": PAGE,
    "no homes": multistatus(resource("/p/")),
}


@pytest.mark.parametrize("what", CLOSED)
async def test_a_principal_that_does_not_tell_the_calendars_is_no_missing_discovery(
    rogue: Rogue, wild: Account, what: str
) -> None:
    """A search of the managed calendars alone would miss what a person carried into another one."""
    rogue.on("PROPFIND", "/p/", CLOSED[what])
    with pytest.raises(Unavailable, match="where the calendars are"):
        await wild.find("b_1@zimun", B1)


@pytest.mark.parametrize("by", ["a search", "learning"])
async def test_discovery_that_worked_once_is_not_missing_in_a_later_process_either(
    rogue: Rogue, wild: Account, by: str
) -> None:
    facts = Facts()
    first, later = (Account(rogue.url + "/", "u", "s3cret", now=lambda: NOW, facts=facts) for _ in range(2))
    await (first.find("b_1@zimun", B1) if by == "a search" else first.learn())
    assert list(facts.kept) == [f"discovery {rogue.url}"]
    rogue.on("PROPFIND", "/", PAGE)
    with pytest.raises(Unavailable, match="any more which calendars"):
        await later.find("b_1@zimun", B1)
    await first.aclose()
    await later.aclose()


async def test_whether_there_is_discovery_is_asked_until_there_is_an_answer(rogue: Rogue, wild: Account) -> None:
    rogue.on("PROPFIND", "/", Reply(503), Reply(404))
    counts = []
    for _ in range(3):
        await wild.learn()
        counts.append(len(rogue.requests))
    assert counts[0] < counts[1] == counts[2]


PARTS = {
    "a calendar that fails": state("/home/b/", 403),
    "a calendar whose type fails": resource("/home/b/", "<d:resourcetype/>", status=500),
    "a calendar on another host": collection("https://p34.example.org/1/calendars/"),
    "more than it tells": state("/home/", 507),
}


@pytest.mark.parametrize("what", PARTS)
async def test_a_part_of_the_calendars_is_never_taken_for_all(rogue: Rogue, wild: Account, what: str) -> None:
    rogue.on("PROPFIND", "/home/", multistatus(resource("/home/"), collection(), PARTS[what]))
    with pytest.raises(Unavailable):
        await wild.calendars()


async def test_a_home_on_another_host_is_not_visited(rogue: Rogue, wild: Account) -> None:
    rogue.on("PROPFIND", "/p/", multistatus(resource("/p/", HOME.format("https://p34.example.org/1/calendars/"))))
    with pytest.raises(Unavailable, match=r"another address than caldav\.url"):
        await wild.calendars()


async def test_a_server_that_ignores_the_filter_is_filtered_here(rogue: Rogue, wild: Account) -> None:
    everything = [
        member(CAL + "b_1.ics", '"1"', ours()),
        member(CAL + "b_12.ics", '"1"', ours("b_12")),
        member(CAL + "dentist.ics", '"1"', foreign()),
        state(CAL + "gone.ics", 404),
    ]
    rogue.on("REPORT", CAL, multistatus(*everything))
    ((_, stored),) = await wild.find("b_1@zimun", B1)
    assert stored.href == CAL + "b_1.ics"


@pytest.mark.parametrize("status", [400, 403, 404, 501])
async def test_a_calendar_for_tasks_that_refuses_a_search_has_no_events(
    rogue: Rogue, wild: Account, status: int
) -> None:
    with_tasks(rogue)
    rogue.on("REPORT", TASKS, Reply(status))
    rogue.on("REPORT", CAL, multistatus(member(CAL + "b_1.ics", '"1"', ours())))
    ((url, _),) = await wild.find("b_1@zimun", B1)
    assert url == rogue.url + CAL


async def test_a_calendar_for_tasks_that_cannot_be_searched_now_may_have_it(rogue: Rogue, wild: Account) -> None:
    with_tasks(rogue)
    rogue.on("REPORT", TASKS, Reply(503))
    with pytest.raises(Unavailable):
        await wild.find("b_1@zimun", B1)


async def test_an_unreadable_event_of_the_booking_counts_as_found(rogue: Rogue, wild: Account) -> None:
    broken = ours().replace("END:VEVENT\r\n", "")
    rogue.on("REPORT", CAL, multistatus(member(CAL + "b_1.ics", '"1"', broken)))
    for uid, booking in (("b_1@zimun", BookingId("zzz")), ("zzz@zimun", B1)):
        ((_, stored),) = await wild.find(uid, booking)
        assert stored.fault
    assert await wild.find("b_2@zimun", BookingId("b_2")) == []


async def test_two_calendars_of_one_name_are_told_apart_by_address(rogue: Rogue, wild: Account) -> None:
    named = "<d:displayname>Bookings</d:displayname>"
    rogue.on(
        "PROPFIND",
        "/home/",
        multistatus(resource("/home/"), collection("/a/", "", named), collection("/b/", "", named)),
    )
    with pytest.raises(ConfigError, match="more than one calendar") as caught:
        await wild.find_by_name("Bookings")
    assert all(rogue.url + path in caught.value.problems[0] for path in ("/a/", "/b/"))


# The config


@pytest.mark.parametrize(
    ("url", "ca_file", "problem"),
    [
        ("ftp://dav.example.org/", "", "caldav.url: not an http"),
        ("dav.example.org", "", "caldav.url: not an http"),
        ("https://dav.example.org:port/", "", "caldav.url: not an http"),
        ("https://u:s3cret@dav.example.org/", "", "caldav.url: put the credentials"),
        ("https://dav.example.org/", "/nowhere/ca.pem", "caldav.ca_file: there is no such file"),
    ],
)
def test_a_config_that_cannot_work_is_refused(url: str, ca_file: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Account(url, "u", "p", ca_file, now=lambda: NOW)
    assert caught.value.problems[0].startswith(problem)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://other.example/cal/", "http://dav.example.org/cal/", "nonsense", "https://dav.example.org/../x/"]
)
async def test_a_calendar_of_another_server_gets_no_credentials(url: str) -> None:
    account = Account("https://dav.example.org/", "u", "p", now=lambda: NOW)
    with pytest.raises(ConfigError, match=r"calendars\.url"):
        await account.calendar(url)


async def test_one_address_is_one_calendar_however_it_is_written() -> None:
    account = Account("https://DAV.example.org:443/", "u", "p", now=lambda: NOW)
    one = await account.calendar("https://dav.example.org/c%61l%40x")
    assert one is await account.calendar("https://dav.EXAMPLE.org:443/cal@x/")
    assert one.url == "https://dav.example.org/cal@x/"


def test_no_secret_is_in_what_an_account_shows_of_itself() -> None:
    account = Account("https://dav.example.org/", "frontdesk", "s3cret", now=lambda: NOW)
    assert "s3cret" not in repr(account) + str(account)


def test_the_http_library_is_not_loaded_before_the_first_request() -> None:
    """It takes 0.3 s, which `syncd status` need not pay."""
    code = "import sys, syncd.calendars.account; print({'caldav', 'niquests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# A refused login

REFUSED = Reply(401, "", {"WWW-Authenticate": 'Basic realm="x"'})
MINUTE, HOUR = 60.0, 3600.0


async def refused(rogue: Rogue, call: Callable[[], Awaitable[object]]) -> int:
    """The call is told that the login is refused; how many requests it sent."""
    before = len(rogue.requests)
    with pytest.raises(NotPermitted, match="refuses the user name or password") as caught:
        await call()
    assert caught.value.credentials
    return len(rogue.requests) - before


async def test_where_a_login_is_refused_it_is_used_ever_more_rarely(
    rogue: Rogue, wild: Account, elapsed: Elapsed
) -> None:
    calendar = await wild.calendar(rogue.url + CAL)
    rogue.on("PROPFIND", CAL, REFUSED)
    sent = []
    for _ in range(int(48 * HOUR / MINUTE)):
        if await refused(rogue, lambda: calendar.changes(None)):
            sent.append(elapsed.seconds / MINUTE)
        elapsed.seconds += MINUTE
    assert sent == [0, 15, 45, 105, 225, 465, 825, 1185, 1545, 1905, 2265, 2625]


async def test_a_login_that_is_taken_again_is_used_as_before(rogue: Rogue, wild: Account, elapsed: Elapsed) -> None:
    calendar = await wild.calendar(rogue.url + CAL)
    rogue.on("PROPFIND", CAL, REFUSED, REFUSED, multistatus(collection()))
    for sent, later in ((1, 15 * MINUTE), (1, 29 * MINUTE), (0, MINUTE)):
        assert await refused(rogue, lambda: calendar.changes(None)) == sent
        elapsed.seconds += later
    await calendar.changes(None)
    rogue.on("PROPFIND", CAL, REFUSED, multistatus(collection()))
    assert await refused(rogue, lambda: calendar.changes(None)) == 1
    elapsed.seconds += 15 * MINUTE
    await calendar.changes(None)


async def test_requests_that_are_refused_together_are_one_refusal(
    rogue: Rogue, wild: Account, elapsed: Elapsed
) -> None:
    calendar = await wild.calendar(rogue.url + CAL)
    rogue.on("PROPFIND", CAL, multistatus(collection(CAL)))
    await calendar.changes(None)
    rogue.on("PROPFIND", CAL, REFUSED)
    rogue.hold = asyncio.Event()
    already = len(rogue.requests)
    calls = [asyncio.ensure_future(calendar.changes(None)) for _ in range(3)]
    await rogue.seen(already + 3)
    rogue.hold.set()
    assert all(isinstance(each, NotPermitted) for each in await asyncio.gather(*calls, return_exceptions=True))
    elapsed.seconds += 15 * MINUTE
    assert await refused(rogue, lambda: calendar.changes(None)) == 1


async def test_a_calendar_that_says_so_alone_does_not_stop_the_others(rogue: Rogue, wild: Account) -> None:
    """Some servers answer 401 where the user may not, and the login is well. The same holds of writing."""
    closed, calendar = await wild.calendar(rogue.url + "/closed/"), await wild.calendar(rogue.url + CAL)
    rogue.on("PROPFIND", "/closed/", REFUSED)
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    rogue.on("DELETE", CAL + "b_1.ics", REFUSED)
    for sent in (1, 0):
        assert await refused(rogue, lambda: closed.changes(None)) == sent
        assert await refused(rogue, lambda: calendar.remove(CAL + "b_1.ics", '"1"')) == sent
        await calendar.changes(None)


async def several(rogue: Rogue, account: Account, count: int) -> list[CalendarPort]:
    """So many calendars of the account, each of which refuses the login."""
    for n in range(count):
        rogue.on("PROPFIND", f"/c{n}/", REFUSED)
    return [await account.calendar(f"{rogue.url}/c{n}/") for n in range(count)]


async def cycle(rogue: Rogue, calendars: list[CalendarPort]) -> list[str]:
    """Each of them read, one after the other; the folders that were asked."""
    before = len(rogue.requests)
    for calendar in calendars:
        with contextlib.suppress(NotPermitted):
            await calendar.changes(None)
    return list(dict.fromkeys(request.path.strip("/") for request in rogue.requests[before:]))


async def test_a_login_that_two_calendars_refuse_is_used_for_none_of_the_account(
    rogue: Rogue, wild: Account, elapsed: Elapsed
) -> None:
    """fail2ban locks out who is refused five times within ten minutes."""
    calendars = await several(rogue, wild, 8)
    assert await cycle(rogue, calendars) == ["c0", "c1"]
    assert await refused(rogue, wild.calendars) == 0
    asked = []
    for _ in range(int(24 * HOUR / MINUTE)):
        elapsed.seconds += MINUTE
        if now := await cycle(rogue, calendars):
            asked.append((elapsed.seconds / MINUTE, len(now)))
    assert asked == [(15, 1), (45, 1), (105, 1), (225, 1), (465, 1), (825, 1), (1185, 1)]


async def test_calendars_that_are_read_together_knock_one_at_a_time_until_the_login_is_taken(
    rogue: Rogue, wild: Account, elapsed: Elapsed
) -> None:
    calendars = await several(rogue, wild, 8)
    for sent in (2, 1, 1):
        before = len(rogue.requests)
        told = await asyncio.gather(*(each.changes(None) for each in calendars), return_exceptions=True)
        assert all(isinstance(each, NotPermitted) for each in told)
        assert len(rogue.requests) - before <= sent
        elapsed.seconds += HOUR


async def test_two_calendars_that_say_so_alone_do_not_stop_the_others_for_long(
    rogue: Rogue, wild: Account, elapsed: Elapsed
) -> None:
    """What has not been tried goes first when the wait is over, and shows that the login is well."""
    calendars = await several(rogue, wild, 4)
    for path in ("/c2/", "/c3/"):
        rogue.on("PROPFIND", path, multistatus(collection(path)))
    assert await cycle(rogue, calendars) == ["c0", "c1"]
    elapsed.seconds += 15 * MINUTE
    assert await cycle(rogue, calendars) == ["c2", "c3"]
    for _ in range(24 * 60):
        elapsed.seconds += MINUTE
        assert {"c2", "c3"} <= set(await cycle(rogue, calendars))


async def test_a_login_that_is_taken_in_between_is_not_in_doubt(rogue: Rogue, wild: Account) -> None:
    calendars = await several(rogue, wild, 4)
    rogue.on("PROPFIND", "/c1/", multistatus(collection("/c1/")))
    assert await cycle(rogue, calendars[:3]) == ["c0", "c1", "c2"]
    assert await cycle(rogue, calendars[1:2]) == ["c1"]


async def test_calendars_that_are_only_to_be_read_do_not_put_the_login_in_doubt(rogue: Rogue, wild: Account) -> None:
    """Some servers answer 401 to a write where the user may not."""
    calendars = await several(rogue, wild, 3)
    for n in range(3):
        rogue.on("DELETE", f"/c{n}/b_1.ics", REFUSED)
        rogue.on("PROPFIND", f"/c{n}/", multistatus(collection(f"/c{n}/")))
        assert await refused(rogue, lambda n=n: calendars[n].remove(f"/c{n}/b_1.ics", '"1"')) == 1
    assert await cycle(rogue, calendars) == ["c0", "c1", "c2"]
