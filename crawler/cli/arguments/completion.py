"""Completion in bash, zsh and fish as click does it, and of values after an equals sign. Imported only for that."""

from __future__ import annotations

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)


def register() -> None:
    """Have click use the classes of this module."""
    for shell in (_Bash, _Zsh, _Fish):
        add_completion_class(shell)


class _Joined(ShellComplete):
    """A shell that takes ``--option=value`` for one word, so that completions have to begin like it."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        found = super().get_completions(args, incomplete)
        option, equals, _ = incomplete.partition("=")
        if not equals or option[:2] != "--":
            return found
        return [CompletionItem(f"{option}={each.value}", help=each.help) for each in found if each.type == "plain"]


class _Bash(BashComplete):
    """bash takes the equals sign for a word of its own."""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        return args[:-1] if args[-1:] == ["="] else args, incomplete


class _Zsh(_Joined, ZshComplete):
    pass


class _Fish(_Joined, FishComplete):
    """The script of click takes what follows a comma in the help of an option for something else."""

    def format_completion(self, item: CompletionItem) -> str:
        text = f"{item.type},{item.value}"
        return f"{text}\t{item.help.replace(',', ';')}" if item.help else text
