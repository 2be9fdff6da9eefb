"""AWS's prices, with the source and the date of each.

In US dollars. `oven cost` and `oven simulate` compute with them. Most are those of AWS's own price list files
(https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api.html), read in
public copies of the files. Where no copy was found, `read_in` says what was read instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass

AS_OF = "2026-09"
"""The month of the newest price list."""

REGION = "us-east-1"
"""Where these prices hold. In other regions most are the same, or 10 to 30 % higher."""

MILLION = 1_000_000

SECS_IN_MONTH = 30 * 24 * 3600

TRANSITIONS_PER_EXECUTION = 2
"""The state transitions that are counted for an execution without retries: its two states."""

TRANSITIONS_NOTE = (
    "An execution counts as 2 state transitions. AWS does not document whether its start is billed as one "
    "more: oven check shows it on an account."
)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one unit of something."""

    service: str
    unit: str
    dollars: float
    source: str
    """The address of the price list file, or of a page."""
    read_in: str
    """What was read, and its date."""
    free: float = 0
    """How many units each account has for free each month, without a time limit."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A number of units on a bill, before the free tier."""

    price: Price
    count: float

    @property
    def dollars(self) -> float:
        return self.price.dollars * self.count


def total(charges: Iterable[Charge]) -> float:
    """The sum, in dollars."""
    return sum(charge.dollars for charge in charges)


def by_service(charges: Iterable[Charge]) -> dict[str, float]:
    """The dollars for each service, the highest first."""
    sums: dict[str, float] = {}
    for charge in charges:
        sums[charge.price.service] = sums.get(charge.price.service, 0.0) + charge.dollars
    return dict(sorted(sums.items(), key=lambda entry: -entry[1]))


def after_free_tier(charges: Iterable[Charge]) -> float:
    """The dollars of a month's charges, if the account has no others."""
    counts: dict[Price, float] = {}
    for charge in charges:
        counts[charge.price] = counts.get(charge.price, 0.0) + charge.count
    return sum(price.dollars * max(count - price.free, 0.0) for price, count in counts.items())


def _price_list(offer: str, version: str) -> str:
    return f"https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/{offer}/{version}/{REGION}/index.json"


_STEP_FUNCTIONS = _price_list("AmazonStates", "20260911124511")
_SQS = _price_list("AWSQueueService", "20260911124607")
_LAMBDA = _price_list("AWSLambda", "20260919002359")
_DYNAMODB = _price_list("AmazonDynamoDB", "20260911124422")
_CLOUDWATCH = _price_list("AmazonCloudWatch", "20260922021715")

_LIST_OF_SEP_11 = "price list of 2026-09-11"
_LIST_OF_SEP_19 = "price list of 2026-09-19"
_LIST_OF_SEP_22 = "price list of 2026-09-22"
_QUOTED = "price list as others quote it, 2026-09; no copy found"
_PAGE = "AWS's page, 2026-11; no copy of the price list found"

TRANSITION = Price(
    "Step Functions",
    "state transition of a standard workflow",
    0.025 / 1_000,
    _STEP_FUNCTIONS,
    _LIST_OF_SEP_11,
    free=4_000,
)
STANDARD_REQUEST = Price(
    "SQS",
    "request to a standard queue, of up to 64 KB",
    0.40 / MILLION,
    _SQS,
    _LIST_OF_SEP_11,
    free=MILLION,
)
FIFO_REQUEST = Price(
    "SQS",
    "request to a FIFO queue, of up to 64 KB",
    0.50 / MILLION,
    _SQS,
    _LIST_OF_SEP_11,
)
INVOCATION = Price(
    "Lambda",
    "invocation",
    0.20 / MILLION,
    _LAMBDA,
    _LIST_OF_SEP_19,
    free=MILLION,
)
GB_SECOND = Price(
    "Lambda",
    "GB-second on arm64",
    0.0000133334,
    _LAMBDA,
    _LIST_OF_SEP_19,
    free=400_000,
)
WRITE_UNIT = Price(
    "DynamoDB",
    "write request unit, on demand, of up to 1 KB",
    0.625 / MILLION,
    _DYNAMODB,
    _LIST_OF_SEP_11,
)
READ_UNIT = Price(
    "DynamoDB",
    "read request unit, on demand, of up to 4 KB",
    0.125 / MILLION,
    _DYNAMODB,
    _LIST_OF_SEP_11,
)
LOG_GB = Price(
    "CloudWatch",
    "GB of logs taken in",
    0.50,
    _CLOUDWATCH,
    _LIST_OF_SEP_22,
    free=5,
)
METRIC_MONTH = Price(
    "CloudWatch",
    "custom metric for a month",
    0.30,
    _CLOUDWATCH,
    _LIST_OF_SEP_22,
    free=10,
)
ALARM_MONTH = Price(
    "CloudWatch",
    "metric that a standard alarm looks at, for a month",
    0.10,
    _CLOUDWATCH,
    _LIST_OF_SEP_22,
    free=10,
)
METRIC_REQUEST = Price(
    "CloudWatch",
    "metric asked for",
    0.01 / 1_000,
    _CLOUDWATCH,
    _QUOTED,
)
DASHBOARD_MONTH = Price(
    "CloudWatch",
    "dashboard for a month",
    3.00,
    _CLOUDWATCH,
    _QUOTED,
    free=3,
)
TRACE = Price(
    "X-Ray",
    "trace recorded",
    5.00 / MILLION,
    "https://aws.amazon.com/xray/pricing/",
    _PAGE,
    free=100_000,
)
KEY_MONTH = Price(
    "KMS",
    "customer-managed key for a month",
    1.00,
    "https://aws.amazon.com/kms/pricing/",
    _PAGE,
)
KEY_REQUEST = Price(
    "KMS",
    "request to a customer-managed key",
    0.03 / 10_000,
    _price_list("awskms", "20260831092318"),
    _QUOTED,
    free=20_000,
)

PRICES = (
    TRANSITION,
    STANDARD_REQUEST,
    FIFO_REQUEST,
    INVOCATION,
    GB_SECOND,
    WRITE_UNIT,
    READ_UNIT,
    LOG_GB,
    METRIC_MONTH,
    ALARM_MONTH,
    METRIC_REQUEST,
    DASHBOARD_MONTH,
    TRACE,
    KEY_MONTH,
    KEY_REQUEST,
)
"""All of them."""
