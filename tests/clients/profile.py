"""The preferences of the Thunderbird that is driven."""

from datetime import date

SCALE = 2
"""Pixels of the screen per CSS pixel: pictures are sharp on displays of today."""


def preferences(zone: str, days: set[date], first: date, marionette: int, alarms: bool) -> list[tuple[str, object]]:
    """A week that begins at `first` and shows `days` only, in that zone; Marionette on that port."""
    off = {day.isoweekday() % 7 for day in days}
    names = ("d0sundays", "d1mondays", "d2tuesdays", "d3wednesdays", "d4thursdays", "d5fridays", "d6saturdays")
    return [
        ("calendar.timezone.useSystemTimezone", False),
        ("calendar.timezone.local", zone),
        ("calendar.week.start", first.isoweekday() % 7),
        ("calendar.view.daystarthour", 9),
        ("calendar.view.dayendhour", 18),
        ("calendar.view.visiblehours", 5),
        ("calendar.alarms.show", alarms),
        ("calendar.events.defaultActionEdit", True),
        *((f"calendar.week.{name}off", number not in off) for number, name in enumerate(names)),
        ("layout.css.devPixelsPerPx", str(SCALE)),
        ("marionette.port", marionette),
        # a desktop's tooltips; those of a bare X server are black
        ("ui.infobackground", "#fffbe6"),
        ("ui.infotext", "#1c2430"),
        # no first-run pages, no questions, and no way off this machine
        ("mail.provider.suppress_dialog_on_startup", True),
        ("mail.rights.version", 1),
        ("mail.spotlight.firstRunDone", True),
        ("mail.shell.checkDefaultClient", False),
        ("mail.inappnotifications.enabled", False),
        ("mailnews.start_page.enabled", False),
        ("mailnews.start_page_override.mstone", "ignore"),
        ("app.donation.eoy.version.viewed", 999),
        ("app.update.enabled", False),
        ("datareporting.policy.dataSubmissionEnabled", False),
        ("datareporting.policy.dataSubmissionPolicyBypassNotification", True),
        ("network.proxy.type", 1),
        ("network.proxy.http", "127.0.0.1"),
        ("network.proxy.http_port", 9),
        ("network.proxy.ssl", "127.0.0.1"),
        ("network.proxy.ssl_port", 9),
    ]
