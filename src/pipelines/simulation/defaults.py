"""The shop's numbers, each with its reason; set once, before any model was tried on them, and not tuned since.

Published figures are rounded: they are orders of magnitude for a shop of everyday goods, not estimates of one. Where a
number has no source, the reason stands beside it.
"""

from __future__ import annotations

# --- who the customers are -------------------------------------------------------------------------------------------

AGE_BANDS = ("18-24", "25-34", "35-49", "50-64", "65+")
AGE_BOUNDS = (18, 25, 35, 50, 65, 86)  # years; a band is [bound, next bound)
# Adults of a European country, with fewer of the oldest, who shop less online.
AGE_SHARES = (0.12, 0.22, 0.28, 0.24, 0.14)

GENDERS = ("female", "male", "other")
GENDER_SHARES = (0.53, 0.45, 0.02)  # near parity; everyday goods are bought by women a little more often

REGIONS = ("north", "south", "east", "west", "centre")
REGION_SHARES = (0.15, 0.25, 0.15, 0.25, 0.20)  # unequal on purpose: a fairness report must cope with small groups

DEVICES = ("mobile", "desktop", "tablet")
DEVICE_SHARES = (0.62, 0.33, 0.05)  # web traffic by device, StatCounter Global Stats, 2023: mobile a little under 60 %
OWN_DEVICE_SHARE = 0.8  # four sessions of five are on the customer's usual device, the rest on any

CONSENT_SHARE = 0.65  # most registered customers keep the box ticked; a third of them may never be contacted

EXISTING_SHARE = 0.5  # half of the customers had signed up before the log begins
EXISTING_DAYS = 365  # … during the year before it: older ones have mostly lapsed and are left out

# --- what they are like: the latent types ----------------------------------------------------------------------------

# Sessions per day while active: every second week, weekly, every second day. Everyday goods, not furniture.
VISITS = (0.06, 0.18, 0.50)
# Many visit seldom, few visit often. The young visit more. One row per age band.
VISITS_BY_AGE = (
    (0.40, 0.38, 0.22),
    (0.42, 0.38, 0.20),
    (0.50, 0.35, 0.15),
    (0.56, 0.32, 0.12),
    (0.62, 0.29, 0.09),
)

# Orders per session. Of all sessions 2-3 % end in an order (published averages of shops, anonymous visitors included).
# Known customers make perhaps 60 % of the orders in 15 % of the sessions: 0.6 x 2.5 % / 0.15 = 10 %.
CONVERSION = (0.05, 0.10, 0.20)
CONVERSION_BY_GENDER = ((0.35, 0.40, 0.25), (0.42, 0.38, 0.20), (0.38, 0.40, 0.22))

# A day's probability that an active customer lapses: stays for a year and a half, or for less than three months.
LAPSE = (1 / 500, 1 / 80)
# Share of each where the shop is well known (centre) and where rivals are strong (north). One row per region.
LAPSE_BY_REGION = ((0.45, 0.55), (0.55, 0.45), (0.55, 0.45), (0.55, 0.45), (0.65, 0.35))

COMEBACK = 1 / 400  # a day's probability that a lapsed customer is back: 63 % are back within 400 days

# Change of orders with price, in percent per percent. The mean of brand elasticities over many studies is -1.76
# (Tellis 1988, J. Marketing Research 25); a shop's own customers are split into such and into much less sensitive.
ELASTICITY = (-0.5, -1.8)
ELASTICITY_BY_AGE = ((0.40, 0.60), (0.50, 0.50), (0.55, 0.45), (0.60, 0.40), (0.55, 0.45))

# --- what they are like where types are planted ----------------------------------------------------------------------

