"""Faults put into syncd on purpose: a simulation that does not find each of them proves nothing.

`python -m tests.simulation.mutations` hunts for the first seed that catches each: for CAUGHT_BY, when histories change.
"""
# ruff: noqa: T201 - a command talks by printing

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from syncd.domain.actions import Cancel, Create, Record, Replace, Reschedule
from syncd.engine import (
    answers,
    asked,
    byhand,
    cycle,
    execute,
    memory,
    noticing,
    observe,
    renames,
    requests,
    settle,
    takers,
    tidy,
)
from syncd.planning import deletions, endings, guard, keeping, merge, newcomers, openings, planner, sides
from syncd.planning.snapshot import Look
from syncd.state import asks, journal, pairs, store
from tests.simulation import calendars, world, zimun
from tests.simulation.process import SimStore
from tests.simulation.runner import run
from tests.simulation.steps import make


@contextmanager
def if_match_dropped() -> Iterator[None]:
    """A write overwrites whatever stands there."""
    with patch.object(calendars.FakeCalendar, "_matches", lambda self, there, etag, onto: True):
        yield


@contextmanager
def base_before_effect() -> Iterator[None]:
    """What a write will have done is remembered before it is done."""
    plain = journal.journal

    def early(db: Any, actions: Any, number: int, now: Any) -> Any:
        intents = plain(db, actions, number, now)
        for action in actions:
            if isinstance(action, Create | Replace | Reschedule | Cancel):
                pairs.rename_link(db, action.booking_id, action.link)
        return intents

    with patch.object(journal, "journal", early):
        yield


@contextmanager
def absence_is_deletion() -> Iterator[None]:
    """An event that a listing does not name is deleted, without a second look."""

    def gone(link: Any, snapshot: Any, policy: Any) -> Any:
        found = sides.transferred(link, snapshot)
        return sides.EventTransferred(found) if found is not None else sides.EventGone()

    with patch.object(sides, "_absent", gone):
        yield


@contextmanager
def grace_skipped() -> Iterator[None]:
    with patch.object(world, "GRACE", timedelta(0)):
        yield


@contextmanager
def guard_off() -> Iterator[None]:
    with patch.object(cycle, "check_safe", lambda plan, snapshot, policy: plan):
        yield


@contextmanager
def emptied_is_deleted() -> Iterator[None]:
    """A calendar that lost all its events had them deleted by a person."""
    with patch.object(guard, "_emptied", lambda lost, snapshot, policy: set()):
        yield


@contextmanager
def set_back_is_deleted() -> Iterator[None]:
    """What a restored backup does not know was deleted by a person."""
    with patch.object(guard, "_set_back", lambda lost, snapshot, policy, least: set()):
        yield


@contextmanager
def cursor_too_early() -> Iterator[None]:
    """The sync token is remembered before what it covers was read."""
    plain = observe._observe_calendar

    async def early(store: Any, calendar: Any, *more: Any) -> Any:
        listing = calendar.changes

        async def changes(cursor: Any) -> Any:
            found = await listing(cursor)
            if not found.full:
                store.observe(calendar.url, [], [], found.cursor, None)
            return found

        with patch.object(calendar, "changes", changes):
            return await plain(store, calendar, *more)

    with patch.object(observe, "_observe_calendar", early):
        yield


@contextmanager
def key_not_stable() -> Iterator[None]:
    """A call goes out with another key than the one that was written down."""
    plain = zimun.FakeZimun.reschedule

    async def other(self: Any, booking_id: Any, start: Any, key: str) -> Any:
        return await plain(self, booking_id, start, str(uuid4()))

    with patch.object(zimun.FakeZimun, "reschedule", other):
        yield


@contextmanager
def not_read_afresh() -> Iterator[None]:
    """A booking is not looked at again just before it is changed."""

    async def expected(self: Any, expect: Any) -> Any:
        return expect

    with patch.object(execute.Executing, "_read_afresh", expected):
        yield


@contextmanager
def replay_is_a_wish() -> Iterator[None]:
    """A stale client that writes an old version back moves the booking."""
    present = sides._present

    def blind(link: Any, seen: Any, snapshot: Any) -> Any:
        return present(replace(link, replay="", older=()), seen, snapshot)

    with patch.object(sides, "_present", blind):
        yield


@contextmanager
def edited_replay_is_a_wish() -> Iterator[None]:
    """One that edits the old version first does."""
    with patch.object(sides, "_was_put_there", lambda *told: False):
        yield


