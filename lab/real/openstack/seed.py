#!/usr/bin/python3
"""Seeds the lab.  Run by up.sh, which sets the environment:

  seed.py identity   projects, users, roles, services, endpoints
  seed.py wait       until all agents are up
  seed.py resources  flavors, volume type, networks, security groups, quotas, application credential
  seed.py clouds     writes $LAB_STATE/clouds.yaml and openrc

Plain REST, every call idempotent: the `openstack` command needs 2-3 s for each call,
this needs 2-3 s in all."""
import json
import os
import secrets
import sys
import time

from keystoneauth1 import exceptions as kx
from keystoneauth1 import session
from keystoneauth1.identity import v3

ENV = os.environ
STATE, PW, REGION = ENV["LAB_STATE"], ENV["LAB_PASSWORD"], ENV["LAB_REGION"]
NPHYS, PREFIX = int(ENV["LAB_PHYSNETS"]), ENV["LAB_NET_PREFIX"]


def api(name, path=""):
    return f"http://127.0.0.1:{ENV[f'LAB_{name}_PORT']}{path}"


IDENTITY, IMAGE, PLACEMENT = api("KEYSTONE", "/v3"), api("GLANCE"), api("PLACEMENT")
COMPUTE, NETWORK, VOLUME = api("NOVA", "/v2.1"), api("NEUTRON", "/v2.0"), api("CINDER", "/v3")
SERVICE_USERS = ("glance", "placement", "nova", "neutron", "cinder")
# project -> {user: roles}.  `demo2` has small quotas, for what must not fit.
PROJECTS = {
    "demo": {"demo": ("member",), "demo-reader": ("reader",), "admin": ("admin", "member")},
    "demo2": {"demo": ("member",), "admin": ("admin", "member")},
}
APPCRED = f"{STATE}/appcred.json"


def connect(user="admin", project="admin"):
    return session.Session(v3.Password(
        auth_url=IDENTITY, username=user, password=PW, project_name=project,
        user_domain_name="Default", project_domain_name="Default"))


S = connect()


def get(url, key, via=None):
    return (via or S).get(url).json()[key]


def ensure(url, coll, one, match, body, via=None):
    """The object that has all of `match`; created from match and body when there is none."""
    query = "&".join(f"{k}={v}" for k, v in match.items())
    for o in get(f"{url}?{query}", coll, via):
        if all(str(o.get(k)) == str(v) for k, v in match.items()):
            return o
    return (via or S).post(url, json={one: {**match, **body}}).json()[one]


def identity():
    roles = {r["name"]: r["id"] for r in get(f"{IDENTITY}/roles", "roles")}
    if "service" not in roles:
        roles["service"] = S.post(f"{IDENTITY}/roles", json={"role": {"name": "service"}}).json()["role"]["id"]
    projects = {
        p: ensure(f"{IDENTITY}/projects", "projects", "project", {"name": p}, {"domain_id": "default"})["id"]
        for p in ("service", *PROJECTS)}
    names = {*SERVICE_USERS, *(u for members in PROJECTS.values() for u in members)} - {"admin"}
    users = {
        u: ensure(f"{IDENTITY}/users", "users", "user", {"name": u}, {"domain_id": "default", "password": PW})["id"]
        for u in sorted(names)}
    users["admin"] = get(f"{IDENTITY}/users?name=admin", "users")[0]["id"]

    def grant(project, user, role):
        S.put(f"{IDENTITY}/projects/{projects[project]}/users/{users[user]}/roles/{roles[role]}")

    for u in SERVICE_USERS:
        grant("service", u, "admin")
        grant("service", u, "service")
    for project, members in PROJECTS.items():
        for user, granted in members.items():
            for role in granted:
                grant(project, user, role)
    for kind, name, url in (
            ("image", "glance", IMAGE), ("placement", "placement", PLACEMENT), ("compute", "nova", COMPUTE),
            ("network", "neutron", api("NEUTRON")),
            ("volumev3", "cinderv3", f"{VOLUME}/%(project_id)s"),
            ("block-storage", "cinder", f"{VOLUME}/%(project_id)s")):
        sid = ensure(f"{IDENTITY}/services", "services", "service", {"name": name, "type": kind}, {})["id"]
        have = {e["interface"]: e for e in get(f"{IDENTITY}/endpoints?service_id={sid}", "endpoints")}
        for i in ("public", "internal", "admin"):
            if i not in have:
                S.post(f"{IDENTITY}/endpoints", json={"endpoint": {
                    "service_id": sid, "interface": i, "url": url, "region_id": REGION}})
            elif have[i]["url"] != url:   # the port has changed
                S.patch(f"{IDENTITY}/endpoints/{have[i]['id']}", json={"endpoint": {"url": url}})


