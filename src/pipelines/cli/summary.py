"""What a command prints when it is done: tables that a person can read, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.core.windows import said
from pipelines.flows.outcome import Outcome

if TYPE_CHECKING:
    from pipelines.core.intervals import Interval
    from pipelines.core.protocols import ModelVersion
    from pipelines.features.catalogue import Feature
    from pipelines.flows.audit_leakage import Audited
    from pipelines.flows.drift_check import DriftChecked
    from pipelines.flows.ingest import Ingested
    from pipelines.flows.main import Finished
    from pipelines.flows.panel import PanelBuilt
    from pipelines.flows.policy import Repoliced
    from pipelines.flows.promote import Promotion
    from pipelines.flows.reproduce import Reproduced
    from pipelines.flows.retrain import Retrained
    from pipelines.flows.score import Scored
    from pipelines.flows.search import Searched
    from pipelines.flows.train import Trained
    from pipelines.gates.evidence import Ruling
    from pipelines.tables.manifest import Manifest
    from pipelines.tasks.task import TaskSpec

_WIDTH = 80
_SHOWN = {"roc_auc": "ROC-AUC", "pr_auc": "PR-AUC", "lift_at_10pct": "lift, top 10 %", "brier": "Brier"}
_LABELS = {"logistic_regression": "logistic regr."}


@dataclass(frozen=True)
class Place:
    """Where to print, and where the runs are."""

    console: Console
    tracking_uri: str


def of_main(finished: Finished, place: Place) -> None:
    """The whole story, top to bottom."""
    _headline(finished, place.console)
    _figures(finished.trained, finished.task, place.console)
    _gates(finished.promotion, place.console)
    if finished.scored is not None:
        _scores(finished.scored, place.console)
    if finished.checked is not None:
        _drift(finished.checked, place.console)
    task = finished.task.name
    next_steps(place, f"regulars score --task {task}", f"regulars drift_check --task {task}")


def of_ingested(ingested: Ingested, place: Place) -> None:
    """Where every raw row went, why, and what is odd about the whole."""
    manifest, console = ingested.manifest, place.console
    said = "as before" if ingested.outcome == Outcome.UNCHANGED else "ingested"
    span = f", {manifest.span}" if manifest.clock is not None else ""
    who = "customers" if "events" in manifest.tables else "cases"
    console.print(f"[bold]{escape(manifest.source)}[/] {said}: {manifest.n_customers:,} {who}{span}")
    table = _table("table", "read =", "accepted +", "duplicates +", "quarantined")
    for name, held in manifest.tables.items():
        sizes = (held.n_read, held.n_accepted, held.n_duplicates, sum(held.quarantined.values()))
        table.add_row(name, *(f"{size:,}" for size in sizes))
    console.print(table)
    _left_out(manifest, console)
    for finding in manifest.findings:
        wrapped(console, f"{finding.n_rows:>10,}", f"of {finding.of:,} {finding.says}")
    if manifest.n_late:
        wrapped(console, f"{manifest.n_late:>10,}", "events came late: before the end of what was ingested earlier")
    for name in manifest.gone:
        wrapped(console, "Gone", f"{name} is no longer there; its rows left with it")
    next_steps(place, *([f"regulars describe --source {manifest.source}"] if manifest.clock is not None else []))


def _left_out(manifest: Manifest, console: Console) -> None:
    """Reasons, and where the rows are."""
    for name, held in manifest.tables.items():
        for reason, n_rows in held.quarantined.items():
            wrapped(console, f"{n_rows:>10,}", f"{name} set aside: {reason}")
        if held.n_elsewhere:
            wrapped(console, f"{held.n_elsewhere:>10,}", f"rows of the files are not for {name}, by its 'where'")
    if any(held.quarantined for held in manifest.tables.values()):
        wrapped(console, "Set aside", f"rows are in data/lake/{manifest.source}/parts/*/quarantine.parquet")


def of_panel(built: PanelBuilt, place: Place) -> None:
    """How many rows there are, who has no label yet, and where the files are."""
    from pipelines.flows.panel import in_words

    console = place.console
    for label, words in in_words(built):
        wrapped(console, label, words)
    console.print(f"            {built.path}")
    console.print(f'Read it     pandas.read_parquet("{built.path}")')
    next_steps(place, f"regulars features --task {built.task}", f"regulars train --task {built.task}")


def of_audit(audited: Audited, place: Place) -> None:
    """What was tried, and what it showed."""
    from pipelines.flows.audit_leakage import in_words

    wrapped(place.console, "Leakage", str(audited.outcome))
    for line in in_words(audited):
        wrapped(place.console, "", line)
    next_steps(place, *([f"regulars train --task {audited.task}"] if audited.outcome == Outcome.OK else []))


def of_trained(trained: Trained, place: Place) -> None:
    """Figures of the challenger."""
    _figures(trained, _task_of(trained), place.console)
    place.console.print(f"Challenger  version {trained.version.version}, digest {trained.version.digest[:12]}")
    next_steps(place, f"regulars promote --task {trained.version.task}")


def of_search(searched: Searched, place: Place) -> None:
    """The best trial so far, and who worked on it."""
    found = searched.found
    before = f", {found.n_before:,} of them before or elsewhere" if found.n_before else ""
    wrapped(place.console, "Search", f"{len(found.trials):,} trials{before}; smallest log loss {found.loss:.5f}")
    chosen = ", ".join(f"{name} {value:.4g}" for name, value in found.params.items())
    wrapped(place.console, "Chosen", f"{chosen}; {found.n_rounds:,} rounds")
    next_steps(place, f"regulars train --task {searched.task}")


def of_policy(repoliced: Repoliced, place: Place) -> None:
    """Whom the old and the new policy contact, and what they earn."""
    from pipelines.flows.policy import in_words

    for line in in_words(repoliced.before, repoliced.now, repoliced.currency).splitlines():
        wrapped(place.console, "Policy", line)
    if repoliced.version is None:
        wrapped(place.console, "Unchanged", "the champion decides by this policy already")
        return
    wrapped(place.console, "Challenger", f"version {repoliced.version.version}, the same model with another policy")
    next_steps(place, f"regulars promote --task {repoliced.version.task}")


def of_reproduced(found: Reproduced, place: Place) -> None:
    """What is the same and what is not."""
    from pipelines.flows.reproduce import in_words

    wrapped(place.console, str(found.outcome).capitalize(), f"run {found.run_id} of '{found.task}'")
    for line in in_words(found):
        wrapped(place.console, "", line)


def of_promotion(promotion: Promotion, place: Place) -> None:
    """What every gate said."""
    _gates(promotion, place.console)
    task = promotion.challenger.task
    next_steps(place, *([f"regulars score --task {task}"] if promotion.champion is not None else []))


def of_retrained(retrained: Retrained, place: Place) -> None:
    """Figures and gates."""
    _figures(retrained.trained, _task_of(retrained.trained), place.console)
    of_promotion(retrained.promotion, place)


def of_features(features: tuple[Feature, ...], left_out: tuple[str, ...], console: Console) -> None:
    """The catalogue, block by block, and what the source cannot feed."""
    block = ""
    for feature in features:
        if feature.block != block:
            block = feature.block
            console.print(f"[bold]{escape(block)}[/]")
        null = "" if feature.null_rule == "never" else f"; null if {feature.null_rule}"
        console.print(f"  {escape(feature.name)}  [dim]{escape(feature.unit)}, {escape(feature.window)}[/]")
        for line in textwrap.wrap(f"{feature.meaning}{null}", _WIDTH - 6):
            console.print(f"      {escape(line)}")
    for line in left_out:
        console.print(escape(line))
    console.print(f"{len(features)} features")


def of_scores(scored: Scored, place: Place) -> None:
    """Where the scores are, and a few rows of them without customers."""
    _scores(scored, place.console)
    next_steps(place, f"regulars drift_check --task {scored.version.task}")


def of_drift(checked: DriftChecked, place: Place) -> None:
    """The verdict and its reasons."""
    _drift(checked, place.console)
    if checked.retrained is not None:
        _gates(checked.retrained.promotion, place.console)
    next_steps(place)


def _task_of(trained: Trained) -> TaskSpec:
    from pipelines.flows.prepare import task_of

    return task_of(trained.version)


def _headline(finished: Finished, console: Console) -> None:
    task, manifest = finished.task, finished.ingested.manifest
    console.rule(f"[bold]{escape(task.title)}[/]", align="left", characters="─")
    wrapped(console, "Question", task.description)
    wrapped(console, "Data", f"{manifest.source}, {manifest.n_customers:,} customers, known {manifest.span}")


def _figures(trained: Trained, task: TaskSpec, console: Console) -> None:
    """Test figures with 95 % intervals, beside the baselines; what moves the score, and how groups compare."""
    found = trained.evaluation
    table = _table("", *_SHOWN.values())
    for name, metrics in (("model", found.model), *found.baselines.items()):
        style = "bold" if name == "model" else ""
        table.add_row(
            _LABELS.get(name, name.replace("_", " ")), *(_interval(metrics[key]) for key in _SHOWN), style=style
        )
    console.print(table)
    size = f"{found.n_rows:,} rows of {found.n_customers:,} customers, {100 * found.prevalence:.1f} % {task.positive}"
    wrapped(console, "Test", f"{size}; 95 % intervals resample customers")
    if found.baselines:
        best = max(found.baselines, key=lambda name: found.baselines[name]["roc_auc"].estimate)
        gain = found.differences[best]["roc_auc"]
        said = f"ROC-AUC over {best.replace('_', ' ')}: {gain.estimate:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
        wrapped(console, "Paired", said)
    wrapped(console, "Looks at", trained.judged.explained[0])
    wrapped(console, "Fairness", trained.judged.fair.headline)


def rulings(judged: Sequence[Ruling], console: Console) -> None:
    """What every gate said, and why."""
    for ruling in judged:
        mark = "[green]pass[/]  " if ruling.passed else "[red]refuse[/]"
        head = f"  {mark} {ruling.gate:<16} "
        lines = textwrap.wrap(ruling.reason, _WIDTH - 26) or [""]
        console.print(head + escape(lines[0]))
        for line in lines[1:]:
            console.print(" " * 26 + escape(line))


def _gates(promotion: Promotion, console: Console) -> None:
    rulings(promotion.rulings, console)
    said = {
        Outcome.PROMOTED: "promoted",
        Outcome.REFUSED: "the challenger was refused",
        Outcome.AWAITS_APPROVAL: "the challenger waits for somebody to approve it",
        Outcome.UNCHANGED: "unchanged: the challenger has the same digest",
    }[promotion.outcome]
    wrapped(console, "Champion", f"{version(promotion.champion)}: {said}")
    entry = promotion.entry
    wrapped(console, "Ledger", f"record {entry.number} of '{entry.task}', head {entry.digest}")


def _scores(scored: Scored, console: Console) -> None:
    figures, again = scored.figures, ", as scored before" if scored.outcome == Outcome.UNCHANGED else ""
    told = f"{figures.n_rows:,} rows at {said(scored.cutoff)}, {scored.n_contacted:,} to contact"
    wrapped(console, "Scores", f"{told} (version {scored.version.version}{again})")
    console.print(f"            {scored.path}")
    if scored.shadow is not None:
        beside, scoring = scored.shadow.figures, scored.shadow.scoring
        told = f"version {scoring.version} decides about {beside.n_in_force:,} of {beside.n_rows:,} rows"
        wrapped(console, "Shadow", f"{told} (share {scoring.share:g}) and would contact {beside.n_decided:,} of all")
        console.print(f"            {scored.shadow.path}")
    wrapped(console, "Highest", f"{figures.highest:.2f}{': ' if figures.reasons else ''}{'; '.join(figures.reasons)}")


def _drift(checked: DriftChecked, console: Console) -> None:
    verdict = checked.verdict
    grown = [one.name for one in verdict.features if one.shifted and not one.votes]
    aside = f" (set aside, since they grow with the calendar: {', '.join(grown)})" if grown else ""
    text = "; ".join(verdict.reasons) or f"no voting feature shifted{aside}; scores moved by {verdict.score_shift}"
    wrapped(console, "Drift", f"{checked.outcome} at {said(checked.cutoff)}: {text}")


def next_steps(place: Place, *commands: str) -> None:
    """What one would do next, and where to look."""
    place.console.print("[bold]Next[/]")
    is_server = place.tracking_uri.startswith("http")
    look = f"open {place.tracking_uri}" if is_server else f"mlflow ui --backend-store-uri {place.tracking_uri}"
    for command in (*commands, look):
        place.console.print(f"  {escape(command)}")


def version(found: ModelVersion | None) -> str:
    """How a version is named."""
    return "none" if found is None else f"version {found.version}"


def _interval(interval: Interval) -> str:
    return f"{interval.estimate:.3f}\n[dim]{interval.low:.3f} {interval.high:.3f}[/]"


def _table(*headers: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, width=_WIDTH, pad_edge=False)
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def wrapped(console: Console, label: str, text: str) -> None:
    """A label and a text beside it, 80 columns wide."""
    lines = textwrap.wrap(text, _WIDTH - 12) or [""]
    console.print(f"[bold]{label:<11}[/] {escape(lines[0])}")
    for line in lines[1:]:
        console.print(" " * 12 + escape(line))
