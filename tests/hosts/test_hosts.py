"""Which hosts may be connected to, in whatever spelling they come."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import HostRefused
from runner.hosts import check_address, check_host, is_loopback, parse_allowed_hosts

LINK_LOCAL = [
    "169.254.169.254",
    "169.254.0.0",
    "169.254.255.255",
    "169.254.169.254.",
    " 169.254.169.254 ",
    "2852039166",
    "0xA9FEA9FE",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "025177524776",
    "169.254.43518",
    "169.16689662",
    "169.254.0xa9.0376",
    "\uff11\uff16\uff19.254.169.254",
    "169\u3002254\u3002169\u3002254",
    "fe80::1",
    "FE80::1",
    "fe80::1%eth0",
    "fe80::1%25eth0",
    "[fe80::1]",
    "febf:ffff::1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "[::FFFF:169.254.169.254]",
    "0:0:0:0:0:ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
]
OTHERS = [
    "api.voicepartner.fr",
    "localhost",
    "127.0.0.1",
    "::1",
    "10.0.0.1",
    "169.253.0.1",
    "fec0::1",
    "169-254",
    "1",
    "",
]


@pytest.mark.parametrize("host", LINK_LOCAL)
def test_a_link_local_address_is_never_connected_to_even_if_the_list_names_it(host):
    with pytest.raises(HostRefused):
        check_host(host, None)
    with pytest.raises(HostRefused):
        check_host(host, parse_allowed_hosts(host.strip()))


@pytest.mark.parametrize("host", OTHERS)
def test_every_other_host_may_be_connected_to_without_a_list(host):
    check_host(host, None)
    check_address(host)


@given(st.integers(0, 2**16 - 1), st.data())
def test_no_spelling_of_the_system_leads_to_a_link_local_address(low, data):
    number = 0xA9FE0000 + low
    dotted = str(ipaddress.IPv4Address(number))
    spell = data.draw(st.sampled_from([str, hex, lambda value: f"0{value:o}", lambda _: dotted]))
    assert socket.inet_aton(spell(number)) == socket.inet_aton(dotted)
    with pytest.raises(HostRefused):
        check_address(spell(number))


@pytest.mark.parametrize(
    ("listed", "host"),
    [
        ("api.voicepartner.fr", "API.VoicePartner.fr"),
        ("API.voicepartner.fr.", "api.voicepartner.fr"),
        ("a.example, api.voicepartner.fr ,b.example", "api.voicepartner.fr"),
        ("127.0.0.1", "127.1"),
        ("127.0.0.1", "0x7f000001"),
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("::1", "[::1]"),
        ("[::1]", "0:0:0:0:0:0:0:1"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "BÜCHER.example"),
    ],
)
def test_a_host_of_the_list_may_be_connected_to_however_it_is_spelled(listed, host):
    check_host(host, parse_allowed_hosts(listed))


@pytest.mark.parametrize("host", ["example.fr", "evil-api.voicepartner.fr", "api.voicepartner.fr.example", "127.0.0.2"])
def test_a_host_outside_the_list_is_refused_and_the_list_is_shown(host):
    with pytest.raises(HostRefused) as refused:
        check_host(host, parse_allowed_hosts("api.voicepartner.fr,127.0.0.1"))
    assert f"`{host}`" in refused.value.message
    assert "api.voicepartner.fr" in refused.value.hint


def test_without_the_variable_all_are_allowed_and_with_an_empty_one_none():
    assert parse_allowed_hosts(None) is None
    assert parse_allowed_hosts(" , ") == frozenset()
    with pytest.raises(HostRefused):
        check_host("localhost", parse_allowed_hosts(""))


@pytest.mark.parametrize(
    "item", ["https://api.example.fr", "api.example.fr:443", "user@host", "a b", "*.example.fr", "-x", "a..b"]
)
def test_an_item_that_is_no_host_is_an_error_and_not_ignored(item):
    with pytest.raises(HostRefused) as refused:
        parse_allowed_hosts(f"api.voicepartner.fr,{item}")
    assert f"`{item}`" in refused.value.message


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.9.10", "127.1", "2130706433", "::1", "[::1]", "::ffff:127.0.0.1"],
)
def test_loopback_is_known_in_every_spelling(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "127.0.0.1.example", "10.0.0.1", "128.0.0.1", "::2", ""])
def test_what_only_resembles_loopback_is_not(host):
    assert not is_loopback(host)


@given(st.text(max_size=60))
def test_no_text_is_too_odd_to_be_judged(text):
    is_loopback(text)
    try:
        check_host(text, frozenset({"api.voicepartner.fr"}))
        parse_allowed_hosts(text)
    except HostRefused:
        pass
