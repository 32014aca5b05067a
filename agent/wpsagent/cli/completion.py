# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent completion`: a shell's completion, made from the table of commands.

Interfaces come from the kernel's list; nothing asks the agent, whose socket may not be ours to open.
"""

import argparse
from collections.abc import Iterable, Sequence

from wpsagent.cli.exit_codes import DONE
from wpsagent.cli.parser import COMMANDS, Command

_INTERFACES = ("interface", "target")

_BASH = """\
_wps_agent() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words
    COMPREPLY=()
    case $previous in
        -c|--config|-s|--socket) COMPREPLY=($(compgen -f -- "$current")); return ;;
        --interface|--target) COMPREPLY=($(compgen -W "$(ls /sys/class/net)" -- "$current")); return ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{names}"
    else
        case ${{COMP_WORDS[1]}} in
{cases}
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _wps_agent wps-agent
"""


def completion(options: argparse.Namespace) -> int:
    """Print the script of one shell."""
    match options.shell:
        case "bash":
            print(_bash(), end="")
        case "zsh":
            print("autoload -U +X bashcompinit && bashcompinit\n" + _bash(), end="")
        case _:
            print("\n".join(_fish()))
    return DONE


def _words(command: Command) -> list[str]:
    """What may stand after a command: its actions, its options."""
    words: list[str] = []
    for option in command.options:
        names = [name for name in option.names if name.startswith("--")]
        words += names or list(option.keywords.get("choices", ()))
    return [*words, "--help"]


def _takes_interface(command: Command) -> bool:
    return any(option.names[0] in _INTERFACES for option in command.options)


def _bash() -> str:
    def case(command: Command) -> str:
        interfaces = " $(ls /sys/class/net)" if _takes_interface(command) else ""
        return f'            {command.name}) words="{" ".join(_words(command))}{interfaces}" ;;'

    return _BASH.format(names=" ".join(command.name for command in COMMANDS), cases="\n".join(map(case, COMMANDS)))


def _fish() -> Iterable[str]:
    yield "complete -c wps-agent -f"
    for command in COMMANDS:
        yield f"complete -c wps-agent -n __fish_use_subcommand -a {command.name} -d {_quoted(command.help)}"
        yield from _fish_options(command)


def _fish_options(command: Command) -> Iterable[str]:
    start = f"complete -c wps-agent -n '__fish_seen_subcommand_from {command.name}'"
    if _takes_interface(command):
        yield f"{start} -a '(ls /sys/class/net)'"
    for option in command.options:
        yield from _fish_option(start, option.names, option.keywords.get("choices", ()), str(option.keywords["help"]))


def _fish_option(start: str, names: Sequence[str], choices: Sequence[str], text: str) -> Iterable[str]:
    long = [name.removeprefix("--") for name in names if name.startswith("--")]
    if choices:
        yield f"{start} -a '{' '.join(choices)}'"
    if long:
        is_file = long[0] in ("config", "socket")
        takes_interface = long[0] in _INTERFACES
        more = " -r -F" if is_file else " -x -a '(ls /sys/class/net)'" if takes_interface else ""
        yield f"{start} -l {long[0]}{more} -d {_quoted(text)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
