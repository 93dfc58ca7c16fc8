"""The objects of the Booking API as pydantic models: which field goes by which names. Pure."""

from typing import Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from syncd.domain.errors import Malformed
from syncd.zimun.fields import Fault, Id, Minutes, Reference, References, Second, Stamp, Text

IDS = ("booking_id", "id", "appointment_id")
_STARTS = AliasChoices("start_time", "appointment_time")


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: object) -> object:
        # so that {"booking_id": null, "id": "b_1"} finds its id
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None and value != ""}
        return data

    @classmethod
    def read(cls, raw: object, key: str) -> Self:
        """Raises Malformed under `key`, naming each field that cannot be read."""
        try:
            return cls.model_validate(raw)
        except ValidationError as exc:
            raise Malformed(key, _faults(exc)) from exc


class AppointmentWire(Wire):
    """One appointment of a list, or alone."""

    booking_id: Id = Field(validation_alias=AliasChoices(*IDS))
    start_time: Second = Field(validation_alias=_STARTS)
    end_time: Second | None = None
    duration_minutes: Minutes | None = None
    status: Text = ""
    service_id: Reference = ""
    location_id: Reference = ""
    contact_name: Text = ""
    contact_email: Text = ""
    contact_phone: Text = ""
    notes: Text = ""
    staff_name: Text = ""
    updated_at: Stamp = None


class StartWire(Wire):
    """The start of an appointment, read by itself: what tells it from other objects that have an id."""

    start_time: Second = Field(validation_alias=_STARTS)


class LocationWire(Wire):
    id: Id
    name: Text = ""
    timezone: Text = ""
    address: Text = ""


class ServiceWire(Wire):
    id: Id
    name: Text = ""
    location_ids: References = ()


class DurationWire(Wire):
    """A service's duration, read by itself: a service without one is still a service."""

    duration_minutes: Minutes | None = None


class HoldWire(Wire):
    hold_id: Id = Field(validation_alias=AliasChoices("hold_id", "id"))


class SlotWire(Wire):
    start_time: Second = Field(validation_alias=AliasChoices("start_time", "start"))


class SlotEndWire(Wire):
    """The end of a slot or a hold, read by itself: it is not needed."""

    end_time: Second | None = Field(default=None, validation_alias=AliasChoices("end_time", "end"))


def _faults(exc: ValidationError) -> str:
    said = []
    for error in exc.errors(include_input=False, include_url=False):
        field = str(error["loc"][0]) if error["loc"] else "the entry"
        fault = error.get("ctx", {}).get("error")
        if isinstance(fault, Fault):
            said.append(f"{field} {fault}")
        else:
            said.append(f"{field} is missing" if error["type"] == "missing" else f"{field} is not an object")
    return "; ".join(said)
