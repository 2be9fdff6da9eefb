"""Checks which modules import which, and what runs at import, by reading the source.

The checks see import statements anywhere, and names that are written in full or imported by name. They do not
see imports by `importlib` or `getattr`, or what a function called at import does.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "lambda"
TOOLS = ROOT / "src"

Layers = tuple[frozenset[str], ...]


def layers(*names: str) -> Layers:
    """The lowest first. Modules in one line do not import each other."""
    return tuple(frozenset(line.split()) for line in names)


SHIPPED_LAYERS = layers(
    "pizza_oven.errors",
    "pizza_oven.strict_json",
    "pizza_oven.item pizza_oven.messages pizza_oven.row",
    "pizza_oven.execution pizza_oven.work",
    "pizza_oven.settlement",
    "pizza_oven.ports",
    "pizza_oven.context pizza_oven.plans",
    "pizza_oven.receiving",
    "pizza_oven.settling pizza_oven.rejecting",
    "pizza_oven.batch pizza_oven.holding",
    "pizza_oven.starting",
    "pizza_oven.admission pizza_oven.waiting_line pizza_oven.reconciling",
    "pizza_oven.bake_items pizza_oven.item_removed",
    "pizza_oven.aws",
    "pizza_oven.functions",
)
"""The packages shipped to Lambda."""

TOOLS_LAYERS = layers(
    "serverless_pizza_oven.decoding serverless_pizza_oven.errors serverless_pizza_oven.prices "
    "serverless_pizza_oven.text",
    "serverless_pizza_oven.credentials serverless_pizza_oven.endpoints serverless_pizza_oven.extras",
    "serverless_pizza_oven.sdk_errors",
    "serverless_pizza_oven.aws",
    "serverless_pizza_oven.queue_client",
    "serverless_pizza_oven.simulator serverless_pizza_oven.deployment",
    "serverless_pizza_oven.forecast serverless_pizza_oven.operations",
    "serverless_pizza_oven.local serverless_pizza_oven.acceptance",
    "serverless_pizza_oven.demo serverless_pizza_oven.web",
    "serverless_pizza_oven.cli",
)
"""The tools, which may import the shipped packages."""

CORE = tuple(sorted(path.stem for path in (SHIPPED / "pizza_oven").glob("[a-z]*.py")))
"""The protocol: functions of their arguments."""

FOREIGN_TO_CORE = frozenset(
    [
        "aws_lambda_powertools",
        "boto3",
        "botocore",
        "asyncio",
        "concurrent",
        "datetime",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "socket",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
    ]
)
"""What the protocol must not import: the SDK, clocks, the environment, randomness and threads come as
arguments."""

CALLS_WITH_EFFECTS = frozenset(
    {
        # The clock
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.sleep",
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        # The environment
        "os.getcwd",
        "os.getenv",
        "pathlib.Path.cwd",
        "pathlib.Path.home",
        # Clients, and what reads the environment in order to make them
        "aws_lambda_powertools.Logger",
        "boto3.Session",
        "boto3.client",
        "boto3.resource",
        "boto3.session.Session",
        "botocore.session.Session",
        "botocore.session.get_session",
    }
)
CLIENT_MAKERS = frozenset({"client", "create_client", "resource"})
"""Methods that make a client."""

ENVIRONMENT = frozenset({"os.environ", "os.environb"})


@dataclass(frozen=True)
class Module:
    name: str
    is_package: bool
    tree: ast.Module

    @classmethod
    def of(cls, path: Path, root: Path) -> "Module":
        parts = path.relative_to(root).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        return cls(name, is_package, ast.parse(path.read_text(encoding="utf-8")))

    def imports(self) -> Iterator[str]:
        """In full, each with the name that is taken from it: `from a import b` is `a.b`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{self._origin(node)}.{alias.name}" for alias in node.names)

    def _origin(self, node: ast.ImportFrom) -> str:
        package = self.name if self.is_package else self.name.rpartition(".")[0]
        return resolve_name("." * node.level + (node.module or ""), package)


def modules(root: Path) -> list[Module]:
    return [Module.of(path, root) for path in sorted(root.rglob("*.py"))]


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def place(name: str, order: Layers) -> tuple[int, str] | None:
    """The number of the module's layer, and the layer's member that it belongs to."""
    for number, layer in enumerate(order):
        for member in layer:
            if is_in(name, member):
                return number, member
    return None


def uphill(module: Module, order: Layers) -> list[str]:
    """The module's imports within its own package that are not of a lower layer, nor of its own member."""
    package = module.name.partition(".")[0]
    own = place(module.name, order)
    wrong = []
    for imported in module.imports():
        if not is_in(imported, package):
            continue
        other = place(imported, order)
        if own is None or other is None or not (other[0] < own[0] or other[1] == own[1]):
            wrong.append(f"{module.name} imports {imported}")
    return wrong


