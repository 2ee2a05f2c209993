"""Where guts-api is, as Keystone's catalog has it."""

import re

from openstack_dashboard.api import base

from guts_dashboard.access import SERVICE_TYPE

# An endpoint of a catalog ends in the version, and in the project if there is one.
VERSIONED = re.compile(r'/v1(?:/[^/]+)?$')


def base_of(request, interface=None):
    """The address to put before /v1/…, in the user's region.

    :param interface: as OPENSTACK_ENDPOINT_TYPE, which is the default
    :raises horizon.exceptions.ServiceCatalogException: the catalog has none
    """
    url = base.url_for(request, SERVICE_TYPE, endpoint_type=interface)
    return VERSIONED.sub('', url.rstrip('/'))


def place_of(user):
    """Where a page's calls go: its region and project. In another tab the user may have chosen others meanwhile."""
    return '%s/%s' % (user.services_region, user.project_id)
