"""The app's way to guts-api: adds the user's token, which stays on this server."""

import logging
import time

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import decorator_from_middleware, method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View
from horizon import exceptions
from openstack_dashboard.api.rest import urls
import requests

from guts_dashboard import endpoint
from guts_dashboard.answers import error, ProxyError, sealed
from guts_dashboard.session import leave_as_chosen
from guts_dashboard.target import path_of

LOG = logging.getLogger(__name__)
ASKED = ('Accept', 'Content-Type', 'Idempotency-Key', 'OpenStack-API-Version')
ANSWERED = (
    'Allow',
    'Content-Disposition',
    'Content-Type',
    'Idempotency-Replayed',
    'OpenStack-API-Version',
    'Retry-After',
    'Vary',
    'X-OpenStack-Request-ID',
)
CHUNK = 64 * 1024
CONNECT_SECONDS = 5


def setting(name, default):
    return getattr(settings, 'GUTS_' + name, default)


class Csrf(CsrfViewMiddleware):
    """Django's check, whose refusal the app can show."""

    def _reject(self, request, reason):
        LOG.warning('refused: %s: %s', reason, request.path)
        return error(
            ProxyError(403, 'forbidden', 'the request lacks the CSRF token of this page', 'Load the page again.')
        )


def verification():
    """What guts-api's certificate is checked against, as `requests` takes it."""
    if settings.OPENSTACK_SSL_NO_VERIFY:
        return False
    return setting('CA_FILE', None) or settings.OPENSTACK_SSL_CACERT or True


class Body:
    """A request's body as it comes, never whole in memory; `requests` asks its length."""

    def __init__(self, request, length):
        self._request, self._length = request, length

    def __len__(self):
        return self._length

    def read(self, size=-1):
        return self._request.read(CHUNK if size is None or size < 0 else size)


def body_of(request):
    """:raises ProxyError: it is longer than allowed, of unknown length, or no JSON"""
    most = setting('MAX_BODY_BYTES', 9 * 1024 * 1024)
    told = request.META.get('CONTENT_LENGTH') or '0'
    if 'HTTP_TRANSFER_ENCODING' in request.META or not told.isdecimal():
        raise ProxyError(411, 'bad_request', 'the request does not tell its length', 'Send Content-Length.')
    length = int(told)
    if length > most:
        raise ProxyError(413, 'too_large', 'the body has more than %d bytes' % most, 'Send fewer things at once.')
    if length == 0:
        return None
    if request.content_type != 'application/json':
        raise ProxyError(415, 'bad_request', 'the body is no JSON', 'Send Content-Type: application/json.')
    return Body(request, length)


def chunks(answer, length, most, until):
    """The answer as it comes. One that is too long or too slow is cut off, which the browser sees: it is no whole one.

    :param length: what it says of itself; null: nothing
    :param until: in seconds of the monotonic clock
    """
    with answer:
        sent = 0
        for chunk in answer.iter_content(CHUNK):
            sent += len(chunk)
            if sent > most or time.monotonic() > until:
                raise OSError('an answer of guts-api was cut off: it had more than %d bytes, or came too slowly' % most)
            yield chunk
        if length is not None and sent != int(length):
            raise OSError('an answer of guts-api ended after %d of %s bytes' % (sent, length))


@urls.register
# The check stays on: it is made here instead of before, only to answer in the API's way.
@method_decorator([csrf_exempt, decorator_from_middleware(Csrf)], name='dispatch')
class Proxy(View):
    url_regex = r'^guts/(?P<asked>.*)$'
    http_method_names = ['get', 'head', 'post', 'put', 'patch', 'delete']

    def dispatch(self, request, asked):
        try:
            if request.method.lower() not in self.http_method_names:
                raise ProxyError(405, 'bad_request', 'no call of guts-api has this method', 'See /v1/openapi.json.')
            if not request.user.is_authenticated:
                raise ProxyError(401, 'unauthorized', 'nobody is logged in to Horizon', 'Log in again.')
            place = endpoint.place_of(request.user)
            if not asked.startswith(place + '/'):
                raise ProxyError(
                    409,
                    'conflict',
                    'this page is of another project or region than the one that is chosen in Horizon now',
                    'Load the page again, or choose its project and region again.',
                )
            return self.forward(request, path_of(request, asked[len(place) :]))
        except ProxyError as problem:
            return error(problem)
        finally:
            leave_as_chosen(request.session)

    def forward(self, request, path):
        until = time.monotonic() + setting('TIMEOUT', 60)
        answer = self.ask(request, path)
        if 300 <= answer.status_code < 400 and answer.status_code != 304:
            answer.close()
            raise ProxyError(
                502,
                'internal',
                'guts-api sent the call elsewhere, which is not followed',
                'See whether the endpoint in the catalog is the address of guts-api itself.',
            )
        most = setting('MAX_ANSWER_BYTES', 64 * 1024 * 1024)
        # What is compressed all the same comes unpacked, and longer.
        length = None if 'Content-Encoding' in answer.headers else answer.headers.get('Content-Length')
        if length is not None and int(length) > most and request.method != 'HEAD':
            answer.close()
            raise ProxyError(
                502, 'internal', 'the answer has more than %d bytes' % most, 'Ask for less at once: limit, marker.'
            )
        if request.method == 'HEAD' or answer.status_code == 204:
            answer.close()
            forwarded = HttpResponse(status=answer.status_code)
        else:
            forwarded = StreamingHttpResponse(chunks(answer, length, most, until), status=answer.status_code)
        del forwarded['Content-Type']
        for name in ANSWERED:
            if name in answer.headers:
                forwarded[name] = answer.headers[name]
        if length is not None:
            forwarded['Content-Length'] = length
        return sealed(forwarded)

    def ask(self, request, path):
        headers = {name: request.headers[name] for name in ASKED if name in request.headers}
        headers.update({'X-Auth-Token': request.user.token.id, 'Accept-Encoding': 'identity'})
        query = request.META.get('QUERY_STRING', '')
        try:
            with requests.Session() as session:
                # Nothing of the environment's: no other proxy, no password of a .netrc.
                session.trust_env = False
                return session.request(
                    request.method,
                    endpoint.base_of(request) + path + ('?' + query if query else ''),
                    headers=headers,
                    data=body_of(request),
                    allow_redirects=False,
                    stream=True,
                    timeout=(CONNECT_SECONDS, setting('TIMEOUT', 60)),
                    verify=verification(),
                )
        except exceptions.ServiceCatalogException as cause:
            raise ProxyError(
                501,
                'unsupported',
                'the catalog of Keystone has no endpoint of GUTS in this region',
                'Choose another region, or register the service migration there.',
            ) from cause
        except requests.exceptions.SSLError as cause:
            LOG.error('guts-api is not trusted: %s', cause)
            raise ProxyError(
                502,
                'unreachable',
                'the certificate of guts-api is not trusted by Horizon',
                'Name the file with its CA in GUTS_CA_FILE.',
            ) from cause
        except requests.exceptions.RequestException as cause:
            LOG.error('guts-api does not answer: %s', cause)
            raise ProxyError(
                502,
                'unreachable',
                'guts-api does not answer Horizon',
                "See whether it runs; Horizon's log has the reason.",
            ) from cause
