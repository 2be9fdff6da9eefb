"""`oven package`."""

from pathlib import Path
from typing import Annotated

import typer

from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import EndpointUrl, Profile, Region, connect
from serverless_pizza_oven.deployment.release import Release
from serverless_pizza_oven.deployment.upload import package as upload_package
from serverless_pizza_oven.errors import UsageError


def package(
    bucket: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="An existing bucket, in the region of the oven, for the functions' code."
        ),
    ],
    output: Annotated[
        str, typer.Option(metavar="FILE", help="Where to write the template; `-` is standard output.")
    ] = "-",
    endpoint_url: EndpointUrl = None,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Upload the functions' code and write a template that stands alone.

    Examples:

    - `oven package --bucket artifacts --output oven.yml`: for CloudFormation, the AWS CDK and pipelines
    - `oven package --bucket artifacts | less`: the template on standard output

    The template names the code in the bucket, with its libraries, and needs no other file. Whoever deploys it
    must be allowed to read the bucket.
    """
    template = upload_package(connect(endpoint_url, profile, region), Release.present(), say, bucket)
    if output == "-":
        typer.echo(template, nl=False)
        return
    try:
        Path(output).write_text(template, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output {output}: {error.strerror}") from error
    say(
        f"Wrote {output}. To deploy it: aws cloudformation deploy --stack-name NAME --template-file {output} "
        f"--s3-bucket {bucket} --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"
    )
