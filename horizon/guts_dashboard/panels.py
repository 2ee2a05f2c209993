"""The panels: the same app in the user's project, and for administrators."""

from django.utils.translation import gettext_lazy as _
import horizon

from guts_dashboard import access


class ProjectPanel(horizon.Panel):
    name = _('Migrations')
    slug = 'guts'
    urls = 'guts_dashboard.urls.project'
    rule = 'migration:migrations:list'

    def allowed(self, context):
        return access.may(context['request'], self.rule) and super().allowed(context)


class AdminPanel(ProjectPanel):
    urls = 'guts_dashboard.urls.admin'
    rule = 'migration:services:list'
