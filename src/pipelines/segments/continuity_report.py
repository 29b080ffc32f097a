"""How segments lived on from cutoff to cutoff, and what became of the champion's: in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from pipelines.core.report import Report
from pipelines.segments.continuity import Change, Continuity, Fate
from pipelines.segments.refits import Refit


def change_words(change: Change, names: Mapping[int, str]) -> str:
    """One change in a plain sentence.

    Examples
    --------
    >>> change_words(Change(Fate.SPLIT, (2,), (2, 5), 0.93), {2: "Frequent", 5: "Rare"})
    "2 'Frequent' split into 2 'Frequent' and 5 'Rare' (Jaccard 0.93)"
    """
    old, new = (_listed(ids, names) for ids in (change.old, change.new))
    told = {
        Fate.PERSISTED: f"{old} persists (Jaccard {change.jaccard:.2f})",
        Fate.SPLIT: f"{old} split into {new} (Jaccard {change.jaccard:.2f})",
        Fate.MERGED: f"{old} merged into {new} (Jaccard {change.jaccard:.2f})",
        Fate.BORN: f"{new} is new",
        Fate.DISSOLVED: f"{old} dissolved: its customers went to several others",
    }
    return told[change.fate]


def continuity_words(found: Continuity, names: Mapping[int, str]) -> tuple[str, ...]:
    """Every change, one sentence each."""
    return tuple(change_words(change, names) for change in found.changes)


def continuity_report(refits: Sequence[Refit], names: Mapping[int, str], against_champion: Continuity | None) -> Report:
    """What became of segments.

    Returns
    -------
    Report
        Metrics ``segments.definition`` and ``segments.membership`` (means over neighbouring cutoffs, and ``.lowest``),
        where there is more than one cutoff, and ``segments.n_persisted`` where there is a champion; artifacts
        ``segments/continuity.json``, ``segments/continuity.md``.
    """
    pairs = [one for one in refits if one.continuity is not None]
    content = {
        "champion": None if against_champion is None else _as_json(against_champion, names),
        "refits": [{"cutoff": one.cutoff.isoformat(), **_figures(one), **_changes(one, names)} for one in pairs],
    }
    metrics = {} if against_champion is None else {"segments.n_persisted": float(against_champion.n_persisted)}
    return Report(
        {**metrics, **_steadiness(pairs)},
        {
            "segments/continuity.json": content,
            "segments/continuity.md": _page(pairs, names, against_champion),
        },
    )


def _listed(ids: Sequence[int], names: Mapping[int, str]) -> str:
    said = [f"{one} '{names[one]}'" if names.get(one) else str(one) for one in ids]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}" if said else ""


def _as_json(found: Continuity, names: Mapping[int, str]) -> dict[str, object]:
    return {
        "changes": [{**asdict(one), "words": change_words(one, names)} for one in found.changes],
        "overlap": {
            str(old): {str(new): int(n) for new, n in row.items()} for old, row in found.overlap.T.to_dict().items()
        },
    }


def _changes(one: Refit, names: Mapping[int, str]) -> dict[str, object]:
    return {} if one.continuity is None else _as_json(one.continuity, names)


def _figures(one: Refit) -> dict[str, object]:
    return {"definition": one.definition, "membership": one.membership}


def _steadiness(pairs: Sequence[Refit]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in ("definition", "membership"):
        values = [getattr(one, name) for one in pairs if getattr(one, name) is not None]
        if values:
            found |= {f"segments.{name}": float(np.mean(values)), f"segments.{name}.lowest": float(min(values))}
    return found


def _page(pairs: Sequence[Refit], names: Mapping[int, str], against_champion: Continuity | None) -> str:
    lines = ["# Continuity", ""]
    if against_champion is not None:
        lines += ["## Since the champion", "", *(f"- {one}" for one in continuity_words(against_champion, names)), ""]
    for one in pairs:
        told = f"## {one.cutoff:%Y-%m-%d}: refits agree to {one.definition:.2f}"
        lines += (
            [told, "", *(f"- {word}" for word in continuity_words(one.continuity, names)), ""] if one.continuity else []
        )
    return "\n".join(lines)
