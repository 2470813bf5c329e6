"""What a campaign's people hear, as the ledger keeps it, and what of it has changed since the first chunk."""

from __future__ import annotations

from runner.model.config import Account, Content
from runner.model.ledger import CampaignRecord, KeptContent
from runner.model.plan import Change
from runner.model.secret import scrub_secrets
from runner.numbers import mask_number, mask_numbers
from runner.pseudonyms import Pseudonyms


def keep_content(content: Content, pseudonyms: Pseudonyms) -> KeptContent:
    """The content without its telephone number: the sender becomes a pseudonym and a masked text."""
    sender = content.sender
    return KeptContent(
        audio=content.audio,
        notify_email=content.notify_email,
        sender_pseudonym=pseudonyms.of_sender(sender) if sender is not None else None,
        sender_masked=mask_number(sender) if sender is not None else None,
        notify_url=content.notify_url,
        schedule=content.schedule,
    )


def find_account_changes(record: CampaignRecord, account: Account) -> tuple[Change, ...]:
    """What differs of the account, and of its address, from that of the campaign's first chunk."""
    changes = []
    if record.first_account not in (None, account.name):
        changes.append(Change(field="account", before=record.first_account, after=account.name))
    if record.first_base_url not in (None, account.base_url.text):
        changes.append(Change(field="account.base_url", before=record.first_base_url, after=account.base_url.text))
    return tuple(changes)


def find_changes(before: KeptContent | None, after: KeptContent) -> tuple[Change, ...]:
    """The fields in which today's content differs from that of the campaign's first chunk; none before there is one."""
    if before is None or before.digest == after.digest:
        return ()
    changes = [
        Change(field="message.audio", before=before.audio, after=after.audio),
        Change(field="notify.email", before=before.notify_email, after=after.notify_email),
        Change(field="notify.url", before=before.notify_url, after=after.notify_url),
        Change(field="schedule", before=before.schedule, after=after.schedule),
    ]
    if before.sender_pseudonym != after.sender_pseudonym:
        changes.insert(1, Change(field="message.sender", before=before.sender_masked, after=after.sender_masked))
    return tuple(c for c in changes if c.before != c.after or c.field == "message.sender")


def hide_numbers(text: str, pseudonyms: Pseudonyms) -> str:
    """The text without telephone numbers and secrets; one that may hold any is told apart by a keyed hash behind it."""
    shown = scrub_secrets(mask_numbers(text))
    return shown if shown == text else f"{shown} #{pseudonyms.of_said(text).hex()}"
