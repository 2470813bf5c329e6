"""The run: accounts take turns as their windows permit, campaigns by priority, chunk after chunk."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import ceil

from runner.errors import (
    AlreadyHeld,
    CampaignStoppedByHand,
    LockLost,
    ProbeNeeded,
    ProblemsFound,
    RunnerError,
    StateRefused,
    StateUnavailable,
    TooManyInDoubt,
)
from runner.model.clock import Clock
from runner.model.events import AccountStopped, CampaignStopped, ChunkAnswered, Ending, Waiting
from runner.model.ledger import ChunkStatus
from runner.model.verdict import (
    Accepted,
    AccountRefused,
    ChunkRefused,
    ContentRefused,
    NotSent,
    RateLimited,
    Unknown,
    Verdict,
)
from runner.sending.chunk import AnswerNotRecorded, Outcome, StartRefused, Tell, send_chunk
from runner.sending.parts import Part
from runner.sending.queue import OpenAccount, Queue
from runner.sending.stop import Stop

LOOK_S = 3.0
"""How long a wait goes on without a look into the state whether somebody stopped the campaigns that wait."""
SLICE_S = 0.2
"""How long a wait goes on without a look at whether a signal came."""
TRIES_TO_CONNECT = 6
TOO_MANY_IN_A_ROW = 10
PATIENCE_FOR_RATE_S = 15 * 60.0


class Run:
    """One run of `apply`: what is sent after yes, until nothing is left or a reason to stop comes."""

    def __init__(self, accounts: Sequence[OpenAccount], *, clock: Clock, stop: Stop, tell: Tell) -> None:
        self._accounts = accounts
        self._clock = clock
        self._stop = stop
        self._tell = tell

    def carry_out(self) -> Ending:
        """Send until nothing is left, nothing more may be sent, or a reason to stop comes; say which it was."""
        while account := self._find_next():
            if ending := self._await_window(account):
                return ending
            self._send_next(account)
        queues = (queue for account in self._accounts for queue in account.queues)
        reasons = [*(account.stopped for account in self._accounts), *(queue.stopped for queue in queues)]
        return Ending.DONE if all(reason is None for reason in reasons) else Ending.STOPPED

    def end_unread(self, error: RunnerError) -> Ending:
        """Stop the accounts for an error that hides what is unknown: nobody could say that this run went well."""
        for account in self._accounts:
            # Whoever has ended in an error, or in doubt, has said more than that.
            if account.exit_code in {0, 2}:
                self._stop_account(account, error.message, exit_code=error.exit_code, hint=error.hint)
        return Ending.STOPPED

    def _find_next(self) -> OpenAccount | None:
        waiting = [account for account in self._accounts if account.next_queue is not None]
        return min(waiting, key=lambda account: account.window.wait_s(), default=None)

    def _await_window(self, account: OpenAccount) -> Ending | None:
        wait_s = account.window.wait_s()
        if wait_s > 0 and self._stop.find_reason(wait_s) is None:
            self._tell(Waiting(at=self._clock.now(), seconds=wait_s, why=account.window.why, account=account.name))
        looked_s = self._clock.read().boottime_s
        while account.next_queue is not None and (left_s := account.window.wait_s()) > 0:
            if ending := self._stop.find_reason(left_s):
                return ending
            self._clock.wait(min(left_s, SLICE_S))
            if self._clock.read().boottime_s - looked_s >= LOOK_S:
                self._heed_hands(account)
                looked_s = self._clock.read().boottime_s
        return self._stop.find_reason()

    def _heed_hands(self, account: OpenAccount) -> None:
        """Stop what somebody stopped by hand meanwhile, on whatever machine."""
        # Where the state can't be read just now, the recording of the next chunk will tell.
        with suppress(StateUnavailable):
            stops = account.door.state.ledger.stops()
            for queue in (queue for queue in account.queues if queue.waits):
                for stop in (stop for stop in stops if stop.covers(queue.campaign)):
                    self._stop_campaign(queue, stop.describe(), exit_code=2, hint=stop.describe_end())

    def _send_next(self, account: OpenAccount) -> None:
        """Send one chunk of the campaign whose turn it is. What goes wrong with the state stops this account alone."""
        queue = account.next_queue
        if queue is None:
            return
        try:
            queue.refresh_exclusions(self._clock.now())
            closing = queue.find_closing(self._clock.now(), account.door.account.timezone)
            if closing is not None:
                self._stop_campaign(queue, closing, exit_code=2, hint=None)
            elif queue.parts.pending:
                self._send_chunk(queue, account)
        except ProblemsFound as found:
            first = found.problems[0]
            self._stop_campaign(queue, first.message, exit_code=1, hint=first.hint)
        except RunnerError as error:
            self._stop_account(account, error.message, exit_code=error.exit_code, hint=error.hint)

    def _send_chunk(self, queue: Queue, account: OpenAccount) -> None:
        part, chunk = account.cut_chunk(queue, self._stop.most(queue.parts.pending))
        try:
            outcome = send_chunk(chunk, account.door, self._tell, self._refuse_late)
        except StartRefused:
            queue.parts.put_back(part)
        except ProbeNeeded:
            # Another run has heard no answer meanwhile: the same people wait for a smaller request.
            queue.parts.put_back(part)
            account.doubtful = True
        except (AlreadyHeld, CampaignStoppedByHand) as error:
            queue.parts.put_back(part)
            self._stop_campaign(queue, error.message, exit_code=error.exit_code, hint=error.hint)
        except AnswerNotRecorded as error:
            self._tell_unrecorded(error, part, queue)
            raise
        except (LockLost, TooManyInDoubt, StateRefused, StateUnavailable):
            queue.parts.put_back(part)
            raise
        else:
            self._follow(outcome, part, queue, account)

    def _refuse_late(self) -> None:
        """The last look before a chunk is recorded: while it was cut and connected, a reason to stop may have come."""
        if self._stop.find_reason() is not None:
            raise StartRefused

    def _follow(self, outcome: Outcome, part: Part, queue: Queue, account: OpenAccount) -> None:
        """Draw the consequences of an outcome for the part, its campaign and its account."""
        verdict = outcome.verdict
        self._tell_answer(outcome, part, queue)
        account.note(verdict, outcome.ended)
        match verdict:
            case Accepted():
                self._follow_acceptance(verdict, part, queue, account)
            case Unknown():
                self._stop.reached += len(part.numbers)
            case ChunkRefused() if len(part.numbers) > 1:
                queue.parts.halve(part)
            case ChunkRefused():
                self._follow_refusal_alone(verdict, outcome.chunk or "", part, queue, account)
            case _:
                queue.parts.put_back(part)
                self._follow_return(verdict, queue, account)

    def _follow_return(self, verdict: Verdict, queue: Queue, account: OpenAccount) -> None:
        match verdict:
            case ContentRefused():
                hint = "mend `message` or `notify` of the campaign, then apply again"
                self._stop_campaign(queue, verdict.reason, exit_code=1, hint=hint)
            case AccountRefused():
                hint = "mend the account in campaigns.yaml or at the provider, then apply again"
                self._stop_account(account, verdict.reason, exit_code=1, hint=hint)
            case RateLimited():
                self._follow_rate_limit(verdict, account)
            case NotSent():
                self._follow_failure(verdict, account)

    def _follow_acceptance(self, verdict: Accepted, part: Part, queue: Queue, account: OpenAccount) -> None:
        self._stop.reached += len(part.numbers)
        account.window.note_accepted()
        queue.accepted = True
        queue.parts.note_accepted()
        said = queue.judge_audio_name(verdict.acceptance.audio_name)
        if said is not None:
            hint = "listen to it; then set `message.audio` to the right one, or `message.audio_name` to its name"
            self._stop_campaign(queue, said, exit_code=1, hint=hint)

    def _follow_refusal_alone(
        self, verdict: ChunkRefused, chunk: str, part: Part, queue: Queue, account: OpenAccount
    ) -> None:
        queue.parts.note_refused_alone(part, chunk)
        innocent = queue.parts.find_innocent()
        if innocent:
            account.door.state.ledger.forgive_refused(account.door.held, innocent)
            queue.parts.forgive()
            reason = f"{len(innocent)} numbers in a row were refused alone, so it is no number: {verdict.reason}"
            hint = "check the recording, the sender and the notification of the campaign, then apply again"
            self._stop_campaign(queue, reason, exit_code=1, hint=hint)

    def _follow_rate_limit(self, verdict: RateLimited, account: OpenAccount) -> None:
        account.window.note_too_many(verdict.retry_after)
        for_s = self._clock.read().boottime_s - account.too_many_since_s + account.window.wait_s()
        if account.too_many >= TOO_MANY_IN_A_ROW or for_s >= PATIENCE_FOR_RATE_S:
            times = "once" if account.too_many == 1 else f"{account.too_many} times in a row"
            reason = f"the provider said {times} that there are too many requests"
            minutes = ceil(account.window.wait_s() / 60)
            later = f"in {minutes:,} minutes" if minutes > 1 else "later"
            hint = f"somebody else may be using the key: apply again {later} to go on"
            self._stop_account(account, reason, exit_code=2, hint=hint)

    def _follow_failure(self, verdict: NotSent, account: OpenAccount) -> None:
        if verdict.final or account.failures >= TRIES_TO_CONNECT:
            tries = "" if verdict.final else f" ({account.failures} tries)"
            hint = "nothing was sent; check the network and the account's `base_url`, then apply again"
            self._stop_account(account, f"{verdict.reason}{tries}", exit_code=1, hint=hint)
        else:
            account.window.close_for(2.0 ** (account.failures - 2), "the next try to connect")

    def _tell_answer(self, outcome: Outcome, part: Part, queue: Queue) -> None:
        if outcome.chunk is None:
            return
        alone = isinstance(outcome.verdict, ChunkRefused) and len(part.numbers) == 1
        acceptance = outcome.verdict.acceptance if isinstance(outcome.verdict, Accepted) else None
        self._tell(
            ChunkAnswered(
                at=self._clock.now(),
                label=queue.label,
                chunk=outcome.chunk,
                status=outcome.status,
                recipients=len(part.numbers),
                cost=acceptance.cost if acceptance is not None else None,
                currency=acceptance.currency if acceptance is not None else None,
                reason=outcome.find_remark(len(part.numbers)),
                rows=(queue.name_row(part.numbers[0]),) if alone else (),
            )
        )

    def _tell_unrecorded(self, error: AnswerNotRecorded, part: Part, queue: Queue) -> None:
        """Whatever the answer was, the ledger holds its chunk in doubt."""
        self._stop.reached += len(part.numbers)
        self._tell(
            ChunkAnswered(
                at=self._clock.now(),
                label=queue.label,
                chunk=error.chunk,
                status=ChunkStatus.UNKNOWN,
                recipients=len(part.numbers),
                reason=error.message,
            )
        )

    def _stop_campaign(self, queue: Queue, reason: str, *, exit_code: int, hint: str | None) -> None:
        queue.stopped, queue.exit_code = reason, exit_code
        self._tell(CampaignStopped(at=self._clock.now(), label=queue.label, reason=reason, hint=hint))

    def _stop_account(self, account: OpenAccount, reason: str, *, exit_code: int, hint: str | None) -> None:
        account.stopped, account.exit_code = reason, exit_code
        self._tell(AccountStopped(at=self._clock.now(), account=account.name, reason=reason, hint=hint))
