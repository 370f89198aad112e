"""The stub server leaves nothing open."""

import gc
import socket
import sys

from llmrerank.testing.stub_server import StubServer


def test_connections_that_are_accepted_as_it_ends_are_closed(monkeypatch):
    left = []
    monkeypatch.setattr(sys, "unraisablehook", left.append)
    for _ in range(40):
        with StubServer(lambda body: "[1]") as server:
            address = ("127.0.0.1", int(server.base_url.rpartition(":")[2].partition("/")[0]))
            clients = [socket.create_connection(address) for _ in range(3)]
        for client in clients:
            client.close()
    gc.collect()
    assert left == []
