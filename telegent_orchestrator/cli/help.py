"""How `--help` shows options and arguments.

By itself, Typer shows a flag with the type of a value, and a required argument in braces.
"""

from typing import Any  # for Typer's context and parameters, whose types are private

from typer.core import TyperCommand, TyperGroup, TyperOption


def _without_types_of_flags(params: list[Any]) -> list[Any]:
    for param in params:
        if isinstance(param, TyperOption) and param.is_flag:
            param.metavar = ""
    return params


class Command(TyperCommand):
    """A command."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Called by Typer to parse and to show the parameters."""
        return _without_types_of_flags(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Called by Typer for the line `Usage:`."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


class Group(TyperGroup):
    """A group of commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Called by Typer to parse and to show the parameters."""
        return _without_types_of_flags(super().get_params(ctx))
