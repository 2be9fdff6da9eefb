"""How the `oven` command asks, refuses and exits, without AWS."""

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from importlib import import_module
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pytest

from serverless_pizza_oven.cli import main
from serverless_pizza_oven.cli.command_table import Command, all_commands
from serverless_pizza_oven.cli.messages import say
from serverless_pizza_oven.cli.options import Target
from serverless_pizza_oven.demo.bars import Bars
from serverless_pizza_oven.demo.demo_oven import DemoOven
from serverless_pizza_oven.demo.ovens import WARM_UP_ITEMS
from serverless_pizza_oven.demo.run import Progress
from serverless_pizza_oven.demo.tally import Arrival, Tally
from serverless_pizza_oven.deployment.account_quotas import AccountQuotas
from serverless_pizza_oven.deployment.change_set import Governance
from serverless_pizza_oven.deployment.progress import StillRunningError
from serverless_pizza_oven.deployment.stack import Stack
from serverless_pizza_oven.errors import DeploymentError

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch

LONG_URL = f"https://sqs.eu-west-1.amazonaws.com/123456789012/{'a-long-prefix-' * 5}NewItems"


class Terminal(io.StringIO):
    """Somebody types here."""

    def isatty(self) -> bool:
        return True


class FakeDeployment:
    """Stands in for CloudFormation, and records what is done."""

    def __init__(self, *, is_new: bool = False, error: BaseException | None = None) -> None:
        self.done: list[str] = []
        self.parameters: Mapping[str, str] = {}
        self.options: Mapping[str, object] = {}
        self.quotas = AccountQuotas()
        self._is_new = is_new
        self._error = error

    def is_new(self, _aws: object, _name: str) -> bool:
        return self._is_new

    def is_oven(self, _aws: object, name: str) -> bool:
        if self._is_new:
            raise DeploymentError(f"there is no stack {name}")
        return False

    def check_names_are_free(self, _aws: object, _parameters: object) -> None:
        pass

    def check_unprotected(self, _aws: object, _name: str) -> None:
        pass

    def set_termination_protection(self, _aws: object, _name: str, *, enabled: bool) -> None:
        self.done.append("protect" if enabled else "unprotect")

    def place(self, _aws: object) -> str:
        return "account 1, region eu-west-1"

    def stack_parameters(self, _aws: object, _name: str) -> Mapping[str, str]:
        return {"BakingTableCapacityCount": "50"}

    def read_quotas(self, _aws: object) -> AccountQuotas:
        return self.quotas

    def deploy(
        self, _aws: object, name: str, parameters: Mapping[str, str], *_: object, **options: object
    ) -> Stack:
        self.done.append("deploy")
        self.parameters = parameters
        self.options = options
        if self._error:
            raise self._error
        return Stack(name, {"NewItemsQueueUrl": LONG_URL})

    def destroy(self, *_: object) -> None:
        self.done.append("destroy")


def fake(patch: Patch, **state: Any) -> FakeDeployment:
    deployment = FakeDeployment(**state)
    for module in (
        "deploy.deploying",
        "deploy.preflight",
        "deploy.stacks",
        "destroy.stacks",
        "destroy.teardown",
    ):
        patch.setattr(f"serverless_pizza_oven.cli.{module}", deployment)
    patch.setattr("serverless_pizza_oven.deployment.account_quotas.read_quotas", deployment.read_quotas)
    patch.setattr("serverless_pizza_oven.deployment.emulators.is_local_stack", lambda _: True)
    patch.setattr(Target, "connect", lambda _: SimpleNamespace())
    patch.delenv("AWS_ENDPOINT_URL", raising=False)
    return deployment


def oven(*arguments: str) -> object:
    """Run the command. Returns its exit code."""
    try:
        main(arguments)
    except SystemExit as ended:
        return ended.code or 0
    return 0


# Asking


