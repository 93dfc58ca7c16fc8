"""Bends: an answer exchanged, or a real one in which something is missing or wrong."""

from collections.abc import Callable

from lxml import etree

from tests.ten.bender import Ask, Bend, Onward, Reply

_RESPONSE, _HREF = "{DAV:}response", "{DAV:}href"
XML = {"content-type": "application/xml; charset=utf-8"}
HTML = {"content-type": "text/html; charset=utf-8"}
PORTAL = b"<!DOCTYPE html><html><body>Please sign in to the hotel WLAN.</body></html>"

When = Callable[[Ask], bool]
Alter = Callable[[Ask, Reply], Reply]


def reads(ask: Ask) -> bool:
    """Every read of a calendar."""
    return ask.method in ("PROPFIND", "REPORT", "GET")


def lists(ask: Ask) -> bool:
    """PROPFINDs and REPORTs, searches of the account too."""
    return ask.method in ("PROPFIND", "REPORT")


def syncs(ask: Ask) -> bool:
    return ask.method == "REPORT" and b"sync-collection" in ask.body


def answered(reply: Reply, when: When) -> Bend:
    """Those requests never reach the server; this is their answer."""

    async def bend(ask: Ask, onward: Onward) -> Reply:
        return reply if when(ask) else await onward(ask)

    return bend


def altered(alter: Alter, when: When) -> Bend:
    """The real answers to those requests are changed on their way back."""

    async def bend(ask: Ask, onward: Onward) -> Reply:
        reply = await onward(ask)
        return alter(ask, reply) if when(ask) else reply

    return bend


def cut(share: float) -> Alter:
    """So much of the body, as if that were all."""
    return lambda _, reply: Reply(reply.status, reply.body[: int(len(reply.body) * share)], reply.headers)


def each_response(reply: Reply, change: Callable[[str, etree._Element], bool]) -> Reply:
    """A multistatus, of which those responses stay for whose href and element `change` is true."""
    if reply.status != 207:
        return reply
    tree = etree.fromstring(reply.body)
    for response in tree.findall(_RESPONSE):
        href = response.findtext(_HREF) or ""
        if not change(href, response):
            tree.remove(response)
    return Reply(207, etree.tostring(tree, xml_declaration=True, encoding="utf-8"), reply.headers)


def without(hides: Callable[[str], bool]) -> Alter:
    """A multistatus that leaves objects out."""
    return lambda _, reply: each_response(reply, lambda href, _: not (href.endswith(".ics") and hides(href)))


def with_status(status: int) -> Alter:
    """A multistatus in which every object has that status, and nothing else."""

    def change(href: str, response: etree._Element) -> bool:
        if href.endswith(".ics"):
            for child in list(response)[1:]:
                response.remove(child)
            etree.SubElement(response, "{DAV:}status").text = f"HTTP/1.1 {status} X"
        return True

    return lambda _, reply: each_response(reply, change)
