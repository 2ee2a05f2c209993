import json
import os
import socket
import ssl
import subprocess
import tempfile
from types import SimpleNamespace

from django.contrib.sessions.backends.cache import SessionStore
from django.middleware.csrf import get_token
from django.test import override_settings, RequestFactory

from guts_dashboard.proxy import Proxy

from tests.fakes import ApiTestCase, TOKEN, user

VIEW = Proxy.as_view()


class ProxyTest(ApiTestCase):
    def setUp(self):
        super().setUp()
        self.session = SessionStore()
        self.session.update({'token': SimpleNamespace(id=TOKEN), 'services_region': 'RegionOne'})
        self.session.create()

    def call(self, method='GET', path='/v1/sources', data=None, caller=None, csrf=True, place='RegionOne/p1', **meta):
        """As it comes from Horizon's resolver; `path` is decoded."""
        given = '' if data is None else data
        request = RequestFactory().generic(method, '/api/guts/RegionOne/p1' + path, given, 'application/json', **meta)
        request.user = caller or user(self.url, 'member')
        request.session = self.session
        if csrf:
            request.META['HTTP_X_CSRFTOKEN'] = get_token(request)
            request.COOKIES['csrftoken'] = request.META['CSRF_COOKIE']
        return VIEW(request, asked=place + path)

    def content(self, answer):
        return b''.join(answer.streaming_content)

    def test_a_call_goes_on_with_the_token_and_without_the_cookies(self):
        self.answers(201, {'Content-Type': 'application/json', 'X-OpenStack-Request-ID': 'req-1', 'Set-Cookie': 'a=b'}, b'{"a": 1}')
        answer = self.call(
            'POST',
            '/v1/migrations',
            '{"name": "x"}',
            HTTP_COOKIE='sessionid=secret',
            HTTP_IDEMPOTENCY_KEY='k',
            HTTP_X_AUTH_TOKEN='of-somebody-else',
            HTTP_X_FORWARDED_FOR='10.0.0.1',
            HTTP_AUTHORIZATION='Basic x',
            QUERY_STRING='limit=2&q=%C3%A9',
        )
        self.assertEqual([answer.status_code, self.content(answer)], [201, b'{"a": 1}'])
        self.assertEqual(answer['X-OpenStack-Request-ID'], 'req-1')
        self.assertEqual(answer['Cache-Control'], 'no-store')
        self.assertNotIn('Set-Cookie', answer)
        self.assertNotIn(TOKEN, str(answer.headers))
        [(method, path, headers, body)] = self.api.asked
        self.assertEqual([method, path, body], ['POST', '/v1/migrations?limit=2&q=%C3%A9', '{"name": "x"}'])
        self.assertEqual([headers['X-Auth-Token'], headers['Idempotency-Key']], [TOKEN, 'k'])
        self.assertFalse({'Cookie', 'Authorization', 'X-Forwarded-For', 'X-CSRFToken'} & set(headers))

    def test_errors_of_the_api_pass_as_they_are(self):
        self.answers(409, {'Content-Type': 'application/json', 'Retry-After': '5'}, b'{"error": {"guts_code": "conflict"}}')
        answer = self.call()
        self.assertEqual([answer.status_code, answer['Retry-After']], [409, '5'])
        self.assertEqual(json.loads(self.content(answer))['error']['guts_code'], 'conflict')

    def test_answers_without_a_body(self):
        self.answers(204, {})
        answer = self.call('DELETE', '/v1/sources/1')
        self.assertEqual([answer.status_code, answer.content], [204, b''])
        self.answers(200, {'Content-Type': 'application/json', 'Content-Length': '77'})
        answer = self.call('HEAD')
        self.assertEqual([answer.status_code, answer.content, answer['Content-Length']], [200, b'', '77'])

    def test_no_page_of_the_api_runs_in_horizons_name(self):
        self.answers(200, {'Content-Type': 'text/html'}, b'<script>alert(1)</script>')
        answer = self.call()
        self.assertEqual(answer['Content-Security-Policy'], "default-src 'none'; sandbox")
        self.assertEqual(answer['X-Content-Type-Options'], 'nosniff')

    def test_without_the_csrf_token_nothing_is_asked(self):
        for method in ('POST', 'PUT', 'PATCH', 'DELETE'):
            self.assert_envelope(self.call(method, csrf=False), 403, 'forbidden')
        answer = self.call('POST', csrf=False, HTTP_COOKIE='csrftoken=' + 'a' * 64, HTTP_X_CSRFTOKEN='a' * 63 + 'b')
        self.assert_envelope(answer, 403, 'forbidden')
        self.assertEqual(self.api.asked, [])
        self.assertEqual(self.call(csrf=False).status_code, 200)

    def test_who_is_not_logged_in_is_told_so(self):
        self.assert_envelope(self.call(caller=user(self.url, authenticated=False)), 401, 'unauthorized')
        self.assertEqual(self.api.asked, [])

    def test_a_page_of_another_project_or_region_does_nothing(self):
        for place in ('RegionOne/p2', 'RegionTwo/p1', 'RegionOne', 'p1', 'RegionOne/p11', ''):
            self.assert_envelope(self.call('POST', place=place), 409, 'conflict')
        self.assertEqual(self.api.asked, [])

    def test_a_long_call_does_not_undo_what_was_chosen_meanwhile(self):
        token = SimpleNamespace(id=TOKEN)
        for chosen, kept in (
            ({'token': token, 'services_region': 'RegionOne'}, False),
            ({'token': SimpleNamespace(id='of another project'), 'services_region': 'RegionOne'}, True),
            ({'token': token, 'services_region': 'RegionTwo'}, True),
            ({}, True),
        ):
            for answers in ((200, {}), (302, {'Location': self.url})):
                with self.subTest(chosen):
                    self.session = SessionStore(self.session.session_key)
                    self.session.update({'token': token, 'services_region': 'RegionOne'})
                    self.session.save()
                    other = SessionStore(self.session.session_key)
                    # As the other tab's call is done before the answer to this one comes.
                    other.clear()
                    other.update(chosen)
                    self.answers(*answers)
                    self.api.meanwhile = other.save
                    self.session.set_expiry(1000)
                    self.call()
                    self.assertEqual(self.session.modified, not kept)
        # Nor does it bring back a session that is over.
        self.api.meanwhile = lambda: SessionStore(self.session.session_key).delete()
        self.session.set_expiry(1000)
        self.call()
        self.assertFalse(self.session.modified)

    def test_only_paths_of_the_api(self):
        for path in (
            '/', '/v1x/a', '/metrics', '/healthcheck', '/v1/../metrics', '/v1/./a', '/v1//a', '/v1/a/', '/v1/a\\b',
            '/v1/a\nb', '/v1/%2e%2e/metrics\x00', '/v1/..', '/v1/a?b', '/v1/a#b',
        ):
            with self.subTest(path):
                self.assert_envelope(self.call(path=path), 404, 'not_found')
        self.assertEqual(self.api.asked, [])

    def test_a_segment_stays_one(self):
        self.call(path='/v1/instances/a/b c', REQUEST_URI='/dash/api/guts/RegionOne/p1/v1/instances/a%2Fb%20c?x=1')
        # What Django was not asked for does not count, nor what hides another path.
        self.call(path='/v1/instances/a', REQUEST_URI='/api/guts/RegionOne/p1/v1/services')
        self.call(path='/v1/instances/é:1')
        asked = ['/v1/instances/a%2Fb%20c', '/v1/instances/a', '/v1/instances/%C3%A9:1']
        self.assertEqual([path for _, path, _, _ in self.api.asked], asked)
        answer = self.call(path='/v1/a/../b', REQUEST_URI='/api/guts/RegionOne/p1/v1/a/%2e%2e/b')
        self.assert_envelope(answer, 404, 'not_found')

    def test_the_stream_is_not_for_a_process_of_horizons(self):
        for path in ('/v1/events/stream', '/v1/0123/events/stream'):
            self.assert_envelope(self.call(path=path), 501, 'unsupported')
        self.assertEqual(self.api.asked, [])

    def test_redirects_are_not_followed(self):
        self.answers(302, {'Location': self.url + '/elsewhere'})
        self.assert_envelope(self.call(), 502, 'internal')
        self.assertEqual(len(self.api.asked), 1)

    def test_bodies_have_bounds(self):
        self.assert_envelope(self.call('POST', data='x' * 1001), 413, 'too_large')
        self.assert_envelope(self.call('POST', data='x', HTTP_TRANSFER_ENCODING='chunked'), 411, 'bad_request')
        self.assert_envelope(self.call('POST', data='x', CONTENT_LENGTH='-1'), 411, 'bad_request')
        self.assert_envelope(self.call('POST', data='x', CONTENT_TYPE='text/plain'), 415, 'bad_request')
        self.assertEqual(self.api.asked, [])
        self.assertEqual(self.call('POST', data='x' * 1000).status_code, 200)
        self.assertEqual(self.api.asked[0][3], 'x' * 1000)

    def test_answers_have_bounds(self):
        self.answers(200, {}, b'x' * 5001)
        self.assert_envelope(self.call(), 502, 'internal')
        self.answers(200, {'Content-Length': ''}, b'x' * 5001)
        with self.assertRaisesRegex(OSError, 'cut off'):
            self.content(self.call())
        self.answers(200, {}, b'x' * 5000)
        self.assertEqual(len(self.content(self.call())), 5000)

    def test_an_answer_that_ends_early_is_no_whole_one(self):
        self.answers(200, {'Content-Length': '50', 'Connection': 'close'}, b'x' * 49)
        answer = self.call()
        self.assertEqual(answer['Content-Length'], '50')
        self.api.server_close()
        with self.assertRaises(OSError):
            self.content(answer)

    @override_settings(GUTS_TIMEOUT=0.3)
    def test_an_answer_that_does_not_come(self):
        self.answers(200, {'Content-Length': '1'}, b'x', seconds=1)
        with self.assertRaises(OSError):
            self.content(self.call())

    def test_nobody_is_there(self):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self.assert_envelope(self.call(caller=user('http://127.0.0.1:%d' % port, 'member')), 502, 'unreachable')
        self.assert_envelope(self.call(caller=user(None, 'member')), 501, 'unsupported')
        self.assert_envelope(self.call(caller=user(self.url, 'member', regions=['RegionTwo'])), 501, 'unsupported')

    def test_the_certificate_is_checked(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        cert, key = (os.path.join(folder.name, name) for name in ('cert.pem', 'key.pem'))
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=guts',
             '-addext', 'subjectAltName=IP:127.0.0.1', '-out', cert, '-keyout', key],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.api.socket = context.wrap_socket(self.api.socket, server_side=True)
        caller = user(self.url.replace('http:', 'https:'), 'member')
        refused = self.call(caller=caller)
        self.assert_envelope(refused, 502, 'unreachable')
        self.assertIn(b'GUTS_CA_FILE', refused.content)
        self.assertEqual(self.api.asked, [])
        for settings in ({'GUTS_CA_FILE': cert}, {'OPENSTACK_SSL_CACERT': cert}, {'OPENSTACK_SSL_NO_VERIFY': True}):
            with override_settings(**settings):
                self.assertEqual(self.call(caller=caller).status_code, 200)

    def test_a_method_that_no_call_has(self):
        self.assert_envelope(self.call('OPTIONS'), 405, 'bad_request')
        self.assertEqual(self.api.asked, [])