@pytest.mark.parametrize(
    ("command", "is_new", "otherwise"),
    [("deploy", True, "Nothing was created."), ("destroy", False, "Nothing was deleted.")],
)
@pytest.mark.parametrize(
    ("answer", "goes_on"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_only_a_yes_goes_on_and_the_question_is_asked_on_standard_error(
    command: str,
    is_new: bool,
    otherwise: str,
    answer: str,
    goes_on: bool,
    monkeypatch: Patch,
    capsys: Capture,
) -> None:
    deployment = fake(monkeypatch, is_new=is_new)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))

    code = oven(command, "--stack", "mine")

    said = capsys.readouterr()
    assert "[y/N]: " in said.err
    assert "[y/N]" not in said.out
    assert bool(deployment.done) is goes_on
    assert (code, said.err.endswith(f"{otherwise}\n")) == ((0, False) if goes_on else (1, True))


@pytest.mark.parametrize(("command", "is_new"), [("deploy", True), ("destroy", False)])
def test_where_nobody_can_be_asked_nothing_is_done_without_a_yes(
    command: str, is_new: bool, monkeypatch: Patch, capsys: Capture
) -> None:
    deployment = fake(monkeypatch, is_new=is_new)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))

    assert oven(command, "--stack", "mine") == 2
    assert not deployment.done
    assert capsys.readouterr().err.endswith("oven: not a terminal: say --yes\n")

    assert oven(command, "--stack", "mine", "--yes") == 0
    assert deployment.done == [command]


@pytest.mark.parametrize(("is_new", "options"), [(False, ()), (True, ("--endpoint-url", "http://here"))])
def test_neither_an_update_nor_an_emulator_is_asked_about(
    is_new: bool, options: tuple[str, ...], monkeypatch: Patch
) -> None:
    deployment = fake(monkeypatch, is_new=is_new)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    assert oven("deploy", "--stack", "mine", *options) == 0
    assert deployment.done == ["deploy"]


def test_the_removal_of_a_stack_that_is_not_there_is_not_announced(
    monkeypatch: Patch, capsys: Capture
) -> None:
    fake(monkeypatch, is_new=True)

    assert oven("destroy", "--stack", "mine", "--yes") == 4
    assert capsys.readouterr().err == "oven: there is no stack mine\n"


def test_ctrl_c_at_a_question_is_an_interruption(monkeypatch: Patch, capsys: Capture) -> None:
    class Interrupted(Terminal):
        def readline(self, *_: object) -> str:  # type: ignore[override]
            raise KeyboardInterrupt

    deployment = fake(monkeypatch, is_new=True)
    monkeypatch.setattr(sys, "stdin", Interrupted())

    assert oven("deploy", "--stack", "mine") == 130
    assert not deployment.done
    assert capsys.readouterr().err.endswith("[y/N]: \nInterrupted.\n")


# Ending


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "Interrupted."),
        (StillRunningError("Interrupted. It goes on"), 130, "oven: Interrupted. It goes on"),
        (DeploymentError("burnt"), 4, "oven: burnt"),
    ],
)
@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_errors_end_in_one_line_and_with_debug_after_their_traceback(
    error: BaseException, code: int, line: str, debug: tuple[str, ...], monkeypatch: Patch, capsys: Capture
) -> None:
    fake(monkeypatch, error=error)

    assert oven("deploy", "--stack", "mine", *debug) == code
    assert oven(*debug, "deploy", "--stack", "mine") == code

    said = capsys.readouterr()
    assert not said.out
    assert said.err.splitlines().count(line) == 2
    assert said.err.count("Traceback (most recent call last)") == 2 * len(debug)


@pytest.mark.parametrize(
    ("arguments", "words", "see"),
    [
        (["local", "--port", "99999"], ["--port", "99999"], "oven local --help"),
        (["local", "--port=x"], ["--port takes a whole number from 1 to 65535, not x"], "oven local --help"),
        (["local", "--port"], ["--port", "requires an argument"], "oven local --help"),
        (["capacity", "0"], ["N takes a whole number from 1 to 4000, not 0"], "oven capacity --help"),
        (
            ["capacity", "x is not y"],
            ["N takes a whole number from 1 to 4000, not x is not y"],
            "oven capacity --help",
        ),
        (["capacity", "1\x1b[3m\n2"], ["not 1?[3m 2"], "oven capacity --help"),
        (
            ["deploy", "--capacity="],
            ["--capacity takes a whole number from 1 to 4000, not ''"],
            "oven deploy --help",
        ),
        (["deploy", "--capacity", "0"], ["--capacity", "not 0"], "oven deploy --help"),
        (["lcal"], ["No such command 'lcal'"], "oven --help"),
        (["local", "more"], ["extra argument", "more"], "oven local --help"),
        (["demo", "--nn", "3"], ["No such option", "--nn"], "oven demo --help"),
    ],
)
def test_wrong_usage_is_told_in_one_line_with_what_was_given_and_where_to_look(
    arguments: list[str], words: list[str], see: str, capsys: Capture
) -> None:
    assert oven(*arguments) == 2

    said = capsys.readouterr()
    assert not said.out
    (line,) = said.err.splitlines()
    assert line.startswith("oven: ")
    assert line.endswith(f" (see {see})")
    assert all(word in line for word in words)


