"""One naming scheme: folder x, distribution invoiceflow-x, package invoiceflow_x, settings INVOICEFLOW_X_."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = sorted(path.parent for path in [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")])
SERVICES = [member for member in MEMBERS if member.parent.name == "services" and member.name != "standalone"]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_folder_distribution_and_package_have_one_name(member: Path) -> None:
    project = tomllib.loads((member / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == f"invoiceflow-{member.name}"
    assert [path.name for path in (member / "src").iterdir()] == [f"invoiceflow_{member.name}"]
    assert (member / "src" / f"invoiceflow_{member.name}" / "py.typed").is_file()


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_every_member_belongs_to_the_workspace(member: Path) -> None:
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]["workspace"]
    patterns = workspace["members"]
    assert any(member.relative_to(ROOT).match(pattern) for pattern in patterns)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_service_has_the_same_anatomy(service: Path) -> None:
    package = service / "src" / f"invoiceflow_{service.name}"
    for module in ("main", "settings", "subscribers", "handlers", "__main__"):
        assert (package / f"{module}.py").is_file(), module


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_services_settings_carry_its_name(service: Path) -> None:
    source = (service / "src" / f"invoiceflow_{service.name}" / "settings.py").read_text(encoding="utf-8")
    prefixes = [
        keyword.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "env_prefix" and isinstance(keyword.value, ast.Constant)
    ]
    assert prefixes
    assert all(str(prefix).startswith(f"INVOICEFLOW_{service.name.upper()}_") for prefix in prefixes)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_no_module_is_a_drawer_for_everything(member: Path) -> None:
    drawers = {"utils", "util", "common", "helpers", "misc"}
    assert [path for path in (member / "src").rglob("*.py") if {path.stem, path.parent.name} & drawers] == []
