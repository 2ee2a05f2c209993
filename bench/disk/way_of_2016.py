#!/usr/bin/env python3
"""way_of_2016.py VMDK-URL NAME FOLDER [FLAVOR NETWORK]: as the first GUTS did it, each stage after the other: the exported
VMDK is downloaded, converted by qemu-img, uploaded to Glance, and a server is created from that image, until ACTIVE
(without FLAVOR and NETWORK: until the image is). Without the start-up of command line clients, which took seconds more.

Of the environment: VSPHERE_LOGIN_FILE, a file with curl's `user = "..."`; OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and
OS_PROJECT_NAME. Prints a line of JSON: the seconds of each stage. Whoever starts it removes the server and the image."""
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


def until(address, kind, wanted):
    while True:
        status = ask("GET", address, token=token)[1]
        status = status[kind]["status"] if kind else status["status"]
        if status == wanted:
            return
        if status.lower() in ("error", "killed"):
            sys.exit(f"{address}: {status}")
        time.sleep(0.25)


vmdk, qcow2 = f"{folder}/2016.vmdk", f"{folder}/2016.qcow2"
timed("download", lambda: subprocess.run(
    ["curl", "-skf", "-K", os.environ["VSPHERE_LOGIN_FILE"], "-o", vmdk, url], check=True))
timed("convert", lambda: subprocess.run(["qemu-img", "convert", "-f", "vmdk", "-O", "qcow2", vmdk, qcow2], check=True))
token, services = log_in()
glance = services["image"].rstrip("/")
image = ask("POST", f"{glance}/v2/images", {"name": name, "disk_format": "qcow2", "container_format": "bare"}, token)[1]["id"]


def upload():
    head = f"{folder}/2016.headers"
    with open(os.open(head, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"X-Auth-Token: {token}\nContent-Type: application/octet-stream\n")
    subprocess.run(["curl", "-sf", "-T", qcow2, "-H", f"@{head}", f"{glance}/v2/images/{image}/file"], check=True)
    os.unlink(head)
    until(f"{glance}/v2/images/{image}", None, "active")


def boot_server(flavor, network):
    compute = services["compute"].rstrip("/")
    flavors = ask("GET", f"{compute}/flavors", token=token)[1]["flavors"]
    server = ask("POST", f"{compute}/servers", {"server": {
        "name": name, "imageRef": image, "networks": [{"uuid": network}],
        "flavorRef": next(one["id"] for one in flavors if one["name"] == flavor)}}, token)[1]["server"]["id"]
    until(f"{compute}/servers/{server}", "server", "ACTIVE")


timed("upload", upload)
if boot:
    timed("server", lambda: boot_server(*boot))
print(json.dumps({"stages": stages}))
