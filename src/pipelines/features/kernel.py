"""The sliding kernel: each customer's days are walked once and every cutoff is emitted on the way.

The only module that knows Numba. Everything is integer until the end; a division happens in a block, once.
Arrays: ``offsets`` (n_customers + 1) delimits each customer's rows in ``day`` (n_days, ascending within a
customer); ``customer`` and ``cutoff`` (n_rows) are the spine, ordered by customer and then by cutoff.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def active_pairs(offsets, day, activity, cutoffs, within_days):  # type: ignore[no-untyped-def]  # compiled by Numba
    """The (customer, cutoff) pairs with activity in ``[cutoff - within_days, cutoff)``.

    Returns
    -------
    customer, cutoff : ndarray of int64, int64, shape (n_rows,)
        Ordered by customer and then by cutoff.
    """
    n_rows = 0
    for emit in range(2):
        customers = np.empty(n_rows, np.int64)
        times = np.empty(n_rows, np.int64)
        row = 0
        for c in range(len(offsets) - 1):
            end = offsets[c + 1]
            at = offsets[c]
            last = np.int64(-(2**40))
            for cutoff in cutoffs:
                while at < end and day[at] < cutoff:
                    if activity[at] > 0:
                        last = day[at]
                    at += 1
                if last >= cutoff - within_days:
                    if emit:
                        customers[row] = c
                        times[row] = cutoff
                    row += 1
        n_rows = row
    return customers, times


@njit(cache=True, nogil=True)
def window_sums(offsets, day, cumulative, customer, cutoff, starts, ends):  # type: ignore[no-untyped-def]
    """Sums of every column over ``[cutoff + starts[w], cutoff + ends[w])``, in days.

    Parameters
    ----------
    cumulative : ndarray of int64, shape (n_columns, n_days + 1)
        Running sums of the columns with a leading zero.
    starts, ends : ndarray of int64, shape (n_windows,)
        Offsets to the cutoff: ``(-28, 0)`` is the last 28 days, ``(0, 28)`` an outcome window.

    Returns
    -------
    ndarray of int64, shape (n_rows, n_windows, n_columns)
    """
    n_windows, n_columns = len(starts), len(cumulative)
    out = np.empty((len(customer), n_windows, n_columns), np.int64)
    low = np.empty(n_windows, np.int64)
    high = np.empty(n_windows, np.int64)
    previous = np.int64(-1)
    for row in range(len(customer)):
        c = customer[row]
        if c != previous:
            low[:] = offsets[c]
            high[:] = offsets[c]
            previous = c
        end = offsets[c + 1]
        for w in range(n_windows):
            while low[w] < end and day[low[w]] < cutoff[row] + starts[w]:
                low[w] += 1
            while high[w] < end and day[high[w]] < cutoff[row] + ends[w]:
                high[w] += 1
            for k in range(n_columns):
                out[row, w, k] = cumulative[k, high[w]] - cumulative[k, low[w]]
    return out


@njit(cache=True, nogil=True)
def activity_bounds(offsets, day, activity, customer, cutoff):  # type: ignore[no-untyped-def]
    """First and last active day before each cutoff, and the number of active days; -1 where there is none.

    Returns
    -------
    ndarray of int64, shape (n_rows, 3)
    """
    out = np.full((len(customer), 3), -1, np.int64)
    previous = np.int64(-1)
    at = first = last = n_active = np.int64(0)
    for row in range(len(customer)):
        c = customer[row]
        if c != previous:
            at, first, last, n_active, previous = offsets[c], np.int64(-1), np.int64(-1), np.int64(0), c
        while at < offsets[c + 1] and day[at] < cutoff[row]:
            if activity[at] > 0:
                first = day[at] if n_active == 0 else first
                last = day[at]
                n_active += 1
            at += 1
        out[row, 0], out[row, 1], out[row, 2] = first, last, n_active
    return out


@njit(cache=True, nogil=True)
def gap_statistics(offsets, day, activity, customer, cutoff, n_recent):  # type: ignore[no-untyped-def]
    """Statistics of the gaps between active days before each cutoff.

    A gap is the number of days from one active day to the next; the open gap from the last one to the cutoff
    is not among them.

    Returns
    -------
    ndarray of int64, shape (n_rows, 8)
        Number of gaps; their sum; sum of squares; twice the median; longest; sum of the last ``n_recent``;
        how many those are; number of gaps at least as long as the open one.
    """
    out = np.zeros((len(customer), 8), np.int64)
    longest_history = np.int64(0)
    for c in range(len(offsets) - 1):
        longest_history = max(longest_history, offsets[c + 1] - offsets[c])
    ordered = np.empty(longest_history + 1, np.int64)
    in_time = np.empty(longest_history + 1, np.int64)
    previous = np.int64(-1)
    at = last = n_gaps = total = squares = np.int64(0)
    for row in range(len(customer)):
        c = customer[row]
        if c != previous:
            at, last, previous = offsets[c], np.int64(-1), c
            n_gaps = total = squares = np.int64(0)
        while at < offsets[c + 1] and day[at] < cutoff[row]:
            if activity[at] > 0:
                if last >= 0:
                    gap = np.int64(day[at]) - last
                    place = np.searchsorted(ordered[:n_gaps], gap)
                    for i in range(n_gaps, place, -1):
                        ordered[i] = ordered[i - 1]
                    ordered[place] = gap
                    in_time[n_gaps] = gap
                    n_gaps += 1
                    total += gap
                    squares += gap * gap
                last = np.int64(day[at])
            at += 1
        if n_gaps == 0:
            continue
        recent = min(n_gaps, n_recent)
        out[row, 0], out[row, 1], out[row, 2] = n_gaps, total, squares
        out[row, 3] = ordered[(n_gaps - 1) // 2] + ordered[n_gaps // 2]
        out[row, 4] = ordered[n_gaps - 1]
        out[row, 5] = in_time[n_gaps - recent : n_gaps].sum()
        out[row, 6] = recent
        out[row, 7] = n_gaps - np.searchsorted(ordered[:n_gaps], cutoff[row] - last)
    return out


@njit(cache=True, nogil=True)
def window_maxima(offsets, day, values, customer, cutoff, starts, ends):  # type: ignore[no-untyped-def]
    """Largest value of a day in ``[cutoff + starts[w], cutoff + ends[w])``; 0 where there is none, or no larger one.

    Each window is scanned anew: a year has so few days that a queue of candidates would not be faster.

    Parameters
    ----------
    values : ndarray of int64, shape (n_days,)
        Of each day.
    starts, ends : ndarray of int64, shape (n_windows,)
        Offsets to the cutoff.

    Returns
    -------
    ndarray of int64, shape (n_rows, n_windows)
    """
    n_windows = len(starts)
    out = np.zeros((len(customer), n_windows), np.int64)
    low = np.empty(n_windows, np.int64)
    previous = np.int64(-1)
    for row in range(len(customer)):
        c = customer[row]
        if c != previous:
            low[:] = offsets[c]
            previous = c
        for w in range(n_windows):
            while low[w] < offsets[c + 1] and day[low[w]] < cutoff[row] + starts[w]:
                low[w] += 1
            largest = np.int64(0)
            at = low[w]
            while at < offsets[c + 1] and day[at] < cutoff[row] + ends[w]:
                largest = max(largest, values[at])
                at += 1
            out[row, w] = largest
    return out


@njit(cache=True, nogil=True)
def decayed_sums(offsets, day, values, customer, cutoff, weights):  # type: ignore[no-untyped-def]
    """Sums of every day before the cutoff, each weighted by its age.

    A sum is kept as of the last day that added to it, is weighed from one such day to the next, and once more when
    it is emitted. So its bits depend on the customer's own days only: not on which cutoffs are asked, and not on
    days that add nothing.

    Parameters
    ----------
    values : ndarray of int64, shape (n_columns, n_days)
        What is summed.
    weights : ndarray of float64, shape (n_decays, n_ages)
        By age in days; ``weights[h, i + j]`` is ``weights[h, i] * weights[h, j]``.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_decays, n_columns)
    """
    n_decays, n_columns = len(weights), len(values)
    out = np.empty((len(customer), n_decays, n_columns), np.float64)
    state = np.empty((n_decays, n_columns), np.float64)
    since = np.empty(n_columns, np.int64)
    previous = np.int64(-1)
    at = np.int64(0)
    for row in range(len(customer)):
        c = customer[row]
        if c != previous:
            at, previous = offsets[c], c
            state[:] = 0.0
            since[:] = 2**40  # no day yet: an age below zero counts as zero, and the sum is zero
        while at < offsets[c + 1] and day[at] < cutoff[row]:
            for k in range(n_columns):
                if values[k, at] != 0:
                    age = max(day[at] - since[k], 0)
                    for h in range(n_decays):
                        state[h, k] = state[h, k] * weights[h, age] + values[k, at]
                    since[k] = day[at]
            at += 1
        for k in range(n_columns):
            age = max(cutoff[row] - since[k], 0)
            for h in range(n_decays):
                out[row, h, k] = state[h, k] * weights[h, age]
    return out


@njit(cache=True, nogil=True)
def _recount(held, with_count, weights, thing, n):  # type: ignore[no-untyped-def]
    """Hold ``n`` more lines of a thing; returns what the weighted sum changes by."""
    before = held[thing]
    held[thing] = before + n
    with_count[before] -= 1
    with_count[before + n] += 1
    return weights[before + n] - weights[before]


@njit(cache=True, nogil=True)
def _forget(held, is_old, things):  # type: ignore[no-untyped-def]
    """Nothing is held of these things any more, and none of them is an old one."""
    for thing in things:
        held[thing] = 0
        is_old[thing] = False


@njit(cache=True, nogil=True)
def variety(offsets, day, code, n_lines, n_codes, weights, customer, cutoff, starts):  # type: ignore[no-untyped-def]
    """What kinds of things were bought in ``[cutoff + starts[w], cutoff)``.

    Counts of things are kept per window: a row adds to them when the cutoff passes it, and is taken away when the
    window's start does; by then its thing is an old one. All sums are of integers, so neither the order of rows of a
    day nor the numbering of things can change them.

    Parameters
    ----------
    offsets, day, code, n_lines : ndarray of int64
        A sequence: the rows of each customer, ascending by day; which thing, and how many lines of it.
    n_codes : int
        How many things there are.
    weights : ndarray of int64, shape (most_lines + 1,)
        What a thing of so many lines in the window adds to the weighted sum; 0 for none.
    starts : ndarray of int64, shape (n_windows,)
        Offsets to the cutoff, not above 0.

    Returns
    -------
    ndarray of int64, shape (n_rows, n_windows, 5)
        Lines; different things; lines of the most frequent thing; lines of things that were first bought in the
        window; weighted sum.
    """
    out = np.zeros((len(customer), len(starts), 5), np.int64)
    for w in range(len(starts)):
        held = np.zeros(n_codes, np.int64)  # lines of each thing in the window
        is_old = np.zeros(n_codes, np.bool_)  # whether it was bought before the window
        with_count = np.zeros(len(weights), np.int64)  # how many things have so many lines
        previous = np.int64(-1)
        low = high = total = distinct = top = new = weighted = np.int64(0)
        for row in range(len(customer)):
            c = customer[row]
            if c != previous:
                if previous >= 0:
                    _forget(held, is_old, code[offsets[previous] : high])
                with_count[: top + 1] = 0
                low = high = offsets[c]
                total = distinct = top = new = weighted = np.int64(0)
                previous = c
            while high < offsets[c + 1] and day[high] < cutoff[row]:
                k, n = code[high], n_lines[high]
                distinct += held[k] == 0
                weighted += _recount(held, with_count, weights, k, n)
                top = max(top, held[k])
                total += n
                if not is_old[k]:
                    new += n
                high += 1
            while low < high and day[low] < cutoff[row] + starts[w]:
                k, n = code[low], n_lines[low]
                if not is_old[k]:
                    new -= held[k]
                    is_old[k] = True
                weighted += _recount(held, with_count, weights, k, -n)
                distinct -= held[k] == 0
                total -= n
                while top > 0 and with_count[top] == 0:
                    top -= 1
                low += 1
            out[row, w, 0], out[row, w, 1], out[row, w, 2] = total, distinct, top
            out[row, w, 3], out[row, w, 4] = new, weighted
    return out


@njit(cache=True, nogil=True)
def places_by_cutoff(cutoff, cutoffs):  # type: ignore[no-untyped-def]  # compiled by Numba
    """Where each row of a spine stands once rows are ordered by cutoff and then by customer.

    Parameters
    ----------
    cutoff : ndarray of int64, shape (n_rows,)
        Of a spine, which is ordered by customer and then by cutoff.
    cutoffs : ndarray of int64, shape (n_cutoffs,)
        All that occur, ascending.

    Returns
    -------
    place, starts : ndarray of int64, shapes (n_rows,), (n_cutoffs + 1,)
        The rows of cutoff ``i`` go to ``starts[i]:starts[i + 1]``.
    """
    slot = np.empty(len(cutoff), np.int64)
    starts = np.zeros(len(cutoffs) + 1, np.int64)
    at = np.int64(0)
    for row in range(len(cutoff)):
        if row > 0 and cutoff[row] <= cutoff[row - 1]:
            at = np.int64(0)  # another customer
        while cutoffs[at] < cutoff[row]:
            at += 1
        slot[row] = at
        starts[at + 1] += 1
    starts = np.cumsum(starts)
    after = starts.copy()
    for row in range(len(cutoff)):
        at = slot[row]
        slot[row] = after[at]
        after[at] += 1
    return slot, starts


@njit(cache=True, nogil=True)
def put(values, place, columns):  # type: ignore[no-untyped-def]
    """Put rows into columns: ``columns[:, place[row]] = values[row]``.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_columns)
    place : ndarray of int64, shape (n_rows,)
    columns : ndarray of float64, shape (n_columns, n_places)
    """
    for column in range(values.shape[1]):  # outside, since there are then few places at a time that are written to
        for row in range(len(values)):
            columns[column, place[row]] = values[row, column]
