# Read by Horizon's settings, whose names these are.
import os

import guts_dashboard

# As guts-api decides who sees the panels: copy its policy file here when it has one of its own.
POLICY_FILES = {**POLICY_FILES, 'migration': 'guts_policy.yaml'}
DEFAULT_POLICY_FILES = {
    **DEFAULT_POLICY_FILES,
    'migration': os.path.join(os.path.dirname(guts_dashboard.__file__), 'default_policy.yaml'),
}

# guts-api is found in Keystone's catalog: service type migration, the user's region, OPENSTACK_ENDPOINT_TYPE.
# Whom its certificate is checked by; else OPENSTACK_SSL_CACERT, else the system's.
# GUTS_CA_FILE = '/etc/ssl/certs/guts-ca.pem'
# Seconds that an answer may take.
# GUTS_TIMEOUT = 60
# Bounds of what goes through Horizon. guts-api's own is 8 MiB for a request.
# GUTS_MAX_BODY_BYTES = 9 * 1024 * 1024
# GUTS_MAX_ANSWER_BYTES = 64 * 1024 * 1024
