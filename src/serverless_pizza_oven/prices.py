"""What AWS charges for: a dated list, with the page on which each price was read.

In US dollars. `oven cost` and `oven simulate` count with these. Some of AWS's own pages have their tables
filled in by a script, and so say no price to whoever stores them; of those another page is named, which
quotes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

AS_OF = "2026-11"
"""When the pages were read."""

REGION = "us-east-1"
"""Where these prices hold. Others are the same or some 10 to 30 % dearer."""

MILLION = 1_000_000

SECS_IN_MONTH = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Price:
    """What one of something costs."""

    service: str
    unit: str
    """What one is."""
    dollars: float
    source: str
    free: float = 0
    """How many an account has for nothing each month, without end."""


@dataclass(frozen=True, slots=True)
class Charge:
    """So many of something, on a bill. Before the free tier."""

    price: Price
    count: float

    @property
    def dollars(self) -> float:
        return self.price.dollars * self.count


def total(charges: Iterable[Charge]) -> float:
    """All of it, in dollars."""
    return sum(charge.dollars for charge in charges)


def by_service(charges: Iterable[Charge]) -> dict[str, float]:
    """The dollars that each service gets, the dearest first."""
    sums: dict[str, float] = {}
    for charge in charges:
        sums[charge.price.service] = sums.get(charge.price.service, 0.0) + charge.dollars
    return dict(sorted(sums.items(), key=lambda entry: -entry[1]))


def after_free_tier(charges: Iterable[Charge]) -> float:
    """What a month's charges come to, in dollars, if they are all that the account has."""
    counts: dict[Price, float] = {}
    for charge in charges:
        counts[charge.price] = counts.get(charge.price, 0.0) + charge.count
    return sum(price.dollars * max(count - price.free, 0.0) for price, count in counts.items())


TRANSITION = Price(
    "Step Functions",
    "state transition of a standard workflow",
    0.025 / 1_000,
    "https://aws.amazon.com/step-functions/pricing/",
    free=4_000,
)
STANDARD_REQUEST = Price(
    "SQS",
    "request to a standard queue, of up to 64 KB",
    0.40 / MILLION,
    "https://cloudburn.io/blog/amazon-sqs-pricing",
    free=MILLION,
)
FIFO_REQUEST = Price(
    "SQS",
    "request to a FIFO queue, of up to 64 KB",
    0.50 / MILLION,
    "https://cloudburn.io/blog/amazon-sqs-pricing",
)
INVOCATION = Price(
    "Lambda",
    "invocation",
    0.20 / MILLION,
    "https://cloudchipr.com/blog/aws-lambda-pricing",
    free=MILLION,
)
GB_SECOND = Price(
    "Lambda",
    "GB-second on arm64",
    0.0000133334,
    "https://cloudchipr.com/blog/aws-lambda-pricing",
    free=400_000,
)
WRITE_UNIT = Price(
    "DynamoDB",
    "write request unit, on demand, of up to 1 KB",
    0.625 / MILLION,
    "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
)
READ_UNIT = Price(
    "DynamoDB",
    "read request unit, on demand, of up to 4 KB",
    0.125 / MILLION,
    "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
)
LOG_GB = Price(
    "CloudWatch",
    "GB of logs taken in",
    0.50,
    "https://signoz.io/guides/cloudwatch-pricing",
    free=5,
)
METRIC_MONTH = Price(
    "CloudWatch",
    "custom metric for a month",
    0.30,
    "https://signoz.io/guides/cloudwatch-pricing",
    free=10,
)
ALARM_MONTH = Price(
    "CloudWatch",
    "metric that a standard alarm looks at, for a month",
    0.10,
    "https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm",
    free=10,
)
METRIC_REQUEST = Price(
    "CloudWatch",
    "metric asked for",
    0.01 / 1_000,
    "https://support.site24x7.com/portal/en/kb/articles/aws-cloudwatch-metrics-cost-calculation",
)
DASHBOARD_MONTH = Price(
    "CloudWatch",
    "dashboard for a month",
    3.00,
    "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    free=3,
)
TRACE = Price(
    "X-Ray",
    "trace recorded",
    5.00 / MILLION,
    "https://aws.amazon.com/xray/pricing/",
    free=100_000,
)
KEY_MONTH = Price(
    "KMS",
    "customer-managed key for a month",
    1.00,
    "https://aws.amazon.com/kms/pricing/",
)
KEY_REQUEST = Price(
    "KMS",
    "request to a customer-managed key",
    0.03 / 10_000,
    "https://www.wring.co/blog/aws-kms-pricing-guide",
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
