"""Templates checked and rendered: the rules of the contract, before and behind the library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runner.templates.faults import TemplateFailed, TemplateFault

if TYPE_CHECKING:
    from runner.templates.limits import Rows

MAX_SOURCE = 10_000
"""Characters of one string with Jinja in it."""


def has_template(text: str) -> bool:
    """Whether there is Jinja in `text`."""
    return "{{" in text or "{%" in text or "{#" in text


def check_template(
    text: str, *, sql: bool = False, known: Mapping[str, Collection[str]] | None = None
) -> TemplateFault | None:
    """The first fault of a template that is visible without its values; in SQL, also a parameter inside quotes.

    Names are judged where `known` is given, which maps `vars`, `env` and the like to the names in them: another name is
    a fault, unless the template itself provides for its absence (`default`, `is defined`).
    """
    if not has_template(text):
        return None
    if len(text) > MAX_SOURCE:
        return TemplateFault("template-too-long", f"a template has at most {MAX_SOURCE:,} characters")
    from runner.templates.checking import find_fault

    return find_fault(text, sql=sql, known=known)


def render(text: str, context: Mapping[str, Any]) -> str:
    """`text` with its Jinja rendered in the sandbox. Raises TemplateFailed; its work and its output are bounded."""
    if not has_template(text):
        return text
    from runner.templates.printing import render_text

    _refuse_faulty(text, sql=False)
    return render_text(text, context)


def render_file(text: str, context: Mapping[str, Any], rows: Callable[[str], Rows]) -> Iterator[str]:
    """What a template in a file prints, piece by piece; `rows` is what it calls for the rows of another file.

    Raises TemplateFailed; its work, its time and its output are bounded.
    """
    if not has_template(text):
        yield text
        return
    from runner.templates.checking import find_fault
    from runner.templates.printing import text_sandbox

    known = {name: list(held) for name, held in context.items() if isinstance(held, Mapping)}
    fault = find_fault(text, sql=False, known=known, functions=("rows",))
    if fault is not None:
        line = text.count("\n", 0, fault.offset) + 1
        raise TemplateFailed(f"line {line:,}: {fault.message}", code=fault.code)
    yield from text_sandbox().render_file(text, context, rows)


def render_sql(text: str, context: Mapping[str, Any]) -> tuple[str, dict[str, object]]:
    """SQL in which each `{{ … }}` is a parameter (`$p0`), with the values to bind; `{{ x | identifier }}` is a name.

    Raises TemplateFailed, also for a parameter inside quotes, where the engine would not see it as one.
    """
    if not has_template(text):
        return text, {}
    from runner.templates.printing import render_parameters

    _refuse_faulty(text, sql=True)
    return render_parameters(text, context)


def _refuse_faulty(text: str, *, sql: bool) -> None:
    fault = check_template(text, sql=sql)
    if fault is not None:
        raise TemplateFailed(fault.message, code=fault.code)