@contextmanager
def note_for_ever() -> Iterator[None]:
    with patch.object(keeping, "standing", lambda case: case.link.note):
        yield


@contextmanager
def first_404_believed() -> Iterator[None]:
    def at_once(link: Any, snapshot: Any, policy: Any) -> Any:
        if sides.is_missing(link, snapshot):
            return sides.BookingCancelled(link.booking, explicit=False)
        return sides.BookingUnseen()

    with patch.object(sides, "_missing", at_once):
        yield


@contextmanager
def edits_overwritten() -> Iterator[None]:
    """A person's title gives way to syncd's."""
    with patch.object(merge, "_whole", lambda written, current, wanted: wanted):
        yield


@contextmanager
def records_forgotten() -> Iterator[None]:
    """What is only to be remembered is not."""
    plain = SimStore.journal

    def some(self: Any, actions: Any, number: int, now: Any) -> Any:
        return plain(self, [action for action in actions if not isinstance(action, Record)], number, now)

    with patch.object(SimStore, "journal", some):
        yield


@contextmanager
def clock_jumps_ignored() -> Iterator[None]:
    """An hour that only the wall clock made ends a grace."""
    with patch.object(memory, "_jumped", lambda *told: False):
        yield


@contextmanager
def stale_answers_believed() -> Iterator[None]:
    """What Zimun said before our own write counts as news."""
    with (
        patch.object(sides, "is_stale", lambda *told: False),
        patch.object(newcomers, "is_stale", lambda *told: False),
    ):
        yield


@contextmanager
def unmanaged_not_searched() -> Iterator[None]:
    """An event that stands in another calendar of the account counts as deleted."""

    def nowhere(self: Any, question: Any, snapshot: Any) -> Any:
        return answered(Look.ABSENT)

    async def answered(answer: Any) -> Any:
        return answer

    with patch.object(answers.Answering, "_find", nowhere):
        yield


@contextmanager
def slot_edits_unseen() -> Iterator[None]:
    """What a person writes into an open slot's event counts as syncd's own."""
    with patch.object(openings, "is_edited", lambda event, said: False):
        yield


@contextmanager
def slot_goes_before_its_booking() -> Iterator[None]:
    """A request goes as soon as it is booked, whether the booking's event stands or not."""
    with patch.object(tidy, "_is_settled", lambda booking_id, snapshot: booking_id is not None):
        yield


@contextmanager
def slots_not_put_back() -> Iterator[None]:
    """An open slot's event stays where it was moved."""
    with patch.object(openings, "PUT_BACKS", 0):
        yield


@contextmanager
def settled_too_early() -> Iterator[None]:
    """What was written while a cycle ran counts as written before it began."""

    def as_it_began(one: Any, **changes: Any) -> Any:
        return one if changes.keys() == {"now"} else replace(one, **changes)

    with patch.object(noticing, "replace", as_it_began):
        yield


@contextmanager
def wish_for_ever() -> Iterator[None]:
    """What was asked for in the shell is done whenever syncd comes to it, though nobody waits any more."""
    with patch.object(asked, "TOO_OLD", timedelta(days=9)):
        yield


@contextmanager
def wish_without_end() -> Iterator[None]:
    """A change in the shell without an answer, of a booking that no call tells of, is asked for again for ever."""
    with patch.object(byhand, "PATIENCE", timedelta(days=9)):
        yield


@contextmanager
def wish_not_taken_back() -> Iterator[None]:
    """What the command took back before it was begun is done all the same."""
    plain = asks.collect

    def left(db: Any, ask_id: int) -> Any:
        waits = db.execute("SELECT 1 FROM asks WHERE id = ? AND taken_at IS NULL AND reply IS NULL", (ask_id,))
        return (False, None) if waits.fetchone() else plain(db, ask_id)

    with patch.object(asks, "collect", left):
        yield


@contextmanager
def wish_under_a_new_key() -> Iterator[None]:
    """A change in the shell whose answer was lost is asked for again under another key."""
    plain = byhand.change

    async def other(intent: Any, action: Any, sides: Any, *, again: bool = False) -> Any:
        return await plain(replace(intent, key=str(uuid4())) if again else intent, action, sides, again=again)

    with patch.object(byhand, "change", other):
        yield


