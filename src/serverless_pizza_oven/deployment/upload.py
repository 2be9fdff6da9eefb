"""Upload a release to S3, from where CloudFormation reads the template and Lambda the functions' package."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from serverless_pizza_oven.aws import Aws
from serverless_pizza_oven.deployment.package import StoredFile
from serverless_pizza_oven.deployment.progress import Report
from serverless_pizza_oven.deployment.release import Release
from serverless_pizza_oven.errors import DeploymentError
from serverless_pizza_oven.sdk_errors import aws_errors


def upload(aws: Aws, release: Release, report: Report, bucket: str | None = None) -> str:
    """Upload the functions' package and the template to a bucket.

    Without `bucket` it is the account's `pizza-oven-<account>-<region>`, which is made the first time.

    Returns the template's URL, as CloudFormation takes it. Raises DeploymentError if the named bucket is not
    there, or in another region; and AwsError.

    A template in a request has at most 51,200 bytes, one in S3 at most 1 MB
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
    """
    target = _own_bucket(aws) if bucket is None else _named_bucket(aws, bucket)
    template = _upload_package(target, release, report)
    target.put_if_missing(template)
    return f"{aws.s3.meta.endpoint_url}/{target.name}/{template.key}"


def package(aws: Aws, release: Release, report: Report, bucket: str) -> str:
    """Upload the functions' package to an existing bucket.

    Returns a template that stands alone: it names the package in S3, and needs no other file. Raises
    DeploymentError if the bucket does not exist in the region; and AwsError.
    """
    return _upload_package(_named_bucket(aws, bucket), release, report).content.decode()


@dataclass(frozen=True, slots=True)
class _Bucket:
    aws: Aws
    name: str
    owner: str | None
    """The account that must own the bucket. None: any account may."""

    def put_if_missing(self, file: StoredFile) -> bool:
        """Upload a file, unless its key is there: that is made of its content. Returns whether it did."""
        with aws_errors(f"uploading to the bucket {self.name}"):
            try:
                self.aws.s3.head_object(Bucket=self.name, Key=file.key, **self.expected())
            except ClientError:
                # Missing; or we may not look, and then the next request fails with the reason.
                self.aws.s3.put_object(Bucket=self.name, Key=file.key, Body=file.content, **self.expected())
                return True
        return False

    def expected(self) -> Any:
        """The argument that has S3 refuse the bucket of another owner."""
        return {"ExpectedBucketOwner": self.owner} if self.owner else {}


def _upload_package(bucket: _Bucket, release: Release, report: Report) -> StoredFile:
    """Returns the template that names the uploaded package."""
    zipped = release.package
    if bucket.put_if_missing(zipped):
        size = f"{len(zipped.content) / 1024:.0f} KB"
        report(f"Uploaded the functions ({size}) to s3://{bucket.name}/{zipped.key}")
    return release.packaged_template(f"s3://{bucket.name}/{zipped.key}")


def _named_bucket(aws: Aws, name: str) -> _Bucket:
    # The user has chosen it. It may belong to another account, such as one for artifacts.
    with aws_errors(f"looking for the bucket {name}"):
        try:
            found = aws.s3.head_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            raise DeploymentError(f"there is no bucket {name}: name an existing one with --bucket") from error
    region = found.get("BucketRegion", aws.region)
    if region != aws.region:
        # Lambda takes code from its own region alone
        # (https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html).
        raise DeploymentError(
            f"the bucket {name} is in {region}: name one in the region of the oven, {aws.region}"
        )
    return _Bucket(aws, name, owner=None)


def _own_bucket(aws: Aws) -> _Bucket:
    account = aws.account()
    # The name can be guessed. In somebody else's bucket, the functions' code would be theirs, too.
    bucket = _Bucket(aws, f"pizza-oven-{account}-{aws.region}", owner=account)
    with aws_errors(f"making the bucket {bucket.name}"):
        try:
            aws.s3.head_bucket(Bucket=bucket.name, **bucket.expected())
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            _make(bucket)
    return bucket


def _make(bucket: _Bucket) -> None:
    s3, region = bucket.aws.s3, bucket.aws.region
    if region == "us-east-1":
        # The one region that must not be named.
        s3.create_bucket(Bucket=bucket.name)
    else:
        location: Any = {"LocationConstraint": region}
        s3.create_bucket(Bucket=bucket.name, CreateBucketConfiguration=location)
    s3.put_public_access_block(
        Bucket=bucket.name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
        **bucket.expected(),
    )