def test_the_version_is_that_of_the_package(capsys: Capture) -> None:
    assert oven("--version") == 0
    assert capsys.readouterr().out == f"oven {version('serverless-pizza-oven')}\n"


@pytest.mark.parametrize("command", list(all_commands()), ids=lambda command: command.name)
def test_the_list_of_commands_has_the_first_line_of_the_help_of_each(command: Command) -> None:
    assert (command.load().__doc__ or "").splitlines()[0] == command.summary


def test_a_command_imports_no_other_command() -> None:
    loaded = (
        "import sys; from serverless_pizza_oven.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print([name for name in sys.modules if 'pizza_oven' in name])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", loaded, "remove", "--help"], capture_output=True, text=True, check=True
    )

    assert "'serverless_pizza_oven.cli.remove'" in ended.stdout
    assert "'serverless_pizza_oven.cli.deploy'" not in ended.stdout
    assert "'serverless_pizza_oven.simulator'" not in ended.stdout


def test_sending_imports_no_more_of_the_sdk_than_it_needs() -> None:
    # Each of these takes as long to import as the rest together.
    heavy = ("boto3", "s3transfer", "rich.table", "serverless_pizza_oven.operations.status")
    loaded = (
        "import sys; import serverless_pizza_oven.cli.send\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert ended.stdout == "[]\n"


def test_without_arguments_the_five_commands_to_begin_with_come_first(capsys: Capture) -> None:
    main([])

    lines = capsys.readouterr().out.splitlines()
    begin = lines.index("Begin with:")
    assert [line.split()[:2] for line in lines[begin + 1 : begin + 6]] == [
        ["oven", name] for name in ("demo", "local", "send", "status", "deploy")
    ]
    words = " ".join(lines).replace(",", " ").replace("|", " ").split()
    assert {command.name for command in all_commands()} <= set(words)
    assert max(map(len, lines)) <= 90


@pytest.mark.parametrize(
    ("line", "offered"),
    [("oven se", ["send"]), ("oven dlq re", ["redrive"]), ("oven send --b", ["--bake"])],
)
def test_a_shell_is_told_how_a_line_goes_on(line: str, offered: list[str]) -> None:
    asked = {"_OVEN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    told = subprocess.run(
        [sys.executable, "-c", "from serverless_pizza_oven.cli import main; main()"],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split() == offered


def test_the_help_tells_how_a_shell_completes_commands(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    assert "oven --install-completion" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["dlq"], "dlq list"),
        (["dlq", "--json"], "dlq list"),
        (["redrive", "--all"], "dlq redrive"),
        (["discard", "--all"], "dlq discard"),
    ],
)
def test_a_command_of_version_1_works_and_says_its_new_name(
    old: list[str], new: str, monkeypatch: Patch, capsys: Capture
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    assert oven(*old) == 2

    assert capsys.readouterr().err.splitlines() == [
        f"oven {old[0]} is now oven {new}. The old name still works.",
        "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)",
    ]


@pytest.mark.parametrize("options", [["list"], ["redrive", "--all"], ["discard", "--all"]])
def test_the_commands_of_the_dead_letter_queue_say_nothing_of_old_names(
    options: list[str], monkeypatch: Patch, capsys: Capture
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    assert oven("dlq", *options) == 2

    assert capsys.readouterr().err == "oven: missing --stack NAME (or set AWS_ENDPOINT_URL)\n"


def test_without_a_command_the_commands_are_listed(capsys: Capture) -> None:
    assert oven() == 0
    assert "destroy" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["deploy", "destroy", "demo"])
@pytest.mark.parametrize("name", ["1st", "a_b", "-a", "", "x" * 53])
def test_a_stack_name_that_aws_would_refuse_is_refused_at_once(
    command: str, name: str, capsys: Capture
) -> None:
    assert oven(command, f"--stack={name}") == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("oven: --stack ")


@pytest.mark.parametrize("prefix", ["", "a b", "a.b", "ä", "x" * 61])
def test_a_prefix_that_the_template_would_refuse_is_refused_at_once(prefix: str, capsys: Capture) -> None:
    assert oven("deploy", "--stack=mine", f"--prefix={prefix}") == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("oven: --prefix must be 1 to 60 characters")


def test_any_parameter_of_the_template_can_be_set(monkeypatch: Patch) -> None:
    deployment = fake(monkeypatch)
    topic = "AlarmTopicArn=arn:aws:sns:eu-west-1:123456789012:oven=on-call"

    assert (
        oven("deploy", "--stack=mine", "--capacity=9", "--parameter", topic, "--parameter=Metrics=DISABLED")
        == 0
    )

    assert deployment.parameters == {
        "BakingTableCapacityCount": "9",
        "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:oven=on-call",
        "Metrics": "DISABLED",
    }


def test_what_an_account_prescribes_is_passed_on(monkeypatch: Patch) -> None:
    deployment = fake(monkeypatch)
    role = "arn:aws-cn:iam::123456789012:role/deployers/cloudformation"

    code = oven(
        "deploy", "--stack=mine", "--bucket=artifacts", f"--role-arn={role}", "--tag=team=a=b", "--tag=cost="
    )

    assert code == 0
    assert deployment.options == {
        "bucket": "artifacts",
        "governance": Governance({"team": "a=b", "cost": ""}, role),
    }


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--tag=team", "--tag takes KEY=VALUE, not 'team'"),
        ("--tag=aws:x=1", "--tag aws:x: AWS keeps tags that begin with aws: for itself"),
        (f"--tag={'k' * 129}=1", "a key has 1 to 128 characters"),
        (
            "--role-arn=admin",
            "--role-arn must be the ARN of a role",
        ),
    ],
)
def test_a_tag_or_a_role_that_aws_would_refuse_is_refused_at_once(
    option: str, words: str, monkeypatch: Patch, capsys: Capture
) -> None:
    deployment = fake(monkeypatch)

    assert oven("deploy", "--stack=mine", option) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not deployment.done