@contextmanager
def wish_repeated_without_a_look() -> Iterator[None]:
    """A change in the shell whose answer was lost is asked for again, whatever became of its booking since."""

    async def repeated(intent: Any, action: Any, sides: Any) -> Any:
        return await byhand.change(intent, action, sides, again=True)

    with patch.object(asked, "settle_change", repeated):
        yield


@contextmanager
def wish_not_set_aside() -> Iterator[None]:
    """An older wish without an answer goes out again after another one about the same booking."""
    with patch.object(asked.AskedByHand, "_set_aside", lambda self, ask: None):
        yield


@contextmanager
def memory_is_an_answer() -> Iterator[None]:
    """What is only remembered of a booking is told as done."""
    plain = asked.AskedByHand._as_it_is

    async def sure(self: Any, booking_id: Any) -> Any:
        return (await plain(self, booking_id))[0], True

    with patch.object(asked.AskedByHand, "_as_it_is", sure):
        yield


@contextmanager
def calendar_that_left_is_empty() -> Iterator[None]:
    """What stood in a calendar that left the config counts as deleted."""
    plain = planner.decide

    def decide(case: Any) -> Any:
        if case.link.calendar in case.snapshot.managed:
            return plain(case)
        return planner._cell(case, sides.booking_side(case.link, case.snapshot, case.policy), sides.EventGone())

    with patch.object(planner, "decide", decide):
        yield


@contextmanager
def old_call_over_a_newer_wish() -> Iterator[None]:
    """Where no call tells of a booking, an older call goes out again after a change by hand that was heard."""
    plain = settle._repeat

    async def repeat(intent: Any, action: Any, sides: Any, calendars: Any) -> Any:
        link = sides.store.links().get(action.booking_id)
        before = replace(action.before, wrote=link.wrote) if link is not None else action.before
        return await plain(intent, replace(action, before=before), sides, calendars)

    with patch.object(settle, "_repeat", repeat):
        yield


@contextmanager
def last_word_forgotten() -> Iterator[None]:
    """What Zimun told at last is forgotten where a pair had not come to it."""
    with patch.object(memory, "told_otherwise", lambda store, links: {}):
        yield


@contextmanager
def import_told_and_not_kept() -> Iterator[None]:
    """What is to be taken in is told to be, and is not."""
    plain = store.Store.reply

    def reply(self: Any, ask_id: int, now: Any, told: Any, imported: Any = (), *more: Any, **also: Any) -> None:
        plain(self, ask_id, now, told, (), *more, **also)

    with patch.object(store.Store, "reply", reply):
        yield


@contextmanager
def anybody_at_the_target_is_it() -> Iterator[None]:
    """Whoever's booking stands where a call without an answer was to put one is taken for that one."""
    with patch.object(renames, "_is_of", lambda booking, other: True):
        yield


@contextmanager
def never_shown_is_deleted() -> Iterator[None]:
    """An event that the calendar has not shown once since it was made counts as deleted by a person."""
    plain = deletions.delete

    def delete(case: Any, booking: Any, marked: Any) -> Any:
        return plain(case.with_link(replace(case.link, shown=True)), booking, marked)

    with patch.object(deletions, "delete", delete):
        yield


@contextmanager
def not_given_is_theirs() -> Iterator[None]:
    """An event that the server does not give asks for nothing."""
    plain = takers.Takers.read

    async def read(self: Any, url: str, hrefs: Any) -> Any:
        found = await plain(self, url, hrefs)
        return found and {href: one for href, one in found.items() if one.given}

    with patch.object(takers.Takers, "read", read):
        yield


@contextmanager
def doubt_is_forgotten() -> Iterator[None]:
    """What nobody knows of a move by hand is told to whoever asked for it, and not remembered."""

    def nothing(action: Any, sides: Any) -> None: ...

    with patch.object(byhand, "in_doubt", nothing), patch.object(asked, "in_doubt", nothing):
        yield


@contextmanager
def late_removal_is_a_deletion() -> Iterator[None]:
    """An event whose removal had no answer, and whose booking lives again, is left as it is."""
    with patch.object(settle, "_to_be_kept", lambda action, sides, managed: None):
        yield


@contextmanager
def late_write_is_a_wish() -> Iterator[None]:
    """What a write of syncd's own without an answer makes of an event after all passes for a drag."""
    with patch.object(settle, "_with_unanswered", lambda *_: None):
        yield


@contextmanager
def asked_again_is_no_word() -> Iterator[None]:
    """What a person asks for is booked already, and whatever was to become of that booking becomes of it."""
    with patch.object(deletions, "asked_again", lambda link, now: link):
        yield


