"""The commands of ``invoiceflow`` and their options, from the command itself."""

from typing import Any

import typer

from invoiceflow_standalone.cli.app import app
from reference_pages.blocks import table

__all__ = ["cli_blocks"]


def cli_blocks() -> dict[str, str]:
    """Return the list of commands, and what each takes."""
    group: Any = typer.main.get_command(app)
    commands = {name: command for name, command in group.commands.items() if not command.hidden}
    leaves = {
        path: leaf
        for name, command in commands.items()
        for path, leaf in (
            {f"{name} {of}": each for of, each in command.commands.items()}
            if hasattr(command, "commands")
            else {name: command}
        ).items()
    }
    general = [
        _row(each) for each in group.params if "completion" not in each.name and not getattr(each, "hidden", False)
    ]
    blocks = {
        "cli": table(
            ("command", "what it does"), [(f"[`{name}`](#{name})", _help(each)) for name, each in commands.items()]
        )
        + ("\nBefore any command:\n\n" + table(("option", "default", "meaning"), general) if general else "")
    }
    for name, command in leaves.items():
        usage = " ".join(["invoiceflow", name, *command.collect_usage_pieces(typer.Context(command))])
        rows = [_row(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
        blocks[f"cli.{name.replace(' ', '.')}"] = (
            f"    {usage}\n\n{table(('argument or option', 'default', 'meaning'), rows)}"
        )
    return blocks


def _help(command: Any) -> str:
    return str(command.help or "").partition("\n\n")[0]


def _row(parameter: Any) -> tuple[str, str, str]:
    text = str(getattr(parameter, "help", None) or "")
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`", "", text
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if choices := getattr(parameter.type, "choices", None):
        text += " One of " + ", ".join(f"`{choice}`" for choice in choices) + "."
    if parameter.envvar:
        text += f" Environment: `{parameter.envvar}`."
    return names, _default(parameter), text.strip()


def _default(option: Any) -> str:
    value = option.default
    if value is None or callable(value):
        return ""
    if option.is_flag:
        names = option.opts if value else option.secondary_opts
        return f"`{names[0]}`" if names else ""
    return f"`{getattr(value, 'value', value)}`"
