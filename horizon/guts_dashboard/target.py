"""Which address of guts-api a call of the app means."""

import re
from urllib.parse import quote, unquote, urlsplit

from guts_dashboard.answers import ProxyError

# Of the segments after /v1 the project may be the first.
STREAM = re.compile(r'^/v1(?:/[^/]+)?/events/stream$')
# What RFC 3986, section 3.3, lets a path hold as it is.
PLAIN = "/:@!$&'()*+,;=-._~"


def path_of(request, path):
    """The path as the browser wrote it, so that a name with an encoded slash stays one segment.

    :param path: as Django decoded it, from /v1 on
    :raises ProxyError: it is none of the API's, or one that only a browser can follow
    """
    written = urlsplit(request.META.get('REQUEST_URI', '')).path
    start = written.find('/v1')
    # Servers may rewrite addresses: then what Django was asked for counts.
    raw = written[start:] if start >= 0 and unquote(written[start:]) == path else quote(path, safe=PLAIN)
    segments = [unquote(one) for one in raw.split('/')[1:]]
    if segments[0] != 'v1' or any(one in ('', '.', '..') for one in segments) or re.search(
        r'[\x00-\x1f\x7f\\?#]', unquote(raw)
    ):
        raise ProxyError(
            404, 'not_found', 'there is no such path of guts-api', 'Calls go to /v1/… without empty segments or dots.'
        )
    if STREAM.match(unquote(raw)):
        raise ProxyError(
            501,
            'unsupported',
            'the event stream does not come through Horizon',
            'Get a ticket (POST /v1/events/tickets) and open the stream at the public endpoint of guts-api.',
        )
    return raw
