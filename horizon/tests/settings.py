"""Horizon's own test settings, with the plugin as its installation adds it."""

import os
import tempfile

from openstack_dashboard.test.settings import *  # noqa: F401,F403

INSTALLED_APPS = ('guts_dashboard', *INSTALLED_APPS)  # noqa: F405
SECRET_KEY = 'only of these tests'
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}
SESSION_ENGINE = 'django.contrib.sessions.backends.cache'
LOGGING = {'version': 1, 'disable_existing_loggers': True}
OPENSTACK_ENDPOINT_TYPE = 'internalURL'
SECONDARY_ENDPOINT_TYPE = None
POLICY_CHECK_FUNCTION = 'openstack_auth.policy.check'
POLICY_FILES_PATH = tempfile.gettempdir()
POLICY_FILES = {'migration': 'guts-no-such-policy.yaml'}
POLICY_DIRS = {}
DEFAULT_POLICY_FILES = {'migration': os.environ['GUTS_DEFAULT_POLICY']}
GUTS_TIMEOUT = 2
GUTS_MAX_BODY_BYTES = 1000
GUTS_MAX_ANSWER_BYTES = 5000
