"""What a campaign's people hear, as the ledger keeps it, and what of it has changed since the first chunk."""

from __future__ import annotations

import re

from runner.model.config import Account, Content
from runner.model.ledger import CampaignRecord, KeptContent
from runner.model.plan import Change
from runner.model.secret import scrub_secrets
from runner.numbers import mask_number, mask_numbers, mask_written
from runner.pseudonyms import Pseudonyms

_HASH = re.compile(r" #([0-9a-f]{4})[0-9a-f]{28}\Z")
"""What tells a text apart that is kept without its numbers; the first of its digits do so for a reader."""


def keep_content(content: Content, pseudonyms: Pseudonyms) -> KeptContent:
    """The content without any telephone number: the sender becomes a pseudonym and a masked text."""
    sender, url = content.sender, content.notify_url
    return KeptContent(
        audio=_keep_text(content.audio, pseudonyms),
        notify_email=_keep_text(content.notify_email, pseudonyms),
        sender_pseudonym=pseudonyms.of_sender(sender) if sender is not None else None,
        sender_masked=mask_number(sender) if sender is not None else None,
        notify_url=_keep_text(url, pseudonyms) if url is not None else None,
        schedule=content.schedule,
    )


def list_kept_audios(audio: str, pseudonyms: Pseudonyms) -> tuple[str, ...]:
    """The texts under which a ledger may know this recording: as it is kept, and as an older release kept it."""
    return tuple(dict.fromkeys((_keep_text(audio, pseudonyms), audio)))


def find_account_changes(record: CampaignRecord, account: Account) -> tuple[Change, ...]:
    """What differs of the account, and of its address, from that of the campaign's first chunk."""
    changes = []
    if record.first_account not in (None, account.name):
        changes.append(Change(field="account", before=record.first_account, after=account.name))
    if record.first_base_url not in (None, account.base_url.text):
        changes.append(Change(field="account.base_url", before=record.first_base_url, after=account.base_url.text))
    return tuple(changes)


def find_changes(before: KeptContent | None, after: KeptContent, pseudonyms: Pseudonyms) -> tuple[Change, ...]:
    """The fields in which today's content differs from that of the campaign's first chunk; none before there is one."""
    if before is None:
        return ()
    fields = [
        ("message.audio", before.audio, after.audio),
        ("notify.email", before.notify_email, after.notify_email),
        ("notify.url", before.notify_url, after.notify_url),
        ("schedule", before.schedule, after.schedule),
    ]
    changes = [
        Change(field=field, before=_show(then), after=_show(now))
        for field, then, now in fields
        # An older release kept a text as it was written.
        if now not in (then, then and _keep_text(then, pseudonyms))
    ]
    if before.sender_pseudonym != after.sender_pseudonym:
        at = 1 if changes and changes[0].field == "message.audio" else 0
        changes.insert(at, Change(field="message.sender", before=before.sender_masked, after=after.sender_masked))
    return tuple(changes)


def hide_numbers(text: str, pseudonyms: Pseudonyms) -> str:
    """The text without telephone numbers and secrets; one that may hold any is told apart by a keyed hash behind it."""
    return _tell_apart(scrub_secrets(mask_numbers(text)), text, pseudonyms)


def _keep_text(text: str, pseudonyms: Pseudonyms) -> str:
    # Secrets are not looked for, as `hide_numbers` does: which ones a process has held differs from run to run, and
    # two runs must keep one content alike.
    return _tell_apart(mask_written(text), text, pseudonyms)


def _tell_apart(shown: str, text: str, pseudonyms: Pseudonyms) -> str:
    return shown if shown == text else f"{shown} #{pseudonyms.of_said(text).hex()}"


def _show(kept: str | None) -> str | None:
    return None if kept is None else _HASH.sub(r" #\1", kept)
