#!/usr/bin/env python3
"""sink.py: takes what is sent to it by HTTP PUT, keeps nothing and hashes nothing. Prints the port that it listens on
(127.0.0.1), and ends when its input does. Python, because it reads into one buffer: Node's server makes one for each
read, which costs a machine of two processors as much as what is measured."""
import http.server
import os
import socket
import sys
import threading

BUFFER_BYTES = 2 ** 20


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rbufsize = 65536

    def do_PUT(self):
        buffer = memoryview(bytearray(BUFFER_BYTES))
        left = int(self.headers["Content-Length"])
        while left > 0:
            got = self.rfile.readinto1(buffer[:min(left, BUFFER_BYTES)])
            if not got:
                raise ConnectionError(f"{left} bytes of the body are missing")
            left -= got
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
