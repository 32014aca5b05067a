# SPDX-License-Identifier: BSD-3-Clause
"""The SA Query procedure of a station: what starts it, what ends it, how often it asks."""

import pytest

from wpsagent.dot11.frames import ReasonCode
from wpsagent.dot11.sa_query import SaQuery, SaQueryAction
from wpsagent.roles.sta.sa_query import SaQueryProcedure

CLASS_3 = ReasonCode.INVALID_CLASS3_FRAME


def procedure() -> SaQueryProcedure:
    draws = iter(range(1000))
    return SaQueryProcedure(lambda size: next(draws).to_bytes(size))


def answer(query: SaQuery) -> SaQuery:
    return SaQuery(SaQueryAction.RESPONSE, query.transaction)


def run_out(machine: SaQueryProcedure) -> tuple[list[SaQuery], float]:
    """Time passes until there is nothing more to wait for; what was asked, and when it ended."""
    queries, now = machine.requests_to_send(), 0.0
    while machine.deadline is not None:
        now = machine.deadline
        machine.handle_timer(now)
        queries += machine.requests_to_send()
    return queries, now


@pytest.mark.parametrize("reason", [ReasonCode.INVALID_CLASS2_FRAME, CLASS_3])
def test_silence_means_that_the_keys_are_lost_after_a_thousand_time_units(reason: ReasonCode) -> None:
    machine = procedure()
    machine.doubt(reason, 0.0)
    queries, ended_at = run_out(machine)
    assert [query.transaction for query in queries] == [n.to_bytes(2) for n in range(5)]
    assert ended_at == pytest.approx(1.024)
    assert machine.is_lost


def test_an_answer_to_any_request_ends_it() -> None:
    machine = procedure()
    machine.doubt(CLASS_3, 0.0)
    (first,) = machine.requests_to_send()
    machine.handle_timer(0.3)
    assert len(machine.requests_to_send()) == 1
    machine.receive(answer(first))
    assert machine.deadline is None
    machine.handle_timer(5.0)
    assert not machine.is_lost


def test_another_s_answer_and_requests_are_no_answer() -> None:
    machine = procedure()
    machine.doubt(CLASS_3, 0.0)
    (query,) = machine.requests_to_send()
    machine.receive(query)
    machine.receive(SaQuery(SaQueryAction.RESPONSE, b"\xff\xff"))
    assert run_out(machine)[1] == pytest.approx(1.024)
    assert machine.is_lost


def test_a_flood_of_doubts_asks_once_in_ten_seconds() -> None:
    machine = procedure()
    for tenth in range(100):
        machine.doubt(CLASS_3, tenth / 10)
        for query in machine.requests_to_send():
            machine.receive(answer(query))
    machine.doubt(CLASS_3, 10.0)
    assert machine.requests_to_send() == [SaQuery(SaQueryAction.REQUEST, b"\x00\x01")]


def test_other_reasons_are_no_reason_to_doubt() -> None:
    machine = procedure()
    machine.doubt(ReasonCode.LEAVING_NETWORK_DEAUTH, 0.0)
    assert machine.requests_to_send() == []
    assert machine.deadline is None


def test_timer_before_its_time_asks_nothing() -> None:
    machine = procedure()
    machine.handle_timer(1.0)
    machine.doubt(CLASS_3, 0.0)
    machine.requests_to_send()
    machine.handle_timer(0.1)
    assert machine.requests_to_send() == []
