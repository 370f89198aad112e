"""The sync door: results, errors, interrupts, forks, and no deadlock on its own loop."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from llmrerank import portal
from llmrerank.errors import ConfigError


async def double(number):
    await asyncio.sleep(0)
    return 2 * number


def test_results_and_errors_come_through():
    assert portal.run(double, 21) == 42

    async def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        portal.run(fail)


def test_all_threads_share_one_loop():
    loops = []

    async def which():
        loops.append(asyncio.get_running_loop())

    threads = [threading.Thread(target=portal.run, args=(which,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(loop) for loop in loops}) == 1


def test_waiting_on_its_own_loop_is_refused():
    async def inside():
        return portal.run(double, 1)

    with pytest.raises(ConfigError, match="await the async one"):
        portal.run(inside)


def run_script(body):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(body)],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_starts_its_own_loop_and_ends():
    ended = run_script(
        """
        import asyncio, os, sys
        from llmrerank import portal
        async def double(n):
            await asyncio.sleep(0)
            return 2 * n
        assert portal.run(double, 1) == 2
        child = os.fork()
        if child == 0:
            assert portal.run(double, 2) == 4
            sys.exit(7)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7
        assert portal.run(double, 3) == 6
        print("done")
        """
    )
    assert ended.stdout == "done\n", ended.stderr
    assert ended.stderr == ""


def test_an_interrupt_cancels_and_waits_for_the_clean_up():
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                """
                import asyncio
                from llmrerank import portal
                async def hold():
                    print("started", flush=True)
                    try:
                        await asyncio.Event().wait()
                    finally:
                        await asyncio.sleep(0)
                        print("cleaned", flush=True)
                try:
                    portal.run(hold)
                except KeyboardInterrupt:
                    print("interrupted", flush=True)
                """
            ),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "cleaned\ninterrupted\n", err
    assert err == ""
