"""Defaults: what a campaign says, laid over what the project says for all of them."""

from __future__ import annotations

from runner.project.tree import ListValue, MapValue, Value


def merge_campaign(campaign: MapValue, project: MapValue | None) -> MapValue:
    """The campaign with the project's defaults: maps merge at every depth, lists are replaced, `exclude` adds up.

    `vars` are the project's, then the defaults', then the campaign's own. Every value keeps the place where it stands.
    """
    if project is None:
        return campaign
    defaults = project.find("defaults")
    merged = _merge(defaults, campaign) if isinstance(defaults, MapValue) else _copy(campaign)
    layers = [layer for layer in (project, defaults, campaign) if isinstance(layer, MapValue)]
    _add_up_exclusions(merged, layers)
    _lay_over(merged, project, "vars")
    return merged


def _merge(below: MapValue, above: MapValue) -> MapValue:
    merged = MapValue(above.document, above.start, above.end, {**below.keys, **above.keys}, {**below.values})
    for name, value in above.values.items():
        under = below.values.get(name)
        if isinstance(under, MapValue) and isinstance(value, MapValue):
            merged.values[name] = _merge(under, value)
        else:
            merged.values[name] = value
    return merged


def _copy(value: MapValue) -> MapValue:
    return MapValue(value.document, value.start, value.end, {**value.keys}, {**value.values})


def _add_up_exclusions(merged: MapValue, layers: list[MapValue]) -> None:
    items: list[Value] = []
    for layer in layers:
        exclusions = layer.find("exclude")
        if isinstance(exclusions, ListValue):
            items += exclusions.items
            merged.keys["exclude"] = layer.keys["exclude"]
            merged.values["exclude"] = ListValue(exclusions.document, exclusions.start, exclusions.end, items)


def _lay_over(merged: MapValue, project: MapValue, name: str) -> None:
    below, above = project.find(name), merged.find(name)
    if not isinstance(below, MapValue):
        return
    merged.keys.setdefault(name, project.keys[name])
    merged.values[name] = _merge(below, above) if isinstance(above, MapValue) else below
