"""How syncd's texts and a person's meet in one event: title and place whole, the description line by line."""

from dataclasses import dataclass

from syncd.domain.event import Event, Texts


@dataclass(frozen=True, slots=True)
class Merged:
    title: str
    place: str
    description: str


def merge(written: Texts, event: Event, wanted: Texts) -> Merged:
    """The event's texts after a change from `written` to `wanted`, as a careful colleague would edit them.

    Title and place: a person's edit wins. The description: lines that syncd wrote and that still stand are replaced,
    new ones follow the last of them, all others are the person's and stay where they are.
    """
    return Merged(
        title=_whole(written.title, event.title, wanted.title),
        place=_whole(written.place, event.place, wanted.place),
        description=_lines(written, event.description, wanted),
    )


def fresh(texts: Texts) -> Merged:
    """The texts of an event that nobody has touched yet."""
    return Merged(texts.title, texts.place, "\n".join(texts.lines.values()))


def _whole(written: str, current: str, wanted: str) -> str:
    return wanted if _same(current, written) else current


def _lines(written: Texts, current: str, wanted: Texts) -> str:
    if written.lines == wanted.lines:
        return current
    lines = current.splitlines()
    place_of: dict[str, int] = {}
    for key, line in written.lines.items():
        at = next((n for n, text in enumerate(lines) if n not in place_of.values() and _same(text, line)), None)
        if at is not None:
            place_of[key] = at
    replaced = {at: wanted.lines.get(key) for key, at in place_of.items()}
    added = [line for key, line in wanted.lines.items() if key not in written.lines]
    after = max(place_of.values(), default=None)
    merged = list(added) if after is None else []
    for number, text in enumerate(lines):
        kept = replaced.get(number, text)
        if kept is not None:
            merged.append(kept)
        if number == after:
            merged.extend(added)
    return "\n".join(merged)


def _same(one: str, other: str) -> bool:
    # servers and apps trim and fold white space; that is no person's edit
    return " ".join(one.split()) == " ".join(other.split())
