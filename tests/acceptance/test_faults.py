"""Either side down or talking nonsense, lost answers, wrong credentials, a wrong config."""

import time

import pytest

from tests.acceptance.proxy import Proxy
from tests.acceptance.trial import Trial, day, start_of, value

GRACE = 1.2


def synced(trial: Trial) -> dict[str, str]:
    for n in range(3):
        trial.api.add(f"b{n}", day(3, 9 + n))
    trial.sync()
    return trial.etags()


def healed(trial: Trial, before: dict[str, str]) -> None:
    """The next cycle is as if nothing had been: no write on either side."""
    trial.sync()
    assert trial.etags() == before
    assert trial.api.posts() == []


def test_zimun_down_is_75_and_a_drag_waits_for_it(trial: Trial) -> None:
    synced(trial)
    trial.drag("b1.ics", day(3, 16))
    trial.api.down()
    trial.sync(code=75)
    assert start_of(trial.get("b1.ics")) == day(3, 16)
    trial.api.up()
    trial.sync()
    assert trial.api.appointments["b1"].start == day(3, 16)


@pytest.mark.parametrize("how", ["503", "html", "half"])
def test_zimun_talking_nonsense_is_75_and_nothing_is_concluded(trial: Trial, how: str) -> None:
    before = synced(trial)
    trial.api.fail(how, "GET", times=-1)  # type: ignore[arg-type]
    trial.sync(code=75)
    assert trial.etags() == before
    trial.api.faults.clear()
    healed(trial, before)


@pytest.mark.parametrize("how", ["html", "half", "empty", "drop"])
def test_a_calendar_server_talking_nonsense_cancels_nothing(trial: Trial, proxy: Proxy, how: str) -> None:
    before = synced(trial)
    proxy.how = how  # type: ignore[assignment]
    proxy.methods = ("PROPFIND", "REPORT", "GET")
    code = trial.run("sync").code
    assert code in ((0, 1, 75) if how == "empty" else (75,)), code
    if how == "empty":
        # one that can be read: a second look must not end a grace
        time.sleep(GRACE)
        trial.run("sync")
    assert trial.etags() == before
    proxy.how = ""
    healed(trial, before)


def test_a_calendar_server_that_is_down_is_75(trial: Trial, proxy: Proxy) -> None:
    before = synced(trial)
    proxy.down()
    trial.api.appointments["b1"].start = day(4, 10)
    trial.sync(code=75)
    proxy.up()
    trial.sync()
    assert start_of(trial.get("b1.ics")) == day(4, 10)
    assert len(trial.etags()) == len(before)
    assert trial.api.posts() == []


def test_an_answer_to_a_put_that_was_lost_makes_no_second_event(trial: Trial, proxy: Proxy) -> None:
    for n in range(3):
        trial.api.add(f"b{n}", day(3, 9 + n))
    proxy.how, proxy.methods = "drop", ("PUT",)
    trial.run("sync")
    proxy.how = ""
    trial.run("sync")
    before = trial.etags()
    assert set(before) == {"b0.ics", "b1.ics", "b2.ics"}
    healed(trial, before)


@pytest.mark.parametrize("how", ["drop", "half"])
def test_a_reschedule_whose_answer_was_lost_is_made_once(trial: Trial, how: str) -> None:
    synced(trial)
    trial.api.fail(how, "POST", "reschedule", times=-1)  # type: ignore[arg-type]
    trial.drag("b1.ics", day(3, 16))
    trial.run("sync")
    assert trial.api.appointments["b1"].start == day(3, 16)
    trial.api.faults.clear()
    trial.run("sync")
    trial.sync()
    assert start_of(trial.get("b1.ics")) == day(3, 16)
    assert not value(trial.get("b1.ics"), "SUMMARY").startswith("⚠")
    assert len({call.key for call in trial.api.posts()}) == 1