def test_the_quotas_of_the_account_are_told_with_what_they_mean(monkeypatch: Patch, capsys: Capture) -> None:
    deployment = fake(monkeypatch)
    deployment.quotas = AccountQuotas(instances=10, starts=300)

    assert oven("deploy", "--stack=mine") == 0

    said = capsys.readouterr().err
    assert "Quotas of the account: 10 function instances at once, 300 executions started a second." in said
    assert "Lambda runs 10 function instances at once; this oven may need 55." in said
    assert "oven simulate --quota new-account" in said


def test_who_deletes_an_oven_on_aws_is_told_when_the_queues_names_are_free(
    monkeypatch: Patch, capsys: Capture
) -> None:
    fake(monkeypatch)

    assert oven("destroy", "--stack=mine", "--yes") == 0
    assert capsys.readouterr().err.endswith(
        "SQS frees the names of its queues 60 seconds after their deletion.\n"
    )
    assert oven("destroy", "--yes", "--endpoint-url=http://here") == 0
    assert "60 seconds" not in capsys.readouterr().err


@pytest.mark.parametrize("is_new", [True, False])
def test_in_another_emulator_a_new_oven_goes_without_what_that_cannot_do_and_a_line_says_so(
    is_new: bool, monkeypatch: Patch, capsys: Capture
) -> None:
    deployment = fake(monkeypatch, is_new=is_new)
    monkeypatch.setattr("serverless_pizza_oven.deployment.emulators.is_local_stack", lambda _: False)

    assert oven("deploy", "--endpoint-url=http://here", "--parameter=Interior=LOCKED") == 0

    said = "This emulator is not oven local: deploying with Alarms=DISABLED, " in capsys.readouterr().err
    assert deployment.parameters["Interior"] == "LOCKED"
    assert (deployment.parameters.get("Alarms"), said) == (("DISABLED", True) if is_new else (None, False))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--parameter=Metrics"], "takes NAME=VALUE, not 'Metrics'"),
        (["--parameter=Metric=ENABLED"], "no parameter 'Metric', only Admission, AlarmTopicArn, Alarms, "),
        (["--parameter=Alarms=ENABLED", "--parameter=Alarms=DISABLED"], "Alarms is given twice"),
        (["--protect", "--parameter=Protection=DISABLED"], "Protection is given twice"),
    ],
)
def test_a_parameter_that_cannot_be_set_is_told_in_one_line(
    options: list[str], words: str, monkeypatch: Patch, capsys: Capture
) -> None:
    deployment = fake(monkeypatch)

    assert oven("deploy", "--stack=mine", *options) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not deployment.done


