# SPDX-License-Identifier: BSD-3-Clause
"""The agent as a service: where a new configuration asks for more than a running daemon can change, another begins."""

import logging

from wpsagent.config.model import Configuration
from wpsagent.daemon.daemon import Daemon, Reread
from wpsagent.errors import AgentError

logger = logging.getLogger(__name__)


async def serve(configuration: Configuration, reread: Reread) -> None:
    """Run until the end.  reread: what SIGHUP asks for.  Raises AgentError."""
    await go_on(configuration, await Daemon(configuration, reread=reread).run(), reread)


async def go_on(before: Configuration, following: Configuration | None, reread: Reread) -> None:
    """After a daemon that ran `before` and wants `following` to be run now; None: the end.

    A configuration that cannot be run gives way to the one before; raises AgentError when that cannot be run either.
    """
    while following is not None:
        try:
            result = await Daemon(following, reread=reread).run()
        except AgentError as error:
            if following is before:
                raise
            logger.error("the new configuration cannot be run, the one before goes on: %s", error)
            following = before
        else:
            before, following = following, result
