"""A write that a calendar refused waits for an hour; what people do to that event meanwhile is remembered."""

from types import SimpleNamespace
from typing import Any

from syncd.domain.actions import ProblemKind, Record, Replace, Why
from syncd.engine import memory
from syncd.engine.cycle import Engine
from syncd.engine.outcomes import unwritten
from syncd.planning.case import noticed
from syncd.planning.planner import decide
from syncd.state.store import Store
from tests.planning import builders as make
from tests.planning.builders import FOUR, HOUR, NOON, NOW
from tests.planning.lens import BOOKED, case, done

STOOD = make.observation(make.event(BOOKED), stamp=1)
LINK = make.link(BOOKED, STOOD)


def held(store: Store, current: Any, action: Replace) -> list[Any]:
    engine: Any = SimpleNamespace(_sides=SimpleNamespace(store=store))
    return Engine._not_refused(engine, current, [action])


def test_while_it_waits_each_version_that_a_person_makes_is_noticed() -> None:
    """A stale client may write one of them back long after."""
    dragged = make.observation(make.event(BOOKED, start=make.zoned(NOON)), stamp=2)
    snapshot = make.snapshot(links=(LINK,), events=(dragged,), bookings=(make.booking(start=FOUR),))
    write = done(decide(case(LINK, dragged, booking=make.booking(start=FOUR))))
    assert isinstance(write, Replace)
    current = SimpleNamespace(snapshot=snapshot, problems=())
    with Store.open(None) as store:
        assert held(store, current, write) == [write]
        memory.remember_refused_write(store, write, NOW)
        kept = noticed(LINK, dragged)
        assert held(store, current, write) == [Record(BOOKED.id, Why.REMEMBERED, kept)]
        (problem,) = current.problems
        assert (problem.kind, problem.key) == (ProblemKind.PARKED, BOOKED.id)
        later = SimpleNamespace(snapshot=make.snapshot(links=(kept,), events=(dragged,)), problems=())
        assert held(store, later, write) == []
        an_hour_on = SimpleNamespace(snapshot=make.snapshot(links=(kept,), events=(dragged,), now=NOW + HOUR))
        assert held(store, an_hour_on, write) == [write]
    assert unwritten(Record(BOOKED.id, Why.REMEMBERED, LINK), snapshot) is None
