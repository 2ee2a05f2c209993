"""Who sees the panels. What a call may do is decided by guts-api alone."""

from openstack_dashboard import policy
from openstack_dashboard.api import base

SERVICE_TYPE = 'migration'


def may(request, rule):
    """Whether the roles of the user fit a rule of guts-api's policy, in a region that has GUTS.

    Horizon's check says yes to everything about a service whose policy it could not read. The rule
    migration:nobody, which our policy refuses to everybody, tells that apart: then nobody may.
    """
    return (
        base.is_service_enabled(request, SERVICE_TYPE)
        and not policy.check(((SERVICE_TYPE, 'migration:nobody'),), request)
        and policy.check(((SERVICE_TYPE, rule),), request)
    )
