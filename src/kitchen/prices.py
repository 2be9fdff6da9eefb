"""What AWS charges for: a dated list, with the page of each price.

In US dollars, before the free tier. `oven cost` and `oven simulate` count with these.
"""

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


TRANSITION = Price(
    "Step Functions",
    "state transition of a standard workflow",
    0.025 / 1_000,
    "https://aws.amazon.com/step-functions/pricing/",
)
STANDARD_REQUEST = Price(
    "SQS",
    "request to a standard queue, of up to 64 KB",
    0.40 / MILLION,
    "https://aws.amazon.com/sqs/pricing/",
)
FIFO_REQUEST = Price(
    "SQS",
    "request to a FIFO queue, of up to 64 KB",
    0.50 / MILLION,
    "https://aws.amazon.com/sqs/pricing/",
)
INVOCATION = Price(
    "Lambda",
    "invocation",
    0.20 / MILLION,
    "https://docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html",
)
GB_SECOND = Price(
    "Lambda",
    "GB-second on arm64",
    0.0000133334,
    "https://docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html",
)
WRITE_UNIT = Price(
    "DynamoDB",
    "write request unit, on demand, of up to 1 KB",
    0.625 / MILLION,
    "https://aws.amazon.com/dynamodb/pricing/on-demand/",
)
READ_UNIT = Price(
    "DynamoDB",
    "read request unit, on demand, of up to 4 KB",
    0.125 / MILLION,
    "https://aws.amazon.com/dynamodb/pricing/on-demand/",
)
LOG_GB = Price(
    "CloudWatch",
    "GB of logs taken in",
    0.50,
    "https://aws.amazon.com/cloudwatch/pricing/",
)
METRIC_MONTH = Price(
    "CloudWatch",
    "custom metric for a month",
    0.30,
    "https://aws.amazon.com/cloudwatch/pricing/",
)
ALARM_MONTH = Price(
    "CloudWatch",
    "standard alarm for a month",
    0.10,
    "https://aws.amazon.com/cloudwatch/pricing/",
)
DASHBOARD_MONTH = Price(
    "CloudWatch",
    "dashboard for a month",
    3.00,
    "https://aws.amazon.com/cloudwatch/pricing/",
)
TRACE = Price(
    "X-Ray",
    "trace recorded",
    5.00 / MILLION,
    "https://aws.amazon.com/xray/pricing/",
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
    "https://aws.amazon.com/kms/pricing/",
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
    DASHBOARD_MONTH,
    TRACE,
    KEY_MONTH,
    KEY_REQUEST,
)
"""All of them."""
