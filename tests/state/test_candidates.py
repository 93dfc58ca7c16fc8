"""Events that may ask for bookings, as the store remembers them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from syncd.domain.actions import Confirm, Hold, Why
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.domain.note import NEVER, Note, NoteKind
from syncd.domain.request import Known, Reply
from syncd.state.codec import CANDIDATE
from syncd.state.journal import Outcome
from syncd.state.store import Store
from tests.state.values import (
    CALENDAR,
    NOW,
    booking,
    candidate,
    foreign,
    request,
    reschedule_by_hand,
    seen,
    values_of,
)

OTHER = "https://dav.example.org/desk/other/"


def kept(store: Store, *ones: Candidate) -> list[Candidate]:
    store.take_notice(CALENDAR, ones, [], 1, NOW)
    return store.candidates()


def asked(store: Store) -> tuple[Candidate, Hold]:
    (one,) = kept(store, candidate(stage=Stage.STANDING))
    return one, Hold(one.name, Why.REQUESTED, request(), candidate=one.id)


def test_it_keeps_its_number_as_it_changes() -> None:
    with Store.open(None) as store:
        first, second = kept(store, candidate(), candidate("other"))
        assert (first.name, second.name) == ("event-1", "event-2")
        store.keep_candidates([replace(first, stage=Stage.CLOSED, etag='"10"')], 1, NOW)
        again = store.candidates()[0]
        assert (again.id, again.stage, again.etag) == (1, Stage.CLOSED, '"10"')


def test_what_is_not_listed_any_more_is_remembered_for_a_while_and_never_under_another_number() -> None:
    with Store.open(None) as store:
        (one,) = kept(store, candidate())
        store.take_notice(CALENDAR, [], [one], 1, NOW)
        assert store.candidates() == [replace(one, gone=True)]
        assert store.awaiting() == []
        assert kept(store, candidate()) == [one]
        store.take_notice(CALENDAR, [], [one], 1, NOW)
        store.prune(NOW)
        assert len(store.candidates()) == 1
        store.prune(NOW + timedelta(seconds=1))
        assert store.candidates() == []
        assert [each.id for each in kept(store, candidate())] == [2]


def test_a_calendar_that_takes_no_requests_any_more_is_forgotten() -> None:
    with Store.open(None) as store:
        kept(store, candidate(), candidate("gone", Stage.STANDING))
        store.take_notice(CALENDAR, [], [store.candidates()[1]], 1, NOW)
        store.take_notice(OTHER, [], [], 1, NOW)
        store.watch_only([OTHER], NOW)
        assert (store.candidates(), store.is_watched(CALENDAR), store.is_watched(OTHER)) == ([], False, True)


def test_but_not_what_was_booked_for_it_or_may_be_booked_yet() -> None:
    with Store.open(None) as store:
        one, hold = asked(store)
        booked = candidate("booked", Stage.BOOKED, booking_id=BookingId("b7"))
        changed = candidate("changed", Stage.CLOSED, booking_id=BookingId("b8"))
        kept(store, booked, changed, candidate("standing", Stage.STANDING))
        store.begin_cycle(NOW)
        (intent,) = store.journal([hold], 1, NOW)
        store.watch_only([], NOW)
        assert [(each.href, each.gone) for each in store.candidates()] == [
            (one.href, False),
            (booked.href, True),
            (changed.href, True),
        ]
        # asked for, it is forgotten as soon as it is known that nothing came of that
        store.record(intent, Outcome.DROPPED, NOW)
        store.watch_only([], NOW + timedelta(days=1))
        assert [each.href for each in store.candidates()] == [booked.href, changed.href]
        store.prune(NOW + timedelta(seconds=1))
        assert store.candidates() == []


def test_nor_what_may_be_booked_though_nobody_can_say_which_booking_it_is() -> None:
    kinds = (NoteKind.REQUEST_UNSURE, NoteKind.REQUEST_UNNAMED, NoteKind.REQUEST_REFUSED)
    with Store.open(None) as store:
        for kind in kinds:
            kept(store, candidate(f"untold-{kind}", Stage.CLOSED, note=Note(kind, NOW, NEVER)))
            kept(store, candidate(f"told-{kind}", Stage.CLOSED, told=kind.value))
        store.watch_only([], NOW)
        left = [one.href for one in store.candidates() if one.gone]
        assert left == [candidate(f"{how}-{kind}").href for kind in kinds[:2] for how in ("untold", "told")]


def test_foreign_is_what_is_not_ours() -> None:
    with Store.open(None) as store:
        store.observe(CALENDAR, [seen(), foreign()], [], "c", NOW)
        assert store.foreign(CALENDAR) == {foreign().href: '"9"'}


@pytest.mark.parametrize(("verb", "stage"), [(Decision.APPROVED, "approved"), (Decision.REJECTED, "closed")])
def test_a_persons_word_counts_for_what_awaits_and_for_nothing_else(verb: Decision, stage: str) -> None:
    with Store.open(None) as store:
        kept(store, candidate(), candidate("standing", Stage.STANDING))
        assert store.decide_candidate(BookingId("event-1"), verb, 1, NOW)
        assert not store.decide_candidate(BookingId("event-1"), verb, 1, NOW)
        assert not store.decide_candidate(BookingId("event-2"), verb, 1, NOW)
        assert not store.decide_candidate(BookingId("event-9"), verb, 1, NOW)
        assert [one.stage for one in store.candidates()] == [stage, "standing"]
        rows = [(row.what, row.why) for row in store.history(BookingId("event-1"), 9)]
        assert rows == [("request.held_back", "requested"), (f"request.{verb.value}", verb.value)]
        # nothing was said in the event, so nothing is taken back
        assert store.candidates()[0].note is None


def test_a_rejected_one_whose_event_says_that_it_waits_is_told() -> None:
    with Store.open(None) as store:
        kept(store, candidate(told=NoteKind.REQUEST_AWAITS.value))
        store.decide_candidate(BookingId("event-1"), Decision.REJECTED, 1, NOW)
        note = store.candidates()[0].note
        assert note is not None
        assert note.kind is NoteKind.REQUEST_REJECTED


@pytest.mark.parametrize(
    ("outcome", "detail", "reply", "stage", "note"),
    [
        (Outcome.DONE, "", Reply(0, "booked", (BookingId("b7"),)), Stage.BOOKED, None),
        (Outcome.DONE, "Malformed", Reply(1, "unnamed"), Stage.CLOSED, NoteKind.REQUEST_UNNAMED),
        (Outcome.REFUSED, "", Reply(1, "no", reason="taken"), Stage.CLOSED, NoteKind.REQUEST_REFUSED),
        (Outcome.FAILED, "Malformed", Reply(1, "no name of a hold"), Stage.CLOSED, NoteKind.REQUEST_REFUSED),
        (Outcome.FAILED, "Unavailable", Reply(75, "nothing was done"), Stage.STANDING, None),
        (Outcome.DROPPED, "settled", Reply(75, "no answer"), Stage.STANDING, None),
        (Outcome.UNKNOWN, "", None, Stage.STANDING, None),
    ],
)
def test_what_came_of_it_is_recorded_with_the_intent(
    outcome: Outcome, detail: str, reply: Reply | None, stage: Stage, note: NoteKind | None
) -> None:
    with Store.open(None) as store:
        cycle = store.begin_cycle(NOW)
        one, hold = asked(store)
        (intent,) = store.journal([hold], cycle, NOW)
        then = Confirm(hold.booking_id, hold.why, hold.request, "h_1", candidate=hold.candidate)
        confirming = store.record(intent, Outcome.DONE, NOW, then=then)
        assert store.candidates() == [one]
        assert confirming is not None
        store.record(confirming, outcome, NOW, detail=detail, reply=reply)
        (after,) = store.candidates()
        assert (after.stage, after.note.kind if after.note else None) == (stage, note)
        assert after.booking_id == ("b7" if stage is Stage.BOOKED else None)
        if note is NoteKind.REQUEST_REFUSED and reply is not None and after.note is not None:
            assert (after.note.reason, after.note.asked) == (reply.reason, one.start)


NO = Note(NoteKind.REQUEST_NOT_OPEN, NOW, NEVER, asked=NOW, reason="words of Zimun")


@pytest.mark.parametrize(
    ("after", "what", "told"),
    [
        ({"stage": Stage.CLOSED, "note": NO}, "request.refused", "; told request_not_open"),
        ({"stage": Stage.AWAITING, "note": replace(NO, kind=NoteKind.REQUEST_AWAITS)}, "request.held_back",
         "; told request_awaits"),
        ({"stage": Stage.AWAITING}, "request.held_back", ""),
        ({"told": NoteKind.REQUEST_WAITS.value}, "request.put_off", "; told request_waits"),
    ],
)  # fmt: skip
def test_what_comes_of_it_without_zimun_is_told_once(after: dict[str, object], what: str, told: str) -> None:
    with Store.open(None) as store:
        one = replace(candidate(stage=Stage.STANDING), service_id="s_1", location_id="l_1")
        (one,) = kept(store, one)
        assert store.history(None, 9) == []
        now_is = replace(one, **after)
        store.keep_candidates([now_is], 3, NOW)
        # found again, its note written, or its calendar refusing that: nothing new
        store.take_notice(CALENDAR, [replace(now_is, etag='"11"')], [], 4, NOW)
        store.keep_candidates([replace(now_is, note=None, told=now_is.told or "request_refused")], 5, NOW)
        (row,) = store.history(one.name, 9)
        assert (row.cycle, row.side, row.what, row.why, row.outcome) == (3, "syncd", what, "requested", "done")
        assert one.start is not None
        assert row.detail == f"{one.start:%Y-%m-%dT%H:%MZ}; for s_1 at l_1; in bookings{told}"


def test_what_is_booked_already_goes_on_under_the_bookings_id_and_a_persons_note_of_it_does_not() -> None:
    with Store.open(None) as store:
        refused = replace(candidate(stage=Stage.CLOSED), note=NO)
        one, other = kept(store, refused, replace(refused, href=f"{CALENDAR}other.ics"))
        store.keep_candidates([replace(one, stage=Stage.BOOKED, booking_id=BookingId("b7"), note=None)], 1, NOW)
        store.keep_candidates([replace(other, stage=Stage.THEIRS, booking_id=BookingId("b8"), note=None)], 1, NOW)
        story = ["request.refused", "request.met", "link.renamed"]
        for name, told in (
            ("b7", story), (one.name, story), ("b8", ["request.met"]), (other.name, ["request.refused"]),
        ):  # fmt: skip
            assert [row.what for row in store.history(BookingId(name), 9)] == told
        # changed afterwards, it is told so there
        before = replace(NO, kind=NoteKind.REQUEST_BOOKED_BEFORE)
        changed = replace(one, stage=Stage.CLOSED, booking_id=BookingId("b7"), note=before)
        store.take_notice(CALENDAR, [changed], [], 2, NOW)
        assert store.history(BookingId("b7"), 9)[-1].what == "request.refused"


def test_a_booking_that_is_given_another_id_by_hand_is_its_booking_still() -> None:
    with Store.open(None) as store:
        cycle = store.begin_cycle(NOW)
        kept(store, candidate(stage=Stage.BOOKED, booking_id=BookingId("b1")), candidate("other"))
        (intent,) = store.journal([reschedule_by_hand("b1")], cycle, NOW)
        # it has no link: it is too far ahead for an event
        store.record(intent, Outcome.DONE, NOW, known=Known(booking("b2"), NOW))
        assert [one.booking_id for one in store.candidates()] == ["b2", None]


@settings(deadline=None)
@given(values_of(Candidate))
def test_any_comes_back_as_it_was(one: Candidate) -> None:
    text = CANDIDATE.dump(one)
    CANDIDATE.forget()
    assert CANDIDATE.load(text) == one
