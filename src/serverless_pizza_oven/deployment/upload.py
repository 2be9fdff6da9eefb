"""Upload a release to S3, from where CloudFormation reads the template and Lambda the functions' package."""

from typing import Any

from botocore.exceptions import ClientError

from serverless_pizza_oven.aws import Aws, aws_errors
from serverless_pizza_oven.deployment.progress import Report
from serverless_pizza_oven.deployment.release import Release


def upload(aws: Aws, release: Release, report: Report) -> str:
    """Upload the functions' package and the template to the account's bucket, which is made the first time.

    Returns the template's URL, as CloudFormation takes it. Raises AwsError.

    A template in a request has at most 51,200 bytes, one in S3 at most 1 MB
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
    """
    account = aws.account()
    bucket = f"pizza-oven-{account}-{aws.region}"
    with aws_errors(f"uploading the functions and the template to the bucket {bucket}"):
        _make_bucket_if_missing(aws, bucket, account)
        package = release.package
        if _put_if_missing(aws, bucket, package.key, package.content, account):
            size = f"{len(package.content) / 1024:.0f} KB"
            report(f"Uploaded the functions ({size}) to s3://{bucket}/{package.key}")
        template = release.packaged_template(f"s3://{bucket}/{package.key}")
        _put_if_missing(aws, bucket, template.key, template.content, account)
    return f"{aws.s3.meta.endpoint_url}/{bucket}/{template.key}"


def _make_bucket_if_missing(aws: Aws, bucket: str, account: str) -> None:
    # The name can be guessed. In somebody else's bucket, the functions' code would be theirs, too.
    try:
        aws.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
    else:
        return
    if aws.region == "us-east-1":
        # The one region that must not be named.
        aws.s3.create_bucket(Bucket=bucket)
    else:
        location: Any = {"LocationConstraint": aws.region}
        aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
    aws.s3.put_public_access_block(
        Bucket=bucket,
        ExpectedBucketOwner=account,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _put_if_missing(aws: Aws, bucket: str, key: str, content: bytes, account: str) -> bool:
    """Upload a file, unless it is there. Returns whether it was uploaded. A key belongs to one content."""
    try:
        aws.s3.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=account)
    except ClientError:
        # Missing; or we may not look, and then the next request fails with the reason.
        aws.s3.put_object(Bucket=bucket, Key=key, Body=content, ExpectedBucketOwner=account)
        return True
    return False