# Four ways to shop that owners tell apart: come often and buy, come seldom and leave, look and seldom buy, buy in bulk.
PLANTED_NAMES = ("loyal", "passing", "browsing", "stocking")
# Centres: two visits a week, a conversion that leaves room for carts and lifts at any separation, a low hazard:
# who has left is not there to be told apart.
PLANTED_VISITS, PLANTED_CONVERSION, PLANTED_LAPSE = 0.25, 0.09, 1 / 400
# Steps of the log rate per unit of separation, one per name. At 1 the frequent come e times as often as the rare.
# `more_kept` is what a cart keeps beside its first product.
PLANTED_STEPS = {
    "visits": (0.50, -0.50, 0.50, -0.50),
    "conversion": (0.25, -0.25, -0.25, 0.25),
    "lapse": (-0.25, 0.25, 0.00, 0.00),
    "more_kept": (0.00, 0.00, -0.50, 0.50),
}
# Within a type, log visits and log conversion are spread like a normal of this deviation: the three nodes of its Gauss-
# Hermite quadrature, with its first five moments. People of one kind differ by a quarter or so.
PLANTED_SPREAD = 0.25
PLANTED_NODES, PLANTED_WEIGHTS = (-(3**0.5), 0.0, 3**0.5), (1 / 6, 2 / 3, 1 / 6)

FAVOURITE_SHARE = 0.5  # half of the products looked at are of the customer's favourite category

# --- when they come --------------------------------------------------------------------------------------------------

# Visits relative to the mean, Monday first: online shopping peaks early in the week and on Sunday, dips on Saturday.
WEEKDAY = (1.08, 1.06, 1.02, 1.00, 0.94, 0.88, 1.02)
# January first: the fourth quarter holds near 30 % of a year's online sales (US Census Bureau, not adjusted).
MONTH = (0.95, 0.92, 0.96, 0.95, 0.96, 0.95, 0.95, 0.93, 0.97, 1.02, 1.20, 1.24)
# Visits by hour of day, midnight first: quiet at night, a plateau by day, a peak in the evening. No hour has more than
# twice the mean, which keeps room between two sessions of one day. Nothing begins after 23:00.
HOUR = (
    0.4,
    0.3,
    0.2,
    0.2,
    0.2,
    0.3,
    0.5,
    0.8,
    1.0,
    1.2,
    1.3,
    1.3,
    1.3,
    1.2,
    1.2,
    1.2,
    1.2,
    1.3,
    1.4,
    1.6,
    1.8,
    1.6,
    1.0,
)

# --- what they do in a session ---------------------------------------------------------------------------------------

# 70 % of carts are abandoned (Baymard Institute, mean of published studies 70.19 %): 7 / 3 abandoned carts per order.
ABANDONED_PER_ORDER = 7 / 3
PAGES = ("home", "magazine", "delivery", "help")
PAGE_SHARES = (0.6, 0.2, 0.1, 0.1)  # the home page is where most sessions begin
# Parameters p of geometric counts: on average 1 / p where the least is one, 1 / p - 1 where it is none.
MORE_PAGES = 0.55  # 0.8 pages of content a session
MORE_SEARCHES = 0.67  # one search in two sessions
MORE_VIEWS = 0.40  # 2.5 products looked at besides those put into the cart, at least one
MORE_KEPT = 0.60  # 1.7 products kept in a cart: a small basket
MORE_REMOVED = 0.85  # one cart in seven sees a product taken out
MORE_PIECES = 0.80  # one line in five is for more than one piece
GAP_SECONDS = 45.0  # mean time between two events of a session, over the least of one second
MAX_SESSION_SECONDS = 3_600.0  # analytics tools call half an hour of silence the end; an hour is a long session

# --- what the shop sells ---------------------------------------------------------------------------------------------

# Category: share of interest, median price in cents, probability that a line is returned. Online returns are near 17 %
# of sales in the United States (National Retail Federation, 2022: 16.5 %), most of it clothing and shoes; the rest
# is returned by one in ten or fewer, food hardly ever.
CATEGORIES = ("apparel", "beauty", "electronics", "food", "household", "shoes", "sports", "toys")
CATEGORY_SHARES = (0.20, 0.12, 0.10, 0.18, 0.15, 0.09, 0.08, 0.08)
CATEGORY_CENTS = (3_500, 1_400, 6_000, 700, 1_500, 6_500, 3_000, 2_000)
CATEGORY_RETURNS = (0.25, 0.05, 0.10, 0.01, 0.06, 0.28, 0.10, 0.06)
PRICE_SPREAD = 0.5  # standard deviation of log price in a category: two thirds lie within a factor of 1.6
N_BRANDS = 40
MIN_RETURN_DAYS, MEAN_RETURN_DAYS, MAX_RETURN_DAYS = 3, 10, 30  # delivery first; thirty days are the usual right
