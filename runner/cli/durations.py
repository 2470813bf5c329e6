"""Durations as options take them: `30s`, `50m`, `2h`, `7d`."""

from __future__ import annotations

import re
from datetime import timedelta

import click

from runner.model.units import UNITS

SPELLING = re.compile(r"(\d{1,9})([smhd])")


class Duration(click.ParamType[timedelta]):
    """A whole number with its unit, one of s, m, h, d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The duration as a timedelta; a usage error where it is not of the form `50m`."""
        match = SPELLING.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"`{value}` is no duration: write a number and a unit, as in 30s, 50m, 2h or 7d", param, ctx)
        return timedelta(seconds=int(match[1]) * UNITS[match[2]])


DURATION = Duration()
