"""BG/NBD: whether a customer is still one, and will buy soon, from how often and how recently they bought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from pipelines.core.errors import ModelError
from pipelines.models.classifier import FloatArray

_BOUND = 12.0
"""Of the parameters' logarithms, once time is measured in mean ages: beyond, the likelihood is flat."""


@dataclass(frozen=True)
class Histories:
    """What the model looks at; all of shape (n_customers,), times in one unit.

    Parameters
    ----------
    frequency : float array
        Repeat purchases ``x``: purchases after the first.
    recency : float array
        Age at the last purchase, ``t_x``: the time from the first purchase to the last; 0 without a repeat purchase.
    age : float array
        Time from the first purchase to now, ``T``.
    """

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray


@dataclass(frozen=True)
class BetaGeometric:
    """A fitted law of buying and leaving.

    While alive a customer buys at a rate that is Gamma(``r``, ``alpha``) over customers, and leaves after each
    repeat purchase with a probability that is Beta(``a``, ``b``) over customers.

    Parameters
    ----------
    r, alpha : float
        Shape, and rate in units of time.
    a, b : float
        Of the Beta distribution.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model,
    Marketing Science 24(2), 275-284.
    """

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, known: Histories) -> FloatArray:
        r"""Of each history, shape (n_customers,): with ``x`` purchases, or with the last of them a farewell.

        .. math:: \log\left[\frac{B(a, b+x)}{B(a, b)} \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)\,(\alpha+T)^{r+x}}
            + 1_{x>0} \frac{B(a+1, b+x-1)}{B(a, b)} \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)\,(\alpha+t_x)^{r+x}}\right]
        """
        r, a, b, x = self.r, self.a, self.b, known.frequency
        buying = gammaln(r + x) - gammaln(r) + r * np.log(self.alpha)
        staying = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        alive = -(r + x) * np.log(self.alpha + known.age)
        result: FloatArray = buying + staying + alive + np.logaddexp(0.0, -self.alive_log_odds(known))
        return result

    def alive_log_odds(self, known: Histories) -> FloatArray:
        r"""Log-odds that the customer is still alive, shape (n_customers,).

        .. math:: \log\frac{b+x-1}{a} - (r+x) \log\frac{\alpha+T}{\alpha+t_x}

        Infinite without a repeat purchase: in this model nobody leaves before the first one.

        References
        ----------
        Fader, Hardie & Lee (2008), Computing P(alive) Using the BG/NBD Model, a note: the two terms of the likelihood
        are the odds.

        Examples
        --------
        >>> law = BetaGeometric(r=1.0, alpha=1.0, a=1.0, b=1.0)
        >>> one = Histories(np.array([1.0, 0.0]), np.array([1.0, 0.0]), np.array([1.0, 5.0]))
        >>> law.alive_log_odds(one)
        array([ 0., inf])
        """
        x = known.frequency
        repeated = x > 0
        leaving = np.log(np.where(repeated, self.b + x - 1, 1.0)) - np.log(self.a)
        silence = np.log(self.alpha + known.age) - np.log(self.alpha + known.recency)
        return np.where(repeated, leaving - (self.r + x) * silence, np.inf)

    def p_alive(self, known: Histories) -> FloatArray:
        """Probability that the customer has not left, shape (n_customers,), in (0, 1].

        Examples
        --------
        >>> law = BetaGeometric(r=0.5, alpha=10.0, a=0.8, b=2.5)
        >>> regulars = Histories(np.array([4.0, 4.0]), np.array([50.0, 50.0]), np.array([55.0, 200.0]))
        >>> law.p_alive(regulars).round(2)
        array([0.83, 0.02])
        """
        result: FloatArray = np.exp(-np.logaddexp(0.0, -self.alive_log_odds(known)))
        return result

    def purchase_log_odds(self, known: Histories, ahead: float) -> FloatArray:
        r"""Log-odds of a purchase within ``ahead`` from now, shape (n_customers,); finite.

        Whoever is alive after ``x`` purchases in ``T`` buys at a rate that is Gamma(``r + x``, ``alpha + T``), so

        .. math:: P(\text{purchase}) = P(\text{alive})
            \left[1 - \left(\frac{\alpha+T}{\alpha+T+\text{ahead}}\right)^{r+x}\right]

        Parameters
        ----------
        known : Histories
            Up to now.
        ahead : float
            In the same unit.

        Examples
        --------
        >>> law = BetaGeometric(r=1.0, alpha=1.0, a=1.0, b=1.0)
        >>> law.purchase_log_odds(Histories(*np.array([[0.0], [0.0], [5.0]])), ahead=6.0)
        array([0.])
        """
        odds = self.alive_log_odds(known)
        alive, gone = -np.logaddexp(0.0, -odds), -np.logaddexp(0.0, odds)
        silent = -(self.r + known.frequency) * np.log1p(ahead / (self.alpha + known.age))
        result: FloatArray = alive + np.log(-np.expm1(silent)) - np.logaddexp(gone, alive + silent)
        return result


def fit(known: Histories) -> BetaGeometric:
    """The law of largest likelihood, over the logarithms of its parameters.

    Raises
    ------
    ModelError
        Without any repeat purchase, or with values that are no histories: then leaving cannot be seen.
    """
    _check(known)
    unit = float(known.age.mean())
    scaled = Histories(known.frequency, known.recency / unit, known.age / unit)

    def loss(logs: FloatArray) -> float:
        return -float(BetaGeometric(*np.exp(logs)).log_likelihood(scaled).mean())

    found = minimize(loss, _start(scaled), method="L-BFGS-B", bounds=[(-_BOUND, _BOUND)] * 4)
    r, alpha, a, b = (float(value) for value in np.exp(found.x))
    return BetaGeometric(r, alpha * unit, a, b)


def _start(known: Histories) -> FloatArray:
    """Logarithms of r, alpha, a and b: everybody buys at the mean rate, and one in four repeat purchases is the last.

    The rate is that of purchases over ages, so that ``r / alpha`` is right from the beginning.
    """
    rate = float(known.frequency.sum() / known.age.sum())
    return np.clip(np.log([1.0, 1.0 / rate, 1.0, 3.0]), -_BOUND, _BOUND)


def _check(known: Histories) -> None:
    columns = (known.frequency, known.recency, known.age)
    in_order = all((np.isfinite(one) & (one >= 0)).all() for one in columns) and (known.recency <= known.age).all()
    if not (in_order and known.frequency.size and known.frequency.sum() > 0 and known.age.sum() > 0):
        raise ModelError(
            f"BG/NBD was given {known.frequency.size:,} histories with {np.nansum(known.frequency):,.0f} repeat "
            "purchases, or values that are no histories.",
            why="It learns from repeat purchases when customers leave; 0 <= t_x <= T must hold for each.",
            fix="Give it customers who have bought before, some of them twice.",
        )