@contextmanager
def written_anew_is_no_word() -> Iterator[None]:
    """The same, of what an event asks for."""
    with patch.object(requests, "asked_again", lambda twin, sides: None):
        yield


@contextmanager
def drag_goes_on_behind_a_word_by_hand() -> Iterator[None]:
    """A booking is where a person wants it, and a drag that waits moves it away."""

    def deleted_alone(link: Any, now: Any) -> Any:
        return deletions.asked_again(link, now)

    with patch.object(asked, "stays", deleted_alone), patch.object(byhand, "stays", deleted_alone):
        yield


@contextmanager
def any_note_is_the_question() -> Iterator[None]:
    """An event with another note in it, marked as cancelled again, answers a question that it does not ask any more."""
    plain = endings._asks_nothing

    def unnoted(event: Any) -> bool:
        seen = getattr(event, "seen", None)
        return plain(event) and seen is not None and not seen.event.noted

    with patch.object(endings, "_asks_nothing", unnoted):
        yield


MUTATIONS: dict[str, Callable[[], Any]] = {
    made.__name__: made
    for made in (
        if_match_dropped, base_before_effect, absence_is_deletion, grace_skipped, guard_off, cursor_too_early,
        key_not_stable, not_read_afresh, replay_is_a_wish, edited_replay_is_a_wish, note_for_ever, first_404_believed,
        edits_overwritten, records_forgotten, clock_jumps_ignored, stale_answers_believed, unmanaged_not_searched,
        slot_edits_unseen, slot_goes_before_its_booking, slots_not_put_back, settled_too_early, wish_for_ever,
        wish_without_end, wish_not_taken_back, wish_under_a_new_key, wish_repeated_without_a_look, wish_not_set_aside,
        memory_is_an_answer, calendar_that_left_is_empty, old_call_over_a_newer_wish, last_word_forgotten,
        import_told_and_not_kept, anybody_at_the_target_is_it, never_shown_is_deleted, doubt_is_forgotten,
        emptied_is_deleted, set_back_is_deleted, late_removal_is_a_deletion, late_write_is_a_wish, not_given_is_theirs,
        asked_again_is_no_word, written_anew_is_no_word, drag_goes_on_behind_a_word_by_hand,
        any_note_is_the_question,
    )
}  # fmt: skip

CAUGHT_BY = {
    "absence_is_deletion": 9, "any_note_is_the_question": 123707319, "anybody_at_the_target_is_it": 3309,
    "base_before_effect": 2,
    "asked_again_is_no_word": 19, "calendar_that_left_is_empty": 30, "clock_jumps_ignored": 243,
    "cursor_too_early": 583, "doubt_is_forgotten": 623, "drag_goes_on_behind_a_word_by_hand": 1333,
    "edited_replay_is_a_wish": 77, "edits_overwritten": 11,
    "emptied_is_deleted": 512, "first_404_believed": 2,
    "grace_skipped": 9, "guard_off": 18, "if_match_dropped": 488, "import_told_and_not_kept": 114, "key_not_stable": 1,
    "last_word_forgotten": 24728, "late_removal_is_a_deletion": 1476, "late_write_is_a_wish": 594,
    "memory_is_an_answer": 1158, "never_shown_is_deleted": 39, "not_given_is_theirs": 324,
    "not_read_afresh": 283,
    "note_for_ever": 0, "old_call_over_a_newer_wish": 2473, "records_forgotten": 22, "replay_is_a_wish": 292,
    "set_back_is_deleted": 1790,
    "settled_too_early": 127, "slot_edits_unseen": 9, "slot_goes_before_its_booking": 15, "slots_not_put_back": 21,
    "stale_answers_believed": 4, "unmanaged_not_searched": 9, "wish_for_ever": 5, "wish_not_set_aside": 17,
    "wish_not_taken_back": 143, "wish_repeated_without_a_look": 36, "wish_under_a_new_key": 17, "wish_without_end": 46,
    "written_anew_is_no_word": 168,
}  # fmt: skip
"""The first seed whose history finds it."""


def caught_by(name: str, seeds: range) -> int | None:
    """The first of these seeds whose history breaks a promise under that mutation."""
    with MUTATIONS[name]():
        found = (seed for seed in seeds if run(make(seed)).wrong)
        return next(found, None)


if __name__ == "__main__":
    for mutation in MUTATIONS:
        print(f"{mutation}: {caught_by(mutation, range(3000))}", flush=True)
