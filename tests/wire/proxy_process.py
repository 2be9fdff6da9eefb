"""The process of the proxy: microburst, which draws its chances from a seed.

$ python -m tests.wire.proxy_process SEED OPTION...
"""

import random
import sys

from microburst import protocols
from microburst.cli import main


def run(seed: int, options: list[str]) -> None:
    """Serve until it is told to end. The options are microburst's."""
    random.seed(seed)
    # It writes AWS.SimpleQueueService before every code of SQS. AWS does so before some older ones, which no
    # test has (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html).
    protocols.query_error_namespace = lambda _service: None
    main(options)


if __name__ == "__main__":
    run(int(sys.argv[1]), sys.argv[2:])
