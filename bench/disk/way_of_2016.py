#!/usr/bin/env python3
"""way_of_2016.py VMDK-URL NAME FOLDER [FLAVOR NETWORK]: as the first GUTS did it, each stage after the other: the exported
VMDK is downloaded, converted by qemu-img, uploaded to Glance by OpenStack's command line client, and a server is created
from that image, until ACTIVE (without FLAVOR and NETWORK: until the image is).

Of the environment: VSPHERE_LOGIN_FILE, a file with curl's `user = "..."`; OS_CLIENT_CONFIG_FILE and OS_CLOUD for the
client; OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME to look whether the server runs, more often than the
client does. Prints a line of JSON: the seconds of each stage. Whoever starts it removes the server and the image."""
import json
import os
import subprocess
import sys
import time
import urllib.request

url, name, folder, *boot = sys.argv[1:]
stages = {}


def timed(stage, work):
    began = time.monotonic()
    result = work()
    stages[stage] = round(time.monotonic() - began, 2)
    return result


def ask(method, address, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["X-Auth-Token"] = token
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(address, data, headers, method=method)) as answer:
        return answer.headers, json.load(answer)


def log_in():
    domain = {"name": "Default"}
    user = {"name": os.environ["OS_USERNAME"], "password": os.environ["OS_PASSWORD"], "domain": domain}
    scope = {"project": {"name": os.environ["OS_PROJECT_NAME"], "domain": domain}}
    headers, body = ask("POST", f"{os.environ['OS_AUTH_URL']}/auth/tokens", {
        "auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}})
    services = {service["type"]: next(one["url"] for one in service["endpoints"] if one["interface"] == "public")
                for service in body["token"]["catalog"]}
    return headers["X-Subject-Token"], services


def client(*words):
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith("OS_") or key in ("OS_CLIENT_CONFIG_FILE", "OS_CLOUD")}
    return subprocess.run(["openstack", *words, "-f", "value", "-c", "id"], check=True, stdout=subprocess.PIPE,
                          text=True, env=kept).stdout.split()[-1]


def upload():
    return client("image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", qcow2, name)


def boot_server(image, flavor, network):
    server = client("server", "create", "--image", image, "--flavor", flavor, "--nic", f"net-id={network}", name)
    while True:
        status = ask("GET", f"{compute}/servers/{server}", token=token)[1]["server"]["status"]
        if status == "ACTIVE":
            return
        if status == "ERROR":
            sys.exit(f"server {server}: ERROR")
        time.sleep(0.25)


token, services = log_in()
compute = services["compute"].rstrip("/")
vmdk, qcow2 = f"{folder}/2016.vmdk", f"{folder}/2016.qcow2"
timed("download", lambda: subprocess.run(
    ["curl", "-skf", "-K", os.environ["VSPHERE_LOGIN_FILE"], "-o", vmdk, url], check=True))
timed("convert", lambda: subprocess.run(["qemu-img", "convert", "-f", "vmdk", "-O", "qcow2", vmdk, qcow2], check=True))
made = timed("upload", upload)
if boot:
    timed("server", lambda: boot_server(made, *boot))
print(json.dumps({"stages": stages}))
