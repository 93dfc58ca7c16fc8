import pytest

from syncd.calendars.hrefs import collection_path, is_member, member_path, origin_of, path_of

ORIGIN = "https://dav.example.org"


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/cal/a.ics", "/cal/a.ics"),
        (" /cal/a.ics\n", "/cal/a.ics"),
        ("/cal/%61.ics", "/cal/a.ics"),
        ("/cal/a%40b.ics", "/cal/a@b.ics"),
        ("/cal/%c3%bc.ics", "/cal/%C3%BC.ics"),
        ("/cal/ü.ics", "/cal/%C3%BC.ics"),
        ("/cal/a%2fb.ics", "/cal/a%2Fb.ics"),
        ("/cal/b~2.ics", "/cal/b~2.ics"),
        ("/cal/%FF.ics", "/cal/%FF.ics"),
        ("/cal/100%.ics", "/cal/100%25.ics"),
        ("https://DAV.example.org:443/cal/a.ics", "/cal/a.ics"),
        ("https://dav.example.org", "/"),
        ("http://dav.example.org/cal/a.ics", None),
        ("https://dav.example.org:8443/cal/a.ics", None),
        ("https://evil.example/cal/a.ics", None),
        ("//evil.example/cal/a.ics", None),
        ("a.ics", None),
        ("/cal/../a.ics", None),
        ("/cal/%2e%2E/a.ics", None),
        ("", None),
    ],
)
def test_an_href_has_one_form_or_none(href: str, path: str | None) -> None:
    assert path_of(href, ORIGIN) == path
    assert path is None or path_of(path, ORIGIN) == path


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/cal/a.ics", True),
        ("/cal/", False),
        ("/cal", False),
        ("/cal/sub/", False),
        ("/cal/sub/a.ics", False),
        ("/cal/a%2Fb.ics", True),
        ("/calendar/a.ics", False),
        ("/other/a.ics", False),
    ],
)
def test_a_member_stands_directly_in_its_collection(path: str, inside: bool) -> None:
    assert is_member(path, "/cal/") is inside


def test_names_become_one_plain_segment() -> None:
    assert member_path("/cal/", "b_1~2.ics") == "/cal/b_1~2.ics"
    assert member_path("/cal/", "ü %.ics") == "/cal/%C3%BC%20%25.ics"


def test_an_origin_knows_default_ports_and_ipv6() -> None:
    assert origin_of("HTTP://[::1]:80/x") == "http://[::1]"
    assert origin_of("https://h:8443") == "https://h:8443"
    assert collection_path("https://h/a%20b") == "/a%20b/"
