"""Two figures of a policy: what it earns, and whom it catches, each by the share contacted."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.core.report import Report
from pipelines.core.style import BLUE, GREEN, GREY, INK, ORANGE, panel
from pipelines.evaluation.profit import Money, ProfitEvaluation
from pipelines.evaluation.profit_sums import Band

_SHARE = "Share of rows contacted, highest priority first"


def profit_figure(found: ProfitEvaluation, money: Money, currency: str) -> Figure:
    """Draw profit by share contacted, with the chosen and the best threshold.

    Parameters
    ----------
    found : ProfitEvaluation
        Of the policy.
    money : Money
        Its money.
    currency : str
        The source's, as in ``USD``; may be empty.
    """
    unit = f" {currency}".rstrip()
    figure, axes = panel(_profit_title(found, money, unit), _SHARE, f"Profit per row{unit and f' ({unit.strip()})'}")
    _draw(axes, money.curve, "profit")
    axes.plot([0, 1], [0, money.everybody.estimate], color=GREY, linestyle=":", label="the same share at random")
    axes.axhline(0, color=INK, linewidth=0.8)
    chosen = f"chosen: {money.profit} at {found.share_contacted.estimate:.1%}"
    axes.plot(
        found.share_contacted.estimate, money.profit.estimate, "o", color=ORANGE, markersize=7, label=chosen, zorder=4
    )
    best = f"best in hindsight: {money.best:.3f} at {money.best_share:.1%}"
    axes.plot(money.best_share, money.best, "D", color=GREEN, markersize=6, label=best, zorder=3)
    return _finished(figure, axes, found, f"Regret {money.regret}")


def gain_figure(found: ProfitEvaluation) -> Figure:
    """Draw the share of positives caught by share contacted, with the policy's own."""
    share, caught = found.share_contacted.estimate, found.caught
    ratio = f": lift {caught.estimate / share:.1f}" if share > 0 else ""
    title = f"Contacting {share:.1%} of rows reaches {caught.estimate:.0%} of the positives{ratio}"
    figure, axes = panel(title, _SHARE, "Share of positives reached (gain)")
    _draw(axes, found.gain, "gain")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="random")
    axes.plot(share, caught.estimate, "o", color=ORANGE, markersize=7, label=f"policy: {caught}", zorder=4)
    return _finished(figure, axes, found, "Share of positives")


def profit_figures(found: ProfitEvaluation, currency: str) -> Report:
    """Draw what there is to draw.

    Returns
    -------
    Report
        Figures ``policy/gain.png`` and, for a policy with costs, ``policy/profit.png``.
    """
    drawn = {"policy/gain.png": gain_figure(found)}
    if found.money:
        drawn["policy/profit.png"] = profit_figure(found, found.money, currency)
    return Report(artifacts=drawn)


def report(found: ProfitEvaluation, currency: str, part: str = "test") -> Report:
    """Metrics, ``policy/profit.json`` and the figures. See `ProfitEvaluation.report` and `profit_figures`."""
    return found.report(part) | profit_figures(found, currency)


def _profit_title(found: ProfitEvaluation, money: Money, unit: str) -> str:
    """Which of the simple ways the policy beats, as far as the data can say."""
    earns = f"{money.profit.estimate:.2f}{unit} a row"
    if found.n_contacted == 0:
        return f"{earns}: the policy contacts nobody"
    beaten = {"nobody": money.profit, "everybody": money.over_everybody, "random": money.over_random}
    clear = ", ".join(name for name, one in beaten.items() if one.low > 0)
    return f"{earns}: {f'clearly more than {clear}' if clear else 'no clear gain on simple ways'}"


def _draw(axes: Axes, band: Band, name: str) -> None:
    axes.fill_between(band.share, band.low, band.high, color=BLUE, alpha=0.18, linewidth=0, label="95 % interval")
    axes.plot(band.share, band.estimate, color=BLUE, label=name)
    axes.set_xlim(-0.01, 1.01)


def _finished(figure: Figure, axes: Axes, found: ProfitEvaluation, value: str) -> Figure:
    size = f"n = {found.n_rows:,} rows of {found.n_customers:,} customers, {found.n_contacted:,} contacted"
    axes.legend(title=f"{value}\n{size}", loc="best", frameon=False, fontsize=8, title_fontsize=8)
    return figure