@pytest.mark.parametrize(
    ("options", "protection", "done"),
    [
        ([], None, ["deploy"]),
        (["--protect"], "ENABLED", ["deploy", "protect"]),
        (["--no-protect"], "DISABLED", ["deploy", "unprotect"]),
    ],
)
def test_protection_is_of_the_table_and_of_the_stack_and_stays_as_it_is_unasked(
    options: list[str], protection: str | None, done: list[str], monkeypatch: Patch
) -> None:
    deployment = fake(monkeypatch)

    assert oven("deploy", "--stack=mine", *options) == 0

    assert deployment.parameters.get("Protection") == protection
    assert deployment.done == done


# Printing


def test_no_line_is_broken_in_a_narrow_terminal(monkeypatch: Patch, capsys: Capture) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    fake(monkeypatch)

    oven("deploy", "--stack", "mine")
    say(f"see {LONG_URL} :pizza: [red]")

    said = capsys.readouterr()
    assert said.out.split() == ["NewItemsQueueUrl", LONG_URL]
    assert said.err.splitlines()[-1] == f"see {LONG_URL} :pizza: [red]"


# The demo


def test_the_demo_sums_up_before_its_oven_stops(monkeypatch: Patch, capsys: Capture) -> None:
    said_before_the_stop = []

    class AllOut:
        """A run whose pizzas all came out."""

        def __init__(self, _oven: object, tally: Tally, *_: object) -> None:
            self._tally = tally

        def __iter__(self) -> Generator[Progress]:
            for pizza in self._tally.pizzas:
                self._tally.sent[pizza.id] = 1000.0
                self._tally.came_out(pizza.id, Arrival(pizza.id, 1002.0))
            yield Progress(Bars(0, 0, 0, 3), dead=0, total=3, secs=2.0)

    @contextlib.contextmanager
    def running_oven(*_: object, **__: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(aws=None, stack=None, endpoint_url="http://127.0.0.1:1")
        said_before_the_stop.append(capsys.readouterr())

    demo = import_module("serverless_pizza_oven.cli.demo")
    monkeypatch.setattr("serverless_pizza_oven.demo.ovens.running_oven", running_oven)
    warm_up = SimpleNamespace(send=len, delete=len, receive=lambda **_: range(WARM_UP_ITEMS))
    stack = SimpleNamespace(capacity=14, new_items=warm_up, baked_items=warm_up)
    monkeypatch.setattr(DemoOven, "of_stack", lambda *_: stack)
    monkeypatch.setattr(demo, "DemoRun", AllOut)
    no_handlers = SimpleNamespace(
        SIGINT=signal.SIGINT, SIGTERM=signal.SIGTERM, signal=lambda *_: None, getsignal=lambda _: None
    )
    monkeypatch.setattr(demo, "signal", no_handlers)
    monkeypatch.setattr(demo, "exit_when_terminated", lambda: None)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    assert oven("demo", "--n", "3", "--bake", "1-1") == 0

    (said,) = said_before_the_stop
    assert said.out.startswith("Baked    3 of 3 pizzas")
    assert "out 3 of 3\nNext: " in said.err