def not_up():
    """What is still missing, as text."""
    agents = {a["binary"]: a["alive"] for a in get(f"{NETWORK}/agents", "agents")}
    missing = [a for a in ("neutron-linuxbridge-agent", "neutron-dhcp-agent") if not agents.get(a)]
    compute = {s["binary"]: s["state"] for s in get(f"{COMPUTE}/os-services", "services")}
    missing += [s for s in ("nova-conductor", "nova-scheduler", "nova-compute") if compute.get(s) != "up"]
    if not missing and not get(f"{COMPUTE}/os-hypervisors", "hypervisors"):
        missing.append("the compute host to be mapped to its cell")
    volume = {s["binary"]: s["state"] for s in get(f"{VOLUME}/{S.get_project_id()}/os-services", "services")}
    missing += [s for s in ("cinder-scheduler", "cinder-volume") if volume.get(s) != "up"]
    return ", ".join(missing)


def wait():
    start = time.time()
    last = None
    while time.time() < start + 180:
        try:
            missing = not_up()
        except (kx.ClientException, KeyError) as e:   # an API that is still starting
            missing = repr(e)
        if not missing:
            return
        if missing != last:
            last = missing
            print(f"  {time.time() - start:5.1f} s: waiting for {missing}", flush=True)
        time.sleep(0.5)
    sys.exit(f"seed: still not up after 180 s: {last}")


def resources():
    flavors()
    project = S.get_project_id()
    types = {t["name"] for t in get(f"{VOLUME}/{project}/types", "volume_types")}
    for backend in ("nfs", "nfs-qcow2"):
        if backend not in types:
            S.post(f"{VOLUME}/{project}/types", json={"volume_type": {
                "name": backend, "extra_specs": {"volume_backend_name": backend}}})
    projects = {p["name"]: p["id"] for p in get(f"{IDENTITY}/projects", "projects")}
    networks(projects)
    for name in ("admin", *PROJECTS):
        open_security_group("admin" if name == "admin" else "demo", name)
    quotas(projects)
    application_credential(projects)


def flavors():
    have = {f["name"] for f in get(f"{COMPUTE}/flavors", "flavors")}
    for name, ram, cpu, disk in (("m1.nano", 192, 1, 1), ("m1.micro", 256, 1, 2), ("m1.tiny", 512, 1, 4),
                                 ("m1.small", 1024, 1, 20), ("m1.medium", 2048, 2, 40), ("m1.large", 4096, 4, 80)):
        if name not in have:
            S.post(f"{COMPUTE}/flavors", json={"flavor": {"name": name, "ram": ram, "vcpus": cpu, "disk": disk}})


def networks(projects):
    """provider1.. are shared: there a member may choose neither MAC nor address (403).
    The last one, demo-net, is demo's own: there it may."""
    for i in range(1, NPHYS + 1):
        own = i == NPHYS and NPHYS > 1
        name = "demo-net" if own else f"provider{i}"
        owner = {"project_id": projects["demo"]} if own else {}
        n = ensure(f"{NETWORK}/networks", "networks", "network", {"name": name}, {
            "provider:network_type": "flat", "provider:physical_network": f"physnet{i}", "shared": not own, **owner})
        ensure(f"{NETWORK}/subnets", "subnets", "subnet", {"name": f"{name}-v4"}, {
            "network_id": n["id"], "ip_version": 4, "cidr": f"{PREFIX}.{i}.0/24", "gateway_ip": f"{PREFIX}.{i}.1",
            "allocation_pools": [{"start": f"{PREFIX}.{i}.100", "end": f"{PREFIX}.{i}.199"}], **owner})