def test_a_cancel_whose_answer_was_lost_is_made_once(trial: Trial) -> None:
    synced(trial)
    trial.sync()  # the calendar has listed it by then
    trial.api.fail("drop", "POST", "cancel", times=-1)
    trial.delete("b1.ics")
    trial.sync()
    time.sleep(GRACE)
    trial.run("sync")
    assert trial.api.appointments["b1"].status == "cancelled"
    trial.api.faults.clear()
    trial.run("sync")
    trial.sync()
    assert len({call.key for call in trial.api.posts()}) == 1
    assert set(trial.etags()) == {"b0.ics", "b2.ics"}


def test_a_drag_back_and_there_again_sends_a_key_of_its_own_each_time(trial: Trial) -> None:
    synced(trial)
    for hour in (16, 10, 16):
        trial.drag("b1.ics", day(3, hour))
        trial.sync()
        assert trial.api.appointments["b1"].start == day(3, hour)
    assert len({call.key for call in trial.api.posts()}) == 3


def test_a_rate_limit_that_names_a_date_is_waited_for_or_told(trial: Trial) -> None:
    before = synced(trial)
    trial.api.fail("429", "GET", "/appointments")
    assert trial.run("sync").code in (0, 75)
    time.sleep(2)
    healed(trial, before)


def test_stale_tokens_are_renewed_without_a_word(trial: Trial) -> None:
    before = synced(trial)
    trial.api.fail("401", "GET", "/appointments")
    healed(trial, before)


def test_a_wrong_secret_is_77_and_not_hammered(trial: Trial) -> None:
    trial.api.add("b1", day(3, 10))
    done = trial.run("sync", secret="wrong-secret")
    assert done.code == 77, done
    assert "wrong-secret" not in done.out + done.err
    assert len(trial.api.calls) <= 2, trial.api.calls
    assert trial.etags() == {}


def test_a_wrong_calendar_password_is_77_and_cancels_nothing(trial: Trial) -> None:
    before = synced(trial)
    trial.password = "wr0ng-one"
    done = trial.sync(code=77)
    assert "wr0ng-one" not in done.out + done.err
    trial.password = "p"
    healed(trial, before)


@pytest.mark.parametrize("status", [403, 404])
def test_a_list_closed_to_the_client_stops_nothing_that_is_known(trial: Trial, status: int) -> None:
    before = synced(trial)
    real = trial.api.answer

    def closed(method: str, path: str, query: dict[str, str], body: dict[str, object], key: str) -> tuple[int, object]:
        return (status, {"detail": "scope"}) if path.endswith("/appointments") else real(method, path, query, body, key)

    trial.api.answer = closed  # type: ignore[method-assign]
    trial.drag("b1.ics", day(3, 16))
    trial.run("sync")
    assert trial.api.appointments["b1"].start == day(3, 16)
    assert set(trial.etags()) == set(before)


def test_every_fault_of_a_config_is_named_at_once(trial: Trial) -> None:
    trial.options |= {"sync": {"interval_seconds": 0, "conflict": "me", "no_such_key": 1}, "event": {"language": "fr"}}
    done = trial.run("sync")
    assert done.code == 78
    for key in ("sync.interval_seconds", "sync.conflict", "sync.no_such_key", "event.language"):
        assert key in done.out + done.err
    assert trial.api.calls == []


def test_a_config_that_is_no_toml_names_its_line(trial: Trial) -> None:
    trial.options["log"] = {"level": "info"}
    trial.calendar_name = 'x"'
    done = trial.run("sync")
    assert done.code == 78
    assert "line 8" in done.out + done.err


def test_another_account_on_the_same_database_touches_nothing(trial: Trial) -> None:
    before = synced(trial)
    port = trial.api.port
    trial.api.down()
    trial.api.port = 0
    trial.api.up()
    trial.api.appointments.clear()
    assert trial.api.port != port
    assert trial.run("sync").code not in (0, 75)
    assert trial.etags() == before
