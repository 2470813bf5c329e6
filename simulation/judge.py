"""The laws of one process: what it may request, record and send, and what it must have accounted for at its end."""

from __future__ import annotations

from collections.abc import Sequence

from runner.model.events import AccountStopped, CampaignStopped, ChunkAnswered, Ending, RunReport
from runner.model.ledger import ChunkStatus, NewChunk
from runner.sending.chunk import PATIENCE_TO_RECORD_S
from runner.sending.queue import OpenAccount, Queue
from runner.state.fence import Held
from simulation.books import LawBroken, spell
from simulation.files import spell_label
from simulation.process import Process
from simulation.provider import Request
from simulation.world import World

HOLD_FOR_S = 15 * 60.0
EVERYBODY = 10**9


def judge_probe(world: World, process: Process, held: Held, chunk: NewChunk) -> None:
    """A request that must be a probe is one."""
    label = spell_label(chunk.campaign, chunk.edition)
    campaign = next(campaign for campaign in process.project.campaigns if campaign.label == label)
    content = chunk.content.audio, chunk.content.notify_url
    why = world.laws.find_reason_to_probe(held.account_id, held.account, label, content)
    most, people = campaign.delivery.probe, len(chunk.pseudonyms)
    if why is not None and 0 < most < people:
        raise LawBroken(f"{people} people are no probe of at most {most}, and {why}")


def judge_recorded(world: World, process: Process, held: Held, chunk: NewChunk, name: str) -> None:
    """Only the newest holder of the lock records, and no more than `max_in_doubt`."""
    label = spell_label(chunk.campaign, chunk.edition)
    world.records.append((label, process))
    world.counts["chunks"] += 1
    process.tell(f"records {world.name_chunk(name)}: {len(chunk.pseudonyms)} people of {label}")
    judge_probe(world, process, held, chunk)
    stopped = [glob for glob in world.stopped if not glob or glob == chunk.campaign]
    if stopped:
        raise LawBroken(f"{label} is recorded, and was stopped by hand")
    if process.told_to_stop_s < process.connected_s:
        raise LawBroken(f"{process.name} was told to stop, and begins another chunk")
    holder = world.holders[held.account_id]
    if holder is not process:
        raise LawBroken(f"{process.name} records, and the lock is {holder.name}'s")
    in_doubt = world.laws.count_in_doubt(held.account_id, held.account)
    most = process.project.accounts[held.account].max_in_doubt
    if in_doubt > most:
        raise LawBroken(f"{in_doubt} chunks of `{held.account}` are in doubt, and at most {most} may be")


def judge_departure(world: World, process: Process, request: Request) -> None:
    """Nobody is sent to who was refused, or opted out more than 15 minutes before the run last looked."""
    refused = world.laws.read_refused()
    for number in request.numbers:
        run = refused.get((*request.content, number))
        if run in process.runs or (run is not None and (*request.content, number) in process.refused_seen):
            raise LawBroken(f"{spell((request.label, number))} was refused with this content, and is tried again")
    campaign = world.files.find_campaign(request.label.partition("@")[0])
    for number in request.numbers:
        excluded_at_s = campaign.excluded_at_s.get(number, float("inf"))
        # Whoever moves the clock moves the 15 minutes.
        if world.machine.moved_at_s < excluded_at_s < process.turned_s - HOLD_FOR_S:
            raise LawBroken(f"{spell((request.label, number))} opted out more than 15 minutes ago")


def judge_already_held(world: World, process: Process, label: str) -> None:
    """The last defence is met only by whom another process has overtaken."""
    later = world.records[process.records_seen :]
    if not any(recorded == label and other is not process for recorded, other in later):
        raise LawBroken(f"{process.name} would reach somebody of {label} again, whom nobody else has reached meanwhile")


def judge_swept(world: World, held: Held) -> None:
    """No chunk of the account is left under way by an earlier run."""
    left = world.laws.find_left_behind(held.account_id, held.run_id)
    if left:
        raise LawBroken(f"{len(left)} chunks are still `sending`, and their runs hold the lock no longer")