def open_security_group(user, project):
    """Lets ping, ssh and http (the test guest's page) into the project's default group."""
    own = connect(user, project)   # a project's first own request makes its default group
    group = get(f"{NETWORK}/security-groups?name=default&project_id={own.get_project_id()}", "security_groups", own)[0]
    for proto, port in (("icmp", None), ("tcp", 22), ("tcp", 80)):
        try:
            own.post(f"{NETWORK}/security-group-rules", json={"security_group_rule": {
                "security_group_id": group["id"], "direction": "ingress", "protocol": proto,
                "port_range_min": port, "port_range_max": port, "remote_ip_prefix": "0.0.0.0/0"}})
        except kx.Conflict:   # is there already
            pass


def quotas(projects):
    for name, compute, volume, network in (
            ("demo", {"instances": 20, "cores": 40, "ram": 32768},
             {"volumes": 40, "gigabytes": 400, "snapshots": 40}, {"port": 100, "network": 20}),
            ("demo2", {"instances": 1, "cores": 1, "ram": 512},
             {"volumes": 1, "gigabytes": 2, "snapshots": 1}, {"port": 3, "network": 1})):
        pid = projects[name]
        S.put(f"{COMPUTE}/os-quota-sets/{pid}", json={"quota_set": compute})
        S.put(f"{VOLUME}/{S.get_project_id()}/os-quota-sets/{pid}", json={"quota_set": volume})
        S.put(f"{NETWORK}/quotas/{pid}", json={"quota": network})


def application_credential(projects):
    """One for demo in project demo; the secret is shown only once, so it is noted in a 0600 file."""
    own = connect("demo", "demo")
    url = f"{IDENTITY}/users/{own.get_user_id()}/application_credentials"
    for old in get(f"{url}?name=guts", "application_credentials", own):
        own.delete(f"{url}/{old['id']}")
    secret = secrets.token_urlsafe(24)
    made = own.post(url, json={"application_credential": {"name": "guts", "secret": secret}}).json()
    private(APPCRED, json.dumps({"id": made["application_credential"]["id"], "secret": secret}))


def private(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        f.write(text)


def clouds():
    def cloud(user, project):
        return {"region_name": REGION, "auth": {
            "auth_url": IDENTITY, "username": user, "password": PW, "project_name": project,
            "user_domain_name": "Default", "project_domain_name": "Default"}}
    every = {
        "lab": cloud("admin", "admin"),
        "lab-demo": cloud("demo", "demo"),
        "lab-demo2": cloud("demo", "demo2"),
        "lab-demo-reader": cloud("demo-reader", "demo"),
    }
    if os.path.exists(APPCRED):   # `resources` makes it
        with open(APPCRED) as f:
            appcred = json.load(f)
        every["lab-demo-appcred"] = {"region_name": REGION, "auth_type": "v3applicationcredential", "auth": {
            "auth_url": IDENTITY, "application_credential_id": appcred["id"],
            "application_credential_secret": appcred["secret"]}}
    # JSON is YAML: no yaml module needed, no quoting to get wrong
    private(f"{STATE}/clouds.yaml", json.dumps({"clouds": every}, indent=2) + "\n")
    private(f"{STATE}/openrc", f"""\
export OS_AUTH_URL={IDENTITY} OS_IDENTITY_API_VERSION=3
export OS_USERNAME=admin OS_PASSWORD={PW} OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default
export OS_REGION_NAME={REGION} OS_INTERFACE=public
export OS_VOLUME_API_VERSION=3.70 OS_COMPUTE_API_VERSION=2.90
""")


if __name__ == "__main__":
    {"identity": identity, "wait": wait, "resources": resources, "clouds": clouds}[sys.argv[1]]()
