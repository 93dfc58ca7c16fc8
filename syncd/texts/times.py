"""Times as the reader of a calendar would write them, in the place's zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from gettext import GNUTranslations


@dataclass(frozen=True, slots=True)
class Times:
    """Writes aware times in one zone and one language. The year is told only where it is not the one of `now`.

    `zone` UTC: nobody knows the place's, so each time says that it is UTC.
    """

    catalog: GNUTranslations
    zone: tzinfo
    now: datetime

    def at(self, moment: datetime) -> str:
        """Within a sentence: "14:30 on Tue 24 Nov"."""
        return self.catalog.gettext("{time} on {day}").format(time=self.clock(moment), day=self.day(moment))

    def listed(self, *moments: datetime) -> str:
        """In a list: "Tue 24 Nov, 14:30"; several of one day: "Tue 24 Nov, 14:00, 14:30"."""
        clocks = ", ".join(self.clock(moment) for moment in moments)
        return self.catalog.gettext("{day}, {time}").format(time=clocks, day=self.day(moments[0]))

    def clock(self, moment: datetime) -> str:
        return f"{self._local(moment):%H:%M}{' UTC' if self.zone is UTC else ''}"

    def day(self, moment: datetime) -> str:
        _ = self.catalog.gettext
        local = self._local(moment)
        weekday = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))[local.weekday()]
        months = (_("Jan"), _("Feb"), _("Mar"), _("Apr"), _("May"), _("Jun"), _("Jul"), _("Aug"), _("Sep"), _("Oct"))
        month = (*months, _("Nov"), _("Dec"))[local.month - 1]
        if local.year == self._local(self.now).year:
            return _("{weekday} {number} {month}").format(weekday=weekday, number=local.day, month=month)
        return _("{weekday} {number} {month} {year}").format(
            weekday=weekday, number=local.day, month=month, year=local.year
        )

    def same_day(self, one: datetime, other: datetime) -> bool:
        return self._local(one).date() == self._local(other).date()

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)
