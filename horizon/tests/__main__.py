"""python3 -m tests DEFAULT-POLICY: needs Debian's Horizon, and the policy that build:horizon makes."""

import logging
import os
import sys
import unittest
import warnings

os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'
os.environ['GUTS_DEFAULT_POLICY'] = os.path.abspath(sys.argv[1])
warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)

import django  # noqa: E402

django.setup()
HERE = os.path.dirname(os.path.abspath(__file__))
unittest.main(module=None, argv=['tests', 'discover', '-s', HERE, '-t', os.path.dirname(HERE)], warnings='ignore')
