"""A plan as a file: written once, shown again, and held against change.

The file is one line that names the format, the manifest (JSON, deflated), the seals of the people campaign by campaign
(12 bytes each, sorted), a signature by a key derived from the state's, and a checksum of all before it. The checksum
lets anybody see that the file is whole; the signature lets whoever has the state's key see that nobody altered it.
"""

from __future__ import annotations

import hmac
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import accumulate

from runner.errors import Problem, RunnerError
from runner.model.approval import SEAL_BYTES, Approval, Mark
from runner.model.plan import CampaignPlan, Change, Plan
from runner.model.secret import scrub_secrets
from runner.numbers import mask_name, mask_numbers
from runner.plan.coding import decode, encode
from runner.plan.content import hide_numbers
from runner.pseudonyms import Pseudonyms

MAGIC = b"campaign-plan "
FORMAT_VERSION = 1
DIGEST_BYTES = 32
MOST_MANIFEST_BYTES = 256 << 20
UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    struct.error,
    zlib.error,
)
"""What content that nobody wrote so may lead to."""
_HEAD = struct.Struct(">Q")
"""How many bytes the deflated manifest has."""

Said = Mapping[str, str]
"""What a campaign and its account say, by field, without telephone numbers."""


class PlanRefused(RunnerError):
    """A saved plan can't be carried out, or can't be read."""

    code = "plan-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan with all that `apply` needs to carry it out and to refuse it.

    `mark` is the state's moment when it was made; `said` is what its campaigns said, by label; `people` their seals;
    `variables` and `sandbox` what it was planned with, `language` how its documents are written.
    """

    plan: Plan
    mark: Mark
    variables: tuple[str, ...] = ()
    sandbox: bool = False
    language: str = "en"
    said: Mapping[str, Said] = field(default_factory=dict)
    people: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def approval(self) -> Approval:
        """The upper bound that it sets."""
        return Approval(plan_id=self.plan.plan_id, planned_at=self.plan.created_at, people=self.people)


def write_plan(saved: SavedPlan, pseudonyms: Pseudonyms) -> bytes:
    """The bytes of the file."""
    manifest = {
        "plan": encode(_hide_numbers(saved.plan)),
        "mark": encode(saved.mark),
        "variables": list(saved.variables),
        "sandbox": saved.sandbox,
        "language": saved.language,
        "said": encode(saved.said),
        "people": {label: len(seals) // SEAL_BYTES for label, seals in saved.people.items()},
    }
    deflated = zlib.compress(json.dumps(manifest, separators=(",", ":")).encode(), 9)
    head = b"%s%d\n" % (MAGIC, FORMAT_VERSION)
    content = b"".join([head, _HEAD.pack(len(deflated)), deflated, *saved.people.values()])
    signed = content + pseudonyms.sign_plan(content)
    return signed + sha256(signed).digest()


def read_plan(content: bytes, name: str) -> SavedPlan:
    """The plan in the file of this name. Raises PlanRefused where it is none, newer, cut or altered."""
    if not content.startswith(MAGIC):
        hint = "`campaign plan -o FILE` writes one"
        raise PlanRefused(f"`{name}` is no saved plan", hint=hint, code="plan-unreadable")
    version = content[len(MAGIC) : len(MAGIC) + 12].partition(b"\n")[0]
    if sha256(content[:-DIGEST_BYTES]).digest() != content[-DIGEST_BYTES:]:
        raise _tell_altered(name)
    if version != b"%d" % FORMAT_VERSION:
        message = f"`{name}` has format {version.decode('ascii', 'replace')}, and this release knows {FORMAT_VERSION}"
        hint = "use the release that wrote it, or plan anew"
        raise PlanRefused(message, hint=hint, code="plan-newer")
    try:
        return _read_content(content[len(MAGIC) + len(version) + 1 : -2 * DIGEST_BYTES])
    except UNREADABLE as error:
        raise _tell_altered(name) from error


def begins_as_plan(beginning: bytes) -> bool:
    """Whether a file that begins with these bytes, its whole first line among them, says that it is a saved plan."""
    line, end, _ = beginning.partition(b"\n")
    return bool(end) and line.startswith(MAGIC) and line.removeprefix(MAGIC).isdigit()


def check_signature(content: bytes, name: str, pseudonyms: Pseudonyms) -> None:
    """Raise PlanRefused where the file was written by somebody without the state's key."""
    signature = content[-2 * DIGEST_BYTES : -DIGEST_BYTES]
    if not hmac.compare_digest(pseudonyms.sign_plan(content[: -2 * DIGEST_BYTES]), signature):
        raise _tell_altered(name)


def hide_numbers_in(said: Said, pseudonyms: Pseudonyms) -> dict[str, str]:
    """What is said, without telephone numbers: a text that may hold one is masked, and told apart by a keyed hash."""
    return {name: hide_numbers(text, pseudonyms) for name, text in said.items()}


def _read_content(content: bytes) -> SavedPlan:
    (length,) = _HEAD.unpack_from(content)
    inflating = zlib.decompressobj()
    text = inflating.decompress(content[_HEAD.size : _HEAD.size + length], MOST_MANIFEST_BYTES)
    if inflating.unconsumed_tail or not inflating.eof:
        raise ValueError("the manifest is not whole, or too large")
    manifest = json.loads(text)
    return SavedPlan(
        plan=decode(Plan, manifest["plan"]),
        mark=decode(Mark, manifest["mark"]),
        variables=tuple(decode(str, variable) for variable in manifest["variables"]),
        sandbox=decode(bool, manifest["sandbox"]),
        language=decode(str, manifest["language"]),
        said={label: {name: decode(str, text) for name, text in f.items()} for label, f in manifest["said"].items()},
        people=_cut_people(content[_HEAD.size + length :], manifest["people"]),
    )


def _cut_people(seals: bytes, counts: Mapping[str, int]) -> dict[str, bytes]:
    ends = list(accumulate(count * SEAL_BYTES for count in counts.values()))
    if len(seals) != (ends[-1] if ends else 0):
        raise ValueError("the people are not those that the manifest counts")
    starts: Sequence[int] = [0, *ends]
    return {label: seals[start:end] for label, start, end in zip(counts, starts, ends, strict=False)}


def _tell_altered(name: str) -> PlanRefused:
    message = f"`{name}` was altered or is not whole: nothing of it can be trusted"
    return PlanRefused(message, hint="fetch it again from where it was made, or plan anew", code="plan-altered")


def _hide_numbers(plan: Plan) -> Plan:
    """The plan as it may be kept: no telephone number and no secret in any of its words."""
    return replace(
        plan,
        campaigns=tuple(map(_hide_in_campaign, plan.campaigns)),
        warnings=tuple(map(_hide_in_problem, plan.warnings)),
    )


def _hide_in_campaign(campaign: CampaignPlan) -> CampaignPlan:
    return replace(
        campaign,
        file=mask_name(campaign.file) if campaign.file is not None else None,
        changes=tuple(map(_hide_in_change, campaign.changes)),
        problems=tuple(map(_hide_in_problem, campaign.problems)),
    )


def _hide_in_change(change: Change) -> Change:
    return replace(change, before=_hide(change.before), after=_hide(change.after))


def _hide_in_problem(problem: Problem) -> Problem:
    return replace(
        problem,
        place=replace(problem.place, path=mask_name(problem.place.path)) if problem.place is not None else None,
        message=_hide(problem.message) or "",
        hint=_hide(problem.hint),
        excerpt=_hide(problem.excerpt),
    )


def _hide(text: str | None) -> str | None:
    return None if text is None else scrub_secrets(mask_numbers(text))
