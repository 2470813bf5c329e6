"""The lines of the product that keep people safe, and how each of them can be broken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One line of the product, broken: in `file`, `old` (which stands there once) becomes `new`.

    `keeps` is the promise that hangs on the line.
    """

    name: str
    file: str
    old: str
    new: str
    keeps: str

    def breaks(self, text: str) -> str:
        """The text of its file, broken. Raises ValueError where the line does not stand there exactly once."""
        if text.count(self.old) != 1:
            raise ValueError(f"mutant `{self.name}`: its line stands {text.count(self.old)} times in {self.file}")
        return text.replace(self.old, self.new)


MUTANTS = (
    Mutant(
        name="fence not checked",
        file="runner/state/fence.py",
        old="if loss is not None:",
        new="if False:",
        keeps="whoever lost the lock records nothing",
    ),
    Mutant(
        name="epoch not raised",
        file="runner/state/lock.py",
        old='"epoch": row.epoch + 1})\n    return row.id, row.epoch + 1',
        new='"epoch": row.epoch})\n    return row.id, row.epoch',
        keeps="a lock that was lost without a word is noticed",
    ),
    Mutant(
        name="two rows for one person",
        file="runner/state/tables.py",
        old='primary_key=True),\n    Column("chunk_id", Integer, nullable=False),\n    ForeignKeyConstraint(["chunk_id"]',
        new='primary_key=True),\n    Column("chunk_id", Integer, primary_key=True),\n    ForeignKeyConstraint(["chunk_id"]',
        keeps="the database itself refuses anybody twice",
    ),
    Mutant(
        name="doubt not counted",
        file="runner/state/recording.py",
        old="if in_doubt >= max_in_doubt:",
        new="if False:",
        keeps="at most max_in_doubt chunks in doubt",
    ),
    Mutant(
        name="one more in doubt",
        file="runner/state/recording.py",
        old="if in_doubt >= max_in_doubt:",
        new="if in_doubt > max_in_doubt:",
        keeps="at most max_in_doubt chunks in doubt",
    ),
    Mutant(
        name="doubt not counted by name",
        file="runner/state/chunks.py",
        old='return or_(chunks.c.account_id == bindparam("account_id"), chunks.c.account == bindparam("account"))',
        new='return chunks.c.account_id == bindparam("account_id")',
        keeps="a new key frees no place in doubt",
    ),
    Mutant(
        name="dead runs not swept",
        file="runner/state/settlement.py",
        old="if row.account_id == held.account_id or _has_ended(connection, row.name, now)",
        new="if False",
        keeps="what a dead run left is found by the next",
    ),
    Mutant(
        name="lost is rejected",
        file="runner/sending/chunk.py",
        old="return Unknown(answer.reason), answer.ended",
        new="return NotSent(answer.reason), answer.ended",
        keeps="what may have been taken is never sent again by itself",
    ),
    Mutant(
        name="recorded after sending",
        file="runner/sending/chunk.py",
        old="""        before_first_byte=record_sending,
        clock=door.clock,
        proxy=door.proxy,
        allowed_hosts=door.allowed_hosts,
    )
""",
        new="""        before_first_byte=lambda: None,
        clock=door.clock,
        proxy=door.proxy,
        allowed_hosts=door.allowed_hosts,
    )
    record_sending()
""",
        keeps="people are held before their request leaves",
    ),
    Mutant(
        name="no probe after doubt",
        file="runner/state/chunks.py",
        old="asked = (is_account(), answered | doubted, ~chunks.c.adopted)",
        new="asked = (is_account(), answered, ~chunks.c.adopted)",
        keeps="an outage leaves few people in doubt",
    ),
    Mutant(
        name="no probe of new content",
        file="runner/sending/queue.py",
        old="(not queue.accepted or self.doubtful)",
        new="self.doubtful",
        keeps="a wrong recording reaches few",
    ),
    Mutant(
        name="probe as large as any",
        file="runner/sending/queue.py",
        old="min(most, size, probe) if probes else",
        new="min(most, size) if probes else",
        keeps="a probe is small",
    ),
    Mutant(
        name="a settled doubt ends probing",
        file="runner/state/chunks.py",
        old="doubted = (chunks.c.status == ChunkStatus.UNKNOWN) | chunks.c.settled_at.is_not(None)",
        new="doubted = chunks.c.status == ChunkStatus.UNKNOWN",
        keeps="only the provider's answer ends probing",
    ),
    Mutant(
        name="one request more a window",
        file="runner/sending/pacing.py",
        old="self._limits = tuple(limits)",
        new="self._limits = tuple(Limits(requests=limit.requests + 1, per=limit.per) for limit in limits)",
        keeps="never above the limit",
    ),
    Mutant(
        name="earlier runs not paced",
        file="runner/sending/queue.py",
        old="return Window(limits, doors[0].state.ledger.departures(doors[0].held, newest=newest), doors[0].clock)",
        new="return Window(limits, (), doors[0].clock)",
        keeps="never above the limit, over restarts",
    ),
    Mutant(
        name="unanswered not paced",
        file="runner/state/chunks.py",
        old='rows = [*ended, *connection.execute(OPEN_REQUESTS, {"account_id": held.account_id})]',
        new="rows = [*ended]",
        keeps="never above the limit, after a kill",
    ),
    Mutant(
        name="unanswered end at their start",
        file="runner/sending/pacing.py",
        old="return now.boottime_s - _age_s(departure.started, now) + 2 * departure.timeout.total_seconds()",
        new="return now.boottime_s - _age_s(departure.started, now)",
        keeps="never above the limit, after a freeze",
    ),
    Mutant(
        name="own requests not paced",
        file="runner/sending/queue.py",
        old="        if ended is not None:\n            self.window.note_end(ended)\n",
        new="",
        keeps="never above the limit",
    ),
    Mutant(
        name="one limit of two",
        file="runner/sending/queue.py",
        old="limits = [door.account.limits for door in doors]",
        new="limits = [doors[0].account.limits]",
        keeps="never above the limit of either name of a key",
    ),
    Mutant(
        name="paced by the wall clock",
        file="runner/sending/pacing.py",
        old='if then.boot_id == now.boot_id and then.boot_id != "unknown":',
        new="if False:",
        keeps="never above the limit, whoever sets the clock",
    ),
    Mutant(
        name="paced across boots by time since boot",
        file="runner/sending/pacing.py",
        old='if then.boot_id == now.boot_id and then.boot_id != "unknown":',
        new="if True:",
        keeps="never above the limit, after a boot",
    ),
    Mutant(
        name="retry-after not heeded",
        file="runner/sending/run.py",
        old="account.window.note_too_many(verdict.retry_after)",
        new="pass",
        keeps="the provider's word on when to come back",
    ),
    Mutant(
        name="released not freed",
        file="runner/state/settlement.py",
        old="    if not accepted:\n        free_people(connection, found)",
        new="",
        keeps="nobody lost: who was not sent to is pending again",
    ),
    Mutant(
        name="rejected not freed",
        file="runner/state/answers.py",
        old='    connection.execute(FREE, {**_name_chunk(found), "people": list(people)})\n',
        new="",
        keeps="nobody lost: who was rejected is pending again",
    ),
    Mutant(
        name="refused are tried again",
        file="runner/state/people.py",
        old='refused.c.pseudonym > bindparam("after"), ~_HELD_NOW)',
        new='refused.c.pseudonym > bindparam("after"), ~_HELD_NOW, False)',
        keeps="a number that was refused alone is not tried again",
    ),
    Mutant(
        name="nobody is forgiven",
        file="runner/state/answers.py",
        old="    connection.execute(delete(refused).where(refused.c.chunk_id.in_(forgiven)))\n",
        new="",
        keeps="nobody lost: a bad recording is no number's fault",
    ),
    Mutant(
        name="the forgiven don't wait",
        file="runner/sending/parts.py",
        old="        self._parts.extend(forgiven)\n",
        new="",
        keeps="nobody lost: the report counts everybody",
    ),
    Mutant(
        name="settled while it may be sent",
        file="runner/state/settlement.py",
        old="        _refuse_sending(connection, chunk, clock.read())\n",
        new="        pass\n",
        keeps="no chunk is set free while a frozen process may send it",
    ),
    Mutant(
        name="settled after half a timeout",
        file="runner/state/settlement.py",
        old="return 2 * sender.timeout - passed",
        new="return sender.timeout / 2 - passed",
        keeps="no chunk is set free while a frozen process may still send it",
    ),
    Mutant(
        name="settled by the wall clock",
        file="runner/state/settlement.py",
        old='if now.boot_id == recorded.boot_id and now.boot_id != "unknown":',
        new="if False:",
        keeps="no chunk is set free early, whoever sets the clock",
    ),
    Mutant(
        name="unknown waits again",
        file="runner/sending/run.py",
        old="            case Unknown():\n                self._stop.reached += len(part.numbers)\n",
        new="            case Unknown():\n                queue.parts.put_back(part)\n                self._stop.reached += len(part.numbers)\n",
        keeps="what may have been taken is never sent again by itself",
    ),
    Mutant(
        name="doubt is free under --limit",
        file="runner/sending/run.py",
        old="            case Unknown():\n                self._stop.reached += len(part.numbers)\n",
        new="            case Unknown():\n                pass\n",
        keeps="--limit counts whoever may have been reached",
    ),
    Mutant(
        name="half of a half is lost",
        file="runner/sending/parts.py",
        old="for side, numbers in enumerate((part.numbers[:middle], part.numbers[middle:])):",
        new="for side, numbers in enumerate((part.numbers[:middle],)):",
        keeps="nobody lost by halving",
    ),
    Mutant(
        name="the rest of a part is lost",
        file="runner/sending/parts.py",
        old="        self._parts.append(Part(part.numbers[most:], part.half, part.parent))\n",
        new="",
        keeps="nobody lost where a part is larger than a probe",
    ),
    Mutant(
        name="what was not sent is lost",
        file="runner/sending/run.py",
        old="            case _:\n                queue.parts.put_back(part)\n",
        new="            case _:\n",
        keeps="nobody lost where nothing could be sent",
    ),
    Mutant(
        name="exclusions empty the parts",
        file="runner/sending/parts.py",
        old="self._parts = [part for part in kept if part.numbers]",
        new="self._parts = []",
        keeps="nobody lost where exclusions are read again",
    ),
    Mutant(
        name="exclusions not read again",
        file="runner/sending/queue.py",
        old="            self.parts.exclude(self.reread_excluded())\n",
        new="",
        keeps="whoever opts out is not called hours later",
    ),
    Mutant(
        name="stopped by hand goes on",
        file="runner/state/recording.py",
        old="    if known.stopped:\n",
        new="    if False:\n",
        keeps="`campaign stop` holds from any machine",
    ),
    Mutant(
        name="an answer is given up at once",
        file="runner/sending/chunk.py",
        old="if door.clock.read().boottime_s >= give_up_s:",
        new="if True:",
        keeps="an answer is recorded as soon as the state can be written again",
    ),
    Mutant(
        name="one edition for another",
        file="runner/state/chunks.py",
        old='return (campaigns.c.name == bindparam("campaign")) & campaigns.c.edition.is_not_distinct_from(bindparam("edition"))',
        new='return campaigns.c.name == bindparam("campaign")',
        keeps="a campaign is its name and its edition",
    ),
    Mutant(
        name="a content without its URL",
        file="runner/model/ledger.py",
        old="self.notify_email, self.notify_url, self.schedule]",
        new="self.notify_email, self.schedule]",
        keeps="a content is all that people get and who answers for it",
    ),
    Mutant(
        name="told to stop goes on",
        file="runner/sending/run.py",
        old="        if self._stop.find_reason() is not None:\n            raise StartRefused",
        new="        pass",
        keeps="no new chunk starts after a signal",
    ),
    Mutant(
        name="settled by hand is not paced",
        file="runner/state/chunks.py",
        old="OPEN_REQUESTS = _select_requests().where(chunks.c.ended_at.is_(None))",
        new="OPEN_REQUESTS = _select_requests().where(chunks.c.ended_at.is_(None), chunks.c.status.in_(sorted(IN_DOUBT)))",
        keeps="never above the limit, after an operator settled what a dead run left",
    ),
)
