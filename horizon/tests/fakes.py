"""A user as openstack_auth makes them, and a guts-api that tells what it was asked."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import threading
import time
from types import SimpleNamespace
import unittest

TOKEN = 'gAAAA-the-token-of-the-user'


def user(url, *roles, authenticated=True, regions=('RegionOne',)):
    endpoints = [
        {'region': region, 'region_id': region, 'interface': interface, 'url': url + path}
        for region in (regions if url else ())
        for interface, path in (('internal', '/v1/0123456789abcdef'), ('public', '/public/v1'))
    ]
    catalog = [{'type': 'migration', 'name': 'guts', 'endpoints': endpoints}]
    return SimpleNamespace(
        id='u1',
        username='<b>ann</b>',
        is_authenticated=authenticated,
        is_superuser='admin' in roles,
        token=SimpleNamespace(id=TOKEN),
        roles=[{'name': role} for role in roles],
        project_id='p1',
        project_name='demo',
        user_domain_id='default',
        services_region='RegionOne',
        service_catalog=catalog,
    )


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0))).decode()
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        self.server.meanwhile()
        status, headers, content, seconds = self.server.answers
        self.send_response(status)
        length = headers.pop('Content-Length', str(len(content)))
        if length:
            self.send_header('Content-Length', length)
        else:
            self.send_header('Connection', 'close')
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        time.sleep(seconds)
        self.wfile.write(content if self.command != 'HEAD' else b'')

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


class Api(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Callers that went away in the middle, as some tests have it."""


class ApiTestCase(unittest.TestCase):
    def setUp(self):
        self.api = Api(('127.0.0.1', 0), Handler)
        self.api.asked = []
        self.api.meanwhile = lambda: None
        self.url = 'http://127.0.0.1:%d' % self.api.server_port
        self.answers(200, {'Content-Type': 'application/json'}, b'{}')
        threading.Thread(target=self.api.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(self.api.server_close)
        self.addCleanup(self.api.shutdown)

    def answers(self, status, headers, content=b'', seconds=0):
        self.api.answers = (status, headers, content, seconds)

    def assert_envelope(self, answer, status, code):
        self.assertEqual(answer.status_code, status)
        error = json.loads(answer.content)['error']
        self.assertEqual([error['code'], error['guts_code']], [status, code])
        self.assertEqual(
            sorted(error), ['code', 'details', 'field', 'guts_code', 'message', 'remedy', 'request_id', 'title']
        )
        self.assertTrue(error['message'] and error['remedy'])
        self.assertEqual(answer['X-OpenStack-Request-ID'], error['request_id'])
