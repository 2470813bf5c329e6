"""The file of a saved plan: small, without numbers, and refused wherever a byte of it is another."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import Place, Problem, Severity
from runner.model.approval import SEAL_BYTES, Mark, Narrowing
from runner.model.plan import Action, CampaignPlan, Change, Lane, Note, NoteKind, Plan, Rows
from runner.model.secret import Secret
from runner.plan.coding import decode, encode
from runner.plan.saved import PlanRefused, SavedPlan, check_signature, read_plan, write_plan
from runner.pseudonyms import Pseudonyms

KEY = Pseudonyms(Secret("k" * 32))
OTHER_KEY = Pseudonyms(Secret("o" * 32))

texts = st.text(max_size=12)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=2)
moments = st.datetimes(timezones=st.just(UTC))
places = st.builds(Place, path=texts, line=st.integers(1, 99), column=st.integers(1, 99), width=st.integers(1, 9))
problems = st.builds(
    Problem,
    code=texts,
    message=texts,
    place=st.none() | places,
    hint=st.none() | texts,
    excerpt=st.none() | texts,
    severity=st.sampled_from(Severity),
)
campaigns = st.builds(
    CampaignPlan,
    name=texts,
    edition=st.none() | texts,
    file=st.none() | texts,
    account=st.none() | texts,
    action=st.sampled_from(Action),
    rows=st.integers(0, 99).map(lambda pending: Rows(listed=pending, pending=pending)),
    changes=st.lists(st.builds(Change, field=texts, before=st.none() | texts, after=st.none() | texts)).map(tuple),
    requests=st.integers(0, 99),
    estimated_cost=st.none() | amounts,
    currency=st.none() | texts,
    estimated_seconds=st.none() | st.integers(0, 99),
    problems=st.lists(problems, max_size=2).map(tuple),
    note=st.none() | st.builds(Note, kind=st.sampled_from(NoteKind)),
    narrowing=st.none() | st.builds(Narrowing),
)
plans = st.builds(
    Plan,
    created_at=moments,
    runner_version=texts,
    plan_id=texts,
    meaning=texts,
    state_id=st.none() | texts,
    campaigns=st.lists(campaigns, max_size=3).map(tuple),
    estimated_seconds=st.integers(0, 99),
    finishes_at=st.none() | moments,
    timezone=texts,
    quiet_orphans=st.integers(0, 9),
    warnings=st.lists(problems, max_size=2).map(tuple),
    lanes=st.lists(st.builds(Lane, turn=st.floats(0, 99), answer=st.floats(0, 9)), max_size=2).map(tuple),
)


def save(people: int = 3, **values) -> SavedPlan:
    """A saved plan for so many people."""
    planned = CampaignPlan(
        name="recall",
        edition=None,
        file="campaigns/recall.yaml",
        account="main",
        action=Action.SEND,
        rows=Rows(listed=people, pending=people),
        estimated_cost=Decimal("0.45"),
        currency="EUR",
    )
    plan = Plan(
        created_at=datetime(2026, 11, 25, 10, tzinfo=UTC),
        runner_version="1.0.0",
        plan_id="a1" * 16,
        meaning="b2" * 32,
        state_id="c3" * 16,
        campaigns=(planned,),
    )
    seals = b"".join(sorted(KEY.of_number(33612000000 + number)[:SEAL_BYTES] for number in range(people)))
    saved = SavedPlan(plan=plan, mark=Mark(serial=4, last_chunk="bcdfghjkmn"), people={"recall": seals})
    return replace(saved, **values)


def refuses(content: bytes) -> bool:
    """Whether the file is refused, and not for a defect."""
    try:
        read_plan(content, "p.plan")
    except PlanRefused:
        return True
    return False


@given(plan=plans)
def test_a_plan_is_the_same_after_it_was_written_and_read(plan):
    assert decode(Plan, json.loads(json.dumps(encode(plan)))) == plan


def test_a_file_holds_what_was_saved():
    saved = save(variables=("region=lyon",), sandbox=True, language="fr", said={"recall": {"message.audio": "5f"}})
    content = write_plan(saved, KEY)
    assert read_plan(content, "p.plan") == saved
    check_signature(content, "p.plan", KEY)


def test_every_flipped_byte_and_every_cut_is_refused():
    content = write_plan(save(), KEY)
    for at in range(len(content)):
        for bit in (1, 0x80):
            flipped = bytearray(content)
            flipped[at] ^= bit
            assert refuses(bytes(flipped)), at
        assert refuses(content[:at]), at
    assert refuses(content + b"\n")


def test_a_file_that_somebody_made_without_the_key_is_refused():
    forged = write_plan(save(), OTHER_KEY)
    assert read_plan(forged, "p.plan") == save()
    with pytest.raises(PlanRefused) as refused:
        check_signature(forged, "p.plan", KEY)
    assert refused.value.code == "plan-altered"


@pytest.mark.parametrize(
    "manifest",
    [
        b"[" * 200_000,
        b'{"plan": ' * 200_000,
        json.dumps({"variables": [1]}).encode(),
        json.dumps({"said": {"recall": {"audio": 1}}}).encode(),
        json.dumps({"sandbox": "yes"}).encode(),
    ],
)
def test_a_manifest_that_nobody_wrote_so_is_refused_and_nothing_worse(manifest):
    content = write_plan(save(0), KEY)
    start = content.index(b"\n") + 1
    if manifest.endswith(b"}"):
        (length,) = struct.unpack_from(">Q", content, start)
        written = json.loads(zlib.decompress(content[start + 8 : start + 8 + length]))
        manifest = json.dumps(written | json.loads(manifest)).encode()
    deflated = zlib.compress(manifest)
    forged = content[:start] + struct.pack(">Q", len(deflated)) + deflated + content[-64:-32]
    assert refuses(forged + sha256(forged).digest())


@pytest.mark.parametrize("people", [500, 20_000])
def test_a_recipient_takes_at_most_20_bytes(people):
    assert len(write_plan(save(people), KEY)) <= 20 * people


def test_no_number_and_no_secret_is_in_the_file():
    secret = Secret("api-key-of-this-test")
    words = f"row 4 says 06 12 34 56 78 and {secret.open()}"
    path = "campaigns/0612345678.yaml"
    problem = Problem("source-unreadable", words, Place(path), hint=words, excerpt=words)
    saved = save()
    changes = (Change(field="x", before=words, after=words),)
    campaign = replace(saved.plan.campaigns[0], file=path, problems=(problem,), changes=changes)
    plan = replace(saved.plan, campaigns=(campaign,), warnings=(problem,))
    read = read_plan(write_plan(replace(saved, plan=plan), KEY), "p.plan")
    assert "12 34 56" not in repr(read)
    assert "123456" not in repr(read)
    assert secret.open() not in repr(read)


@given(st.binary(max_size=300))
def test_whatever_a_file_holds_it_is_refused_and_nothing_worse(content):
    assert refuses(content)
    assert refuses(b"campaign-plan 1\n" + content)