def judge_answered(process: Process, event: ChunkAnswered) -> None:
    """Keep in mind who was refused alone, until somebody is accepted."""
    alone = process.refused_alone.setdefault(event.label, [])
    if event.status is ChunkStatus.ACCEPTED:
        alone.clear()
    elif event.rows:
        alone.append(process.last_numbers[0])
        process.ever_refused.add((event.label, process.last_numbers[0]))
    if event.status is not ChunkStatus.REJECTED:
        process.reached += event.recipients
    if process.limit is not None and process.reached > process.limit:
        raise LawBroken(f"{process.reached} people are reached or in doubt, and the limit is {process.limit}")


def judge_account_stopped(world: World, process: Process, event: AccountStopped) -> None:
    """An answer is given up only when the state could not be written for a minute."""
    waited_s = world.machine.now_s - process.answered_s
    if "could not be recorded" in event.reason and waited_s < PATIENCE_TO_RECORD_S:
        raise LawBroken(f"an answer was given up after {waited_s:.0f} s")


def judge_stopped(world: World, process: Process, event: CampaignStopped) -> None:
    """Where it was no number's fault, nobody counts as refused."""
    if "refused alone" not in event.reason:
        return
    label = event.label
    alone = process.refused_alone[label]
    content = next(campaign.content for campaign in process.project.campaigns if campaign.label == label)
    heard = label, content.audio, content.notify_url
    # Whom another run saw refused since, by another key, that run blames.
    refused = {number: run for (*of, number), run in world.laws.read_refused().items() if tuple(of) == heard}
    blamed = [number for number in alone if refused.get(number) in process.runs]
    if blamed:
        raise LawBroken(f"{len(blamed)} people of {label} count as refused, though it was no number's fault")


def judge_end(world: World, process: Process, accounts: Sequence[OpenAccount], report: RunReport) -> None:
    """Whoever was planned waits, is held, is refused or was excluded; and the exit code says what is left."""
    left = 0
    for queue in (queue for account in accounts for queue in account.queues):
        left += _judge_queue(world, process, queue)
    if report.pending != left:
        raise LawBroken(f"the report counts {report.pending} who wait, and there are {left}")
    if left and report.ending is Ending.DONE:
        raise LawBroken(f"{left} people wait, and the run says that it is done")
    if left and report.exit_code == 0:
        raise LawBroken(f"{left} people wait, and the exit code is 0")
    if report.unknown_chunks and report.exit_code not in (1, 3):
        raise LawBroken(f"chunks are unknown, and the exit code is {report.exit_code}")


def _judge_queue(world: World, process: Process, queue: Queue) -> int:
    waiting: list[int] = []
    while queue.parts.pending:
        waiting += queue.parts.take(EVERYBODY).numbers
    label = queue.label
    if len(set(waiting)) != len(waiting):
        raise LawBroken(f"somebody of {label} waits twice")
    held = world.laws.read_held()
    content = label, queue.campaign.content.audio, queue.campaign.content.notify_url
    refused = {number for *of, number in world.laws.read_refused() if tuple(of) == content}
    excluded = world.files.find_campaign(queue.campaign.name).excluded_at_s
    released = {number for of, number in world.released[process.released_seen :] if of == label}
    others = any(of == label and other is not process for of, other in world.records[process.records_seen :])
    # Whom this run saw refused another run can have forgiven meanwhile, or this one without knowing it: they are
    # pending in the ledger, and whoever plans next finds them.
    forgiven = process.ever_refused if others or process.blurred else set()
    for number in process.planned[label]:
        known = (label, number) in held or number in refused or number in excluded or number in released
        known = known or (label, number) in forgiven
        if number not in waiting and not known:
            raise LawBroken(f"{spell((label, number))} is lost: planned, and neither waiting nor held")
        if number in waiting and (label, number) in held and not others and not process.blurred:
            raise LawBroken(f"{spell((label, number))} waits, and is held by this run")
    # Nobody waits in the queue any more, so that these are forgiven ones of earlier runs, whom the next plan finds.
    return len(waiting) + queue.parts.left
