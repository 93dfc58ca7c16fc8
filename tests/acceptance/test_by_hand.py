"""The API's own calls from the command line, against the second API in each of its dialects."""

import json
from typing import Any

import pytest

from tests.acceptance.api import Api, How, serving
from tests.acceptance.salon import PLACE, SERVICE, Dialect
from tests.acceptance.trial import Trial, day, start_of, value

DIALECTS = {
    "nothing answered": Dialect(),
    "another id": Dialect(slots="slots", reschedule="renamed"),
    "numbers": Dialect(numbers=True, slots="slots", reschedule="renamed"),
    "all answered": Dialect(reschedule="whole"),
}
BOOK = ("book", "--service", SERVICE, "--name", "Grace Hopper", "--email", "grace@example.org", "--time")


@pytest.fixture(params=DIALECTS)
def spoken(request: pytest.FixtureRequest) -> Any:
    with serving(DIALECTS[request.param]) as one:
        yield one


def asked(trial: Trial, *words: str, code: int = 0) -> Any:
    done = trial.run(*words, "--json")
    assert done.code == code, (done.code, done.out, done.err)
    return json.loads(done.out)


def test_every_flow_of_the_vendor_in_each_dialect(trial: Trial, spoken: Api) -> None:
    trial.api = spoken
    assert asked(trial, "locations")[0]["id"] == PLACE
    assert asked(trial, "services")[0]["id"] == SERVICE
    slots = [each["start_time"] for each in asked(trial, "slots", "--service", SERVICE, "--date", f"{day(3, 9):%F}")]
    assert len(slots) == 18

    booked = asked(trial, *BOOK, f"{day(3, 10):%FT%H:%M}")
    booking_id = booked["booking_id"]
    assert (booked["start_time"], booked["contact_name"]) == (slots[2], "Grace Hopper")
    (name,) = trial.etags()
    assert start_of(trial.get(name)) == day(3, 10)
    assert "Grace Hopper" in value(trial.get(name), "SUMMARY")

    moved = asked(trial, "reschedule", booking_id, f"{day(3, 15):%FT%H:%M}")
    assert (moved["booking_id"] == booking_id) is (spoken.dialect.reschedule != "renamed")
    booking_id = moved["booking_id"]
    assert spoken.appointments[booking_id].start == day(3, 15)
    (name,) = trial.etags()
    assert start_of(trial.get(name)) == day(3, 15)

    assert asked(trial, "cancel", booking_id)["status"] == "cancelled"
    assert spoken.appointments[booking_id].status == "cancelled"
    assert trial.etags() == {}
    assert [len(spoken.posts(verb)) for verb in ("hold", "confirm", "reschedule", "cancel")] == [1, 1, 1, 1]
    trial.sync()


@pytest.mark.parametrize("verb", ["hold", "confirm"])
@pytest.mark.parametrize("how", ["drop", "half", "html", "garbled", "503"])
def test_one_booking_whatever_is_wrong_with_the_answers(trial: Trial, verb: str, how: How) -> None:
    # a whole answer is not asked for again in the same cycle, though it says nothing
    trial.api.fail(how, "POST", f"appointments/{verb}", times=1 if how == "garbled" else 3)
    lost = trial.run(*BOOK, f"{day(3, 10):%FT%H:%M}")
    assert lost.code == 75
    assert "syncd log" in lost.err
    assert trial.run("sync").code == 0
    (booked,) = trial.api.appointments.values()
    assert (booked.status, booked.email, booked.start) == ("booked", "grace@example.org", day(3, 10))
    assert list(trial.etags()) == [f"{booked.id}.ics"]
    for each in ("hold", "confirm"):
        assert len({call.key for call in trial.api.posts(each)}) == 1
    again = trial.run(*BOOK, f"{day(3, 10):%FT%H:%M}")
    assert (again.code, again.out.startswith("Booked already: ")) == (0, True)
    assert len(trial.api.appointments) == 1


def test_a_failure_before_anything_was_sent_ends_with_75_and_books_nothing_later(trial: Trial) -> None:
    trial.api.fail("503", "GET", "appointments", times=100)
    done = trial.run(*BOOK, f"{day(3, 10):%FT%H:%M}")
    assert (done.code, done.out) == (75, "")
    assert "nothing was done" in done.err
    trial.api.faults.clear()
    trial.sync()
    assert trial.api.posts() == []


@pytest.mark.parametrize("how", ["403", "404"])
def test_a_client_without_the_list_books_imports_and_goes_on(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, how: How
) -> None:
    def closed(method: str, path: str) -> How | None:
        return how if (method, path) == ("GET", "/api/v1/appointments") else None

    monkeypatch.setattr(trial.api, "fault", closed)
    trial.api.add("b7", day(4, 10))
    booking_id = asked(trial, *BOOK, f"{day(3, 10):%FT%H:%M}")["booking_id"]
    assert asked(trial, "import", "b7")[0]["booking_id"] == "b7"
    assert set(trial.etags()) == {f"{booking_id}.ics", "b7.ics"}
    trial.drag(f"{booking_id}.ics", day(3, 12))
    trial.drag("b7.ics", day(4, 12))
    trial.sync()
    assert [trial.api.appointments[each].start for each in (booking_id, "b7")] == [day(3, 12), day(4, 12)]
