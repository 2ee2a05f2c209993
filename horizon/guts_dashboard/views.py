"""The page that holds the app."""

import logging
from urllib.parse import quote

from django.conf import settings
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from horizon import exceptions

from guts_dashboard import app_files
from guts_dashboard import endpoint

LOG = logging.getLogger(__name__)


class AppView(TemplateView):
    template_name = 'guts_dashboard/index.html'
    scope = 'project'

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context.update(page_title=_('Migrations'))
        try:
            context['script'], context['styles'] = app_files.entry()
        except OSError:
            LOG.exception('the built app is not beside the plugin')
            return context
        return {**context, 'boot': self.boot(reverse('horizon:%s:guts:index' % self.scope))}

    def public_endpoint(self):
        """Null: the catalog has none, and the app cannot listen."""
        try:
            return endpoint.base_of(self.request, 'publicURL')
        except exceptions.ServiceCatalogException:
            return None

    def boot(self, base):
        """What the app has to know. Browsers see it: no token of Keystone's here.

        :param base: where the app's own paths begin
        """
        user = self.request.user
        return {
            'mode': 'horizon',
            'base': base,
            'api': '%sapi/guts/%s' % (settings.WEBROOT, quote(endpoint.place_of(user))),
            # The stream goes there itself: a long answer would hold a process of Horizon's.
            'stream': self.public_endpoint(),
            'scope': self.scope,
            # The cookie has a new token after another login.
            'csrf': {
                'header': 'X-CSRFToken',
                'token': get_token(self.request),
                'cookie': settings.CSRF_COOKIE_NAME,
            },
            'login': settings.LOGIN_URL,
            'region': user.services_region,
            'user': user.username,
            'project': user.project_name,
        }