class AtImport(ast.NodeVisitor):
    """Finds code that runs at import and reads clocks or the environment, or makes clients."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._meaning: dict[str, str] = {}

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            self._meaning[alias.asname or name] = name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._meaning[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        # Its body runs later; its decorators and its defaults run now.
        for part in (*node.decorator_list, node.args):
            self.visit(part)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) == "__name__ == '__main__'":
            return
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = self._full_name(node.func)
        makes_client = isinstance(node.func, ast.Attribute) and node.func.attr in CLIENT_MAKERS
        if called in CALLS_WITH_EFFECTS or makes_client:
            self.found.append(f"line {node.lineno}: {ast.unparse(node.func)}()")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._look_for_environment(node)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._look_for_environment(node)

    def _look_for_environment(self, node: ast.Attribute | ast.Name) -> None:
        if self._full_name(node) in ENVIRONMENT:
            self.found.append(f"line {node.lineno}: {ast.unparse(node)}")

    def _full_name(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self._meaning.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._full_name(node.value)
            return owner and f"{owner}.{node.attr}"
        return None


def at_import(tree: ast.Module) -> list[str]:
    visitor = AtImport()
    visitor.visit(tree)
    return visitor.found


# The rules


def test_what_is_shipped_imports_nothing_from_the_tools() -> None:
    wrong = [
        f"{m.name} imports {i}"
        for m in modules(SHIPPED)
        for i in m.imports()
        if is_in(i, "serverless_pizza_oven")
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("root", "order"), [(SHIPPED, SHIPPED_LAYERS), (TOOLS, TOOLS_LAYERS)], ids=["shipped", "tools"]
)
def test_each_layer_imports_only_those_below_it(root: Path, order: Layers) -> None:
    assert not [wrong for m in modules(root) if "." in m.name for wrong in uphill(m, order)]


def test_what_the_tools_show_to_other_programs_is_the_client_alone() -> None:
    (face,) = (module for module in modules(TOOLS) if module.name == "serverless_pizza_oven")
    assert {i for i in face.imports() if is_in(i, "serverless_pizza_oven")} == {
        "serverless_pizza_oven.operations.client.Oven"
    }


@pytest.mark.parametrize(
    ("root", "order"), [(SHIPPED, SHIPPED_LAYERS), (TOOLS, TOOLS_LAYERS)], ids=["shipped", "tools"]
)
def test_every_module_has_its_place_in_the_layers(root: Path, order: Layers) -> None:
    assert not [m.name for m in modules(root) if "." in m.name and place(m.name, order) is None]


@pytest.mark.parametrize(
    ("table", "order"), [(0, SHIPPED_LAYERS), (1, TOOLS_LAYERS)], ids=["shipped", "tools"]
)
def test_contributing_tells_the_layers_in_their_order(table: int, order: Layers) -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    house = contributing.partition("\n## The house\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", house.split("\n| --- |")[table + 1], re.MULTILINE)
    wanted = [{member.rpartition(".")[2] for member in layer} for layer in order]

    assert [set(re.findall(r"`(\w+)`", cell)) for cell in cells] == wanted


@pytest.mark.parametrize("name", CORE)
def test_the_core_knows_neither_sdk_nor_clock_nor_environment_nor_chance_nor_threads(name: str) -> None:
    module = Module.of(SHIPPED / "pizza_oven" / f"{name}.py", SHIPPED)
    assert not FOREIGN_TO_CORE & {imported.partition(".")[0] for imported in module.imports()}


@pytest.mark.parametrize("root", [SHIPPED, TOOLS], ids=["shipped", "tools"])
def test_an_import_reads_no_clock_and_no_environment_and_makes_no_client(root: Path) -> None:
    found = {module.name: at_import(module.tree) for module in modules(root)}
    assert not {name: effects for name, effects in found.items() if effects}


# That the rules see what they should


@pytest.mark.parametrize(
    ("name", "source", "wrong"),
    [
        ("top", "import p.low", False),
        ("top", "from p import low", False),
        ("top", "from .low import x", False),
        ("top.a", "from p.top.b import x", False),
        ("top", "import elsewhere", False),
        ("low", "import p.top", True),
        ("low", "from p import top", True),
        ("low", "from .top import x", True),
        ("low", "def f():\n    from p.top import x", True),
        ("low", "if TYPE_CHECKING:\n    import p.top.a", True),
        ("left", "from p.right import x", True),
        ("top", "import p.nowhere", True),
        ("nowhere", "import p.low", True),
        ("lowest", "import p.low", True),
    ],
)
def test_an_import_that_does_not_go_down_is_seen(name: str, source: str, wrong: bool) -> None:
    module = Module(f"p.{name}", is_package=False, tree=ast.parse(source))
    assert bool(uphill(module, layers("p.low", "p.left p.right", "p.top"))) is wrong


@pytest.mark.parametrize(
    "source",
    [
        "import time\nSTART = time.time()",
        "import time as t\nclass A:\n    start = t.monotonic()",
        "from time import time\ndef f(now=time()): ...",
        "from datetime import datetime\nSTART = datetime.now()",
        "import os\nHOME = os.environ['HOME']",
        "from os import environ\nHOME = environ.get('HOME')",
        "import os\nif os.getenv('X'): ...",
        "from pathlib import Path\nHERE = Path.cwd()",
        "import boto3\nsqs = boto3.client('sqs')",
        "from botocore.session import Session\nsession = Session()",
        "sqs = session.create_client('sqs')",
        "@decorated(session.client('sqs'))\nasync def f(): ...",
    ],
)
def test_an_effect_at_import_is_seen(source: str) -> None:
    assert at_import(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "import time\ndef f(): return time.time()",
        "import time\nf = lambda: time.time()",
        "import time\nclass A:\n    def f(self, now=time.time): return now()",
        "import os\nasync def f(): return os.environ",
        "import os\nif __name__ == '__main__':\n    print(os.environ)",
        "def time(): ...\nSTART = time()",
    ],
)
def test_what_happens_later_is_no_effect_at_import(source: str) -> None:
    assert not at_import(ast.parse(source))
