"""Names as a message lists them."""

from __future__ import annotations

from runner.model.listing import list_names


def test_a_long_list_ends_in_a_count():
    names = [f"c{n}" for n in range(45)]
    assert list_names(names[:3]) == "`c0`, `c1`, `c2`"
    assert list_names(names).endswith("`c7` and 37 more")
