"""From a project to its state: references are looked up, the pin is held against it, CI is asked for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runner.cli.context import Invocation
from runner.errors import Problem, Severity, StateRefused
from runner.hosts import VARIABLE as ALLOW_HOSTS
from runner.hosts import check_host, parse_allowed_hosts
from runner.model.clock import SystemClock
from runner.model.config import Project
from runner.model.secret import Secret
from runner.project.references import resolve
from runner.state.open import State, create_state, find_state, open_state
from runner.state.places import find_hosts

SANDBOX_STATE = "sqlite:///.campaign/sandbox.db"
UNPINNED = "under CI a SQLite state without `state_id` may be a new and empty one: everybody would be reached again"
PIN_IT = "run `campaign state init` once, where the state is to stay, and commit the line that it prints"


@dataclass(frozen=True, slots=True)
class StateAddress:
    """Where a state is, what opens it, which one it must be, and whether nobody real is in it."""

    url: str
    key: Secret | None
    pin: str | None
    rehearsal: bool = False

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.startswith("sqlite:")


def find_address(invocation: Invocation, project: Project, *, sandbox: bool) -> StateAddress:
    """The state that a project names; a rehearsal has its own. Raises ReferenceUnresolved, and HostRefused."""
    if sandbox:
        return StateAddress(SANDBOX_STATE, None, None, rehearsal=True)
    environment, root = invocation.environment, project.root
    url = resolve(project.state, environment=environment, root=root).open()
    allowed = parse_allowed_hosts(environment.get(ALLOW_HOSTS))
    for host in find_hosts(url):
        check_host(host, allowed)
    key = None
    if project.state_key is not None:
        key = resolve(project.state_key, environment=environment, root=root)
    return StateAddress(url, key, project.state_id)


def open_for_reading(invocation: Invocation, project: Project, *, sandbox: bool) -> State | None:
    """The state, read only; None where nothing was ever recorded and nothing is pinned."""
    address = find_address(invocation, project, sandbox=sandbox)
    return find_state(address.url, root=project.root, key=address.key, pin=address.pin, rehearsal=address.rehearsal)


def make_where_absent(invocation: Invocation, project: Project, *, sandbox: bool) -> State:
    """The state, read only; made first, with a word about it, where there is none and none is pinned."""
    known = open_for_reading(invocation, project, sandbox=sandbox)
    if known is not None:
        return known
    made = _open(find_address(invocation, project, sandbox=sandbox), project)
    invocation.warn(f"made the state {made.id} at `{made.home.name}`, to which the saved plan belongs")
    return made


def open_for_recording(invocation: Invocation, project: Project, *, sandbox: bool) -> State:
    """The state, made where it is absent and not pinned. Raises StateRefused under CI for a SQLite state unpinned."""
    address = find_address(invocation, project, sandbox=sandbox)
    if not sandbox and is_unpinned_in_ci(invocation, address):
        raise StateRefused(UNPINNED, hint=_say_how_to_pin(address, project), code="state-not-pinned")
    state = _open(address, project)
    for warning in filter(None, (state.risk, state.doubt)):
        invocation.warn(f"warning: {warning}")
    return state


def open_existing(invocation: Invocation, project: Project, *, sandbox: bool) -> State | None:
    """The state, to record what an operator says; None where nothing was ever recorded."""
    known = open_for_reading(invocation, project, sandbox=sandbox)
    if known is None:
        return None
    known.close()
    return _open(find_address(invocation, project, sandbox=sandbox), project)


def _open(address: StateAddress, project: Project) -> State:
    return open_state(
        address.url,
        root=project.root,
        key=address.key,
        pin=address.pin,
        clock=SystemClock(),
        rehearsal=address.rehearsal,
    )


def open_as_it_is(invocation: Invocation, project: Project) -> State:
    """The state that is there, whatever its past: retired, or of a server that took another's place.

    Raises StateRefused where there is none.
    """
    address = find_address(invocation, project, sandbox=False)
    root, key, pin = project.root, address.key, address.pin
    known = find_state(address.url, root=root, key=key, pin=pin, as_it_is=True)
    if known is None:
        hint = "the first `campaign apply` makes one; `campaign state init` makes one to pin"
        raise StateRefused("there is no state yet", hint=hint, code="no-state")
    known.close()
    return open_state(address.url, root=root, key=key, pin=pin, clock=SystemClock(), as_it_is=True)


def fill_new(invocation: Invocation, project: Project, lines: Iterator[str]) -> State:
    """The state of an export, in the empty place that the project names."""
    from runner.state.transfer import import_state

    address = find_address(invocation, project, sandbox=False)
    return import_state(
        lines, url=address.url, root=project.root, key=address.key, pin=address.pin, clock=SystemClock()
    )


def create_new(invocation: Invocation, project: Project) -> State:
    """A new state on purpose, with a new id. Raises StateRefused where there is one."""
    address = find_address(invocation, project, sandbox=False)
    return create_state(address.url, root=project.root, key=address.key, pin=address.pin, clock=SystemClock())


def is_unpinned_in_ci(invocation: Invocation, address: StateAddress) -> bool:
    """Whether a CI job would trust whatever file it finds in its folder."""
    return invocation.is_ci and address.is_sqlite and address.pin is None


def warn_of_unpinned(invocation: Invocation, project: Project) -> tuple[Problem, ...]:
    """What a plan says where `apply` would refuse the state; empty where it would not."""
    address = find_address(invocation, project, sandbox=False)
    if not is_unpinned_in_ci(invocation, address):
        return ()
    hint = _say_how_to_pin(address, project)
    return (Problem("state-not-pinned", UNPINNED, hint=hint, severity=Severity.WARNING),)


def _say_how_to_pin(address: StateAddress, project: Project) -> str:
    """The line to commit where there is a state; how to make one where there is none."""
    found = find_state(address.url, root=project.root, key=address.key, pin=None)
    if found is None:
        return PIN_IT
    with found:
        return f"if this is the state that remembers whom you reached, commit `state_id: {found.id}` in campaigns.yaml"
