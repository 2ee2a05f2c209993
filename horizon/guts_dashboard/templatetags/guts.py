"""What keeps Horizon's Bootstrap and the app's PatternFly apart."""

import re

from django import template
from django.utils.safestring import mark_safe

register = template.Library()
LINK = re.compile(r'<link\b[^>]*\brel=["\']?stylesheet\b[^>]*>', re.IGNORECASE)
ADDRESS = re.compile(r'\bhref=(["\'])([^"\'\s\\<>()]+)\1', re.IGNORECASE)
MEDIA = re.compile(r'\bmedia=(["\'])([\w\s,:()-]+)\1', re.IGNORECASE)


@register.filter(is_safe=True)
def layered(links):
    """Puts Horizon's style sheets into a cascade layer, below all that the app's own say.

    Bootstrap styles plain elements, some of them (a:hover, input[type=checkbox]) with more weight than PatternFly
    styles its classes with: without this it would win.

    :param links: the block of Horizon's page that loads them
    """

    def import_of(link):
        address, media = ADDRESS.search(link[0]), MEDIA.search(link[0])
        if not address:
            return link[0]
        return '<style>@import url("%s") layer(horizon)%s;</style>' % (address[2], ' ' + media[2] if media else '')

    return mark_safe(LINK.sub(import_of, links))  # nosec: Horizon's own page, of which only links are written anew
