# SPDX-License-Identifier: BSD-3-Clause
"""The command line: `wps-agent run`, and the commands that talk to a running agent over its control socket.

What the exit codes mean stands in cli.exit_codes.
Whatever a command needs is imported when it runs, so that `wps-agent pbc` on a small board does not load a daemon.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from wpsagent import __version__
from wpsagent.cli.exit_codes import DONE, FAILED, INTERRUPTED, OVERLAP, WRONG_USE
from wpsagent.cli.journal import complain
from wpsagent.cli.parser import build_parser
from wpsagent.errors import AgentError, ConfigError, OverlapError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = build_parser(__version__)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:  # told with the usage of the command, not of all commands
        vars(options).get("parser", parser).error(f"unrecognized arguments: {' '.join(unknown)}")
    if "handler" not in options:
        parser.print_help()
        return WRONG_USE
    return _guarded(options)


def _guarded(options: argparse.Namespace) -> int:
    """Whatever the agent raises on purpose is one line for a person; anything else is a bug and shows its traceback."""
    try:
        code = int(options.handler(options))
        sys.stdout.flush()  # here, where a closed pipe is still ours to handle
    except ConfigError as error:
        complain("\n".join(("wps-agent: the configuration is wrong:", *(f"  {one}" for one in error.problems))))
        return FAILED
    except AgentError as error:
        complain(f"wps-agent: {error}")
        return OVERLAP if isinstance(error, OverlapError) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has read enough; what is left of it must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    else:
        return code
    finally:
        logging.shutdown()
