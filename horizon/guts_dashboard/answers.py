"""The proxy's own errors, in the envelope that guts-api's have."""

import http
import uuid

from django.http import JsonResponse


class ProxyError(Exception):
    """What the proxy tells instead of an answer of guts-api.

    :param code: one of GUTS's error codes
    :param remedy: what to do about it, a full sentence
    """

    def __init__(self, status, code, message, remedy):
        super().__init__(message)
        self.status, self.code, self.message, self.remedy = status, code, message, remedy


def error(problem):
    request_id = 'req-%s' % uuid.uuid4()
    body = {
        'code': problem.status,
        'title': http.HTTPStatus(problem.status).phrase,
        'guts_code': problem.code,
        'message': problem.message,
        'remedy': problem.remedy,
        'field': None,
        'details': None,
        'request_id': request_id,
    }
    answer = JsonResponse({'error': body}, status=problem.status)
    answer['X-OpenStack-Request-ID'] = request_id
    return sealed(answer)


def sealed(answer):
    """As data and nothing else: whatever it holds, no browser runs it in Horizon's name or keeps it."""
    answer['Cache-Control'] = 'no-store'
    answer['X-Content-Type-Options'] = 'nosniff'
    answer['Content-Security-Policy'] = "default-src 'none'; sandbox"
    return answer
