from unittest import mock

from django.middleware.csrf import get_token
from django.test import override_settings, RequestFactory
from openstack_auth import policy

from guts_dashboard.panels import AdminPanel, ProjectPanel
from guts_dashboard.views import AppView

from tests.fakes import ApiTestCase, TOKEN, user


class PanelTest(ApiTestCase):
    def setUp(self):
        super().setUp()
        policy.reset()
        self.addCleanup(policy.reset)

    def request(self, *roles, **more):
        request = RequestFactory().get('/project/guts/')
        request.user = user(more.pop('url', self.url), *roles, **more)
        request.session = {}
        # Horizon's policy engine reads the session itself.
        patched = mock.patch('openstack_auth.policy.auth_utils.get_user', lambda asked: asked.user)
        patched.start()
        self.addCleanup(patched.stop)
        return request

    def shown(self, *roles, **more):
        context = {'request': self.request(*roles, **more)}
        return [panel().allowed(context) for panel in (ProjectPanel, AdminPanel)]

    def test_by_role(self):
        self.assertEqual(self.shown('reader'), [True, False])
        self.assertEqual(self.shown('member', 'reader'), [True, False])
        self.assertEqual(self.shown('admin', 'member', 'reader'), [True, True])
        self.assertEqual(self.shown('service'), [False, False])
        self.assertEqual(self.shown(), [False, False])

    def test_not_where_the_region_has_no_guts(self):
        self.assertEqual(self.shown('admin', url=None), [False, False])
        self.assertEqual(self.shown('admin', regions=['RegionTwo']), [False, False])

    def test_nobody_without_a_policy(self):
        for files in ({'POLICY_FILES': {}}, {'DEFAULT_POLICY_FILES': {'migration': '/nowhere.yaml'}}):
            with override_settings(**files):
                policy.reset()
                self.assertEqual(self.shown('admin'), [False, False])

    def test_what_the_page_tells_the_app(self):
        request = self.request('member', regions=['Region One'])
        request.user.services_region = 'Region One'
        boot = AppView(request=request, scope='project').boot('/project/guts/')
        csrf = boot.pop('csrf')
        self.assertEqual([csrf['header'], csrf['cookie'], len(csrf['token'])], ['X-CSRFToken', 'csrftoken', 64])
        self.assertNotIn(TOKEN, str(boot))
        self.assertEqual(
            boot,
            {
                'mode': 'horizon',
                'base': '/project/guts/',
                'api': '/api/guts/Region%20One/p1',
                'login': '/auth/login/',
                'stream': self.url + '/public',
                'scope': 'project',
                'region': 'Region One',
                'user': '<b>ann</b>',
                'project': 'demo',
            },
        )
