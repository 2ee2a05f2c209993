#!/usr/bin/python3
"""Checks the running lab by what a migration needs of it, and times each step.

usage: check.py [--quick] [--images DIR]

  --quick   no guest is booted (about 15 s instead of 2 minutes)
  --images  where bios.raw and uefi.raw are (default $LAB_STATE/img); built when absent

As `lab-demo`, a member: an image, a port with a MAC and an address of its own choice,
a server for each firmware whose console shows that the guest is up, a volume whose file
this host writes through a Cinder attachment, a server booted from it, a hot attach.
As the others of clouds.yaml: what each of them may and may not do.
Removes what it made; exit status 1 when a step failed."""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid

from keystoneauth1 import adapter, loading, session

HERE = os.path.dirname(os.path.abspath(__file__))
STATE = os.environ.get("LAB_STATE", "/tmp/guts-real")
PREFIX = os.environ.get("LAB_NET_PREFIX", "10.78")
PHYSNETS = int(os.environ.get("LAB_PHYSNETS", "3"))
RUN = f"chk-{uuid.uuid4().hex[:6]}"          # in the name of all that this run makes
HOST_PART = random.randint(2, 99)           # outside of the DHCP range; another one next time, for a
MAC = "00:50:56:{:02x}:{:02x}:{{:02x}}".format(random.randint(0, 63), random.randint(0, 255))   # killed run leaves its ports
READY = "GUTS-GUEST-READY"
BROKEN = ("ERROR", "error", "killed", "deleted")
cleanup, failed = [], []


class Cloud:
    """The services of one entry of clouds.yaml, found through its catalogue."""

    def __init__(self, name):
        with open(f"{STATE}/clouds.yaml") as f:
            entry = json.load(f)["clouds"][name]
        auth = loading.get_plugin_loader(entry.get("auth_type", "password")).load_from_options(**entry["auth"])
        self.session = session.Session(auth)

        def service(kind, version, **microversion):
            return adapter.Adapter(self.session, service_type=kind, region_name=entry["region_name"],
                                   interface="public", min_version=version, max_version=f"{version}.latest",
                                   raise_exc=False, **microversion)
        self.image = service("image", 2)
        self.network = service("network", 2)
        self.compute = service("compute", 2, default_microversion="2.90")
        self.volume = service("block-storage", 3, default_microversion="3.70")


def ask(api, method, path, want=(200, 201, 202, 204), **kw):
    """The answer's JSON (None without one); an error that shows it when the status is another."""
    r = api.request(path, method, **kw)
    if r.status_code not in want:
        raise RuntimeError(f"{method} {path}: {r.status_code} {r.text[:300]}")
    return r.json() if r.content and "json" in r.headers.get("Content-Type", "") else None


def poll(read, want, seconds=240):
    end = time.time() + seconds
    while time.time() < end:
        value = read()
        if value in want:
            return
        if value in BROKEN:
            raise RuntimeError(f"went to {value}")
        time.sleep(0.3)
    raise RuntimeError(f"still {value} after {seconds} s")


def gone(api, path):
    """Deletes and waits until it is not there."""
    ask(api, "DELETE", path, (200, 202, 204, 404))
    poll(lambda: api.get(path).status_code, (404,))


def step(name, do, *args):
    start = time.time()
    try:
        result, note = do(*args)
    except Exception as e:   # noqa: BLE001  reported, and the exit status says so
        failed.append(name)
        print(f"{time.time() - start:7.2f} s  FAILED  {name}: {e}", flush=True)
        return None
    print(f"{time.time() - start:7.2f} s  ok      {name}{': ' if note else ''}{note}", flush=True)
    return result


def image(c, path, firmware):
    properties = {"hw_disk_bus": "virtio", "hw_vif_model": "virtio"}
    if firmware == "uefi":
        properties |= {"hw_firmware_type": "uefi", "hw_machine_type": "q35"}
    made = ask(c.image, "POST", "/images", json={
        "name": f"{RUN}-{firmware}", "disk_format": "raw", "container_format": "bare", **properties})
    at = f"/images/{made['id']}"
    cleanup.append(lambda: gone(c.image, at))

    def parts():                             # no length in advance: chunked, as a migration sends it
        with open(path, "rb") as f:
            while part := f.read(1 << 20):
                yield part
    ask(c.image, "PUT", f"{at}/file", data=parts(), headers={"Content-Type": "application/octet-stream"})
    have = ask(c.image, "GET", at)
    if have["status"] != "active" or have["size"] != os.path.getsize(path):
        raise RuntimeError(f"status {have['status']}, {have['size']} bytes")
    return have["id"], f"{have['size']} bytes, chunked, {have['os_hash_algo']}"


def network(c, name):
    return ask(c.network, "GET", f"/networks?name={name}")["networks"][0]["id"]


def port(c, net, mac, address):
    made = ask(c.network, "POST", "/ports", json={"port": {
        "network_id": network(c, net), "name": RUN, "mac_address": mac, "fixed_ips": [{"ip_address": address}]}})["port"]
    cleanup.append(lambda: gone(c.network, f"/ports/{made['id']}"))
    if made["mac_address"] != mac:
        raise RuntimeError(f"got {made['mac_address']}")
    return made["id"], f"{net} {mac} {address}"


def server(c, firmware, nics, source):
    flavor = next(f["id"] for f in ask(c.compute, "GET", "/flavors")["flavors"] if f["name"] == "m1.micro")
    made = ask(c.compute, "POST", "/servers", json={"server": {
        "name": f"{RUN}-{firmware}", "flavorRef": flavor, "networks": nics, **source}})["server"]
    at = f"/servers/{made['id']}"
    cleanup.append(lambda: gone(c.compute, at))
    poll(lambda: ask(c.compute, "GET", at)["server"]["status"], ("ACTIVE",))
    return made["id"], ""


def console(c, server_id):
    """Until the guest says on its console that it is up."""
    end, text = time.time() + 300, ""
    while time.time() < end:
        r = c.compute.post(f"/servers/{server_id}/action", json={"os-getConsoleOutput": {"length": 400}})
        text = r.json().get("output", "") if r.status_code == 200 else ""
        if READY in text:
            lines = [line.strip() for line in text.splitlines() if "GUTS-GUEST" in line]
            return lines, "".join(f"\n{'':20}{line}" for line in lines)
        time.sleep(1)
    raise RuntimeError(f"no {READY} after 300 s; the console ends with {text[-300:]!r}")


def page(address):
    """The guest's own page, over the provider network and through the security group."""
    out = subprocess.run(["curl", "-sS", "--max-time", "20", "--retry", "3", "--retry-connrefused",
                          f"http://{address}/"], capture_output=True, text=True)
    if out.returncode:
        raise RuntimeError(out.stderr.strip())
    return out.stdout, f"{address} says {out.stdout.strip()!r}"


def volume(c, gib):
    made = ask(c.volume, "POST", "/volumes", json={"volume": {"size": gib, "name": RUN, "volume_type": "nfs"}})["volume"]
    at = f"/volumes/{made['id']}"
    cleanup.append(lambda: gone(c.volume, at))
    poll(lambda: status(c, made["id"]), ("available",))
    return made["id"], f"{gib} GiB"


def status(c, volume_id):
    return ask(c.volume, "GET", f"/volumes/{volume_id}")["volume"]["status"]


def write_volume(c, volume_id, path):
    """Attaches the volume to this host, writes the disk into its file, detaches."""
    made = ask(c.volume, "POST", "/attachments", json={"attachment": {
        "volume_uuid": volume_id, "mode": "rw", "connector": {
            "host": "check", "ip": "127.0.0.1", "initiator": "iqn.2001-01.example:check", "multipath": False,
            "platform": "x86_64", "os_type": "linux", "mountpoint": "/check"}}})["attachment"]
    at = f"/attachments/{made['id']}"
    try:
        info = made["connection_info"]
        file = os.path.join(info["export"].split(":", 1)[1], info["name"])
        size = os.path.getsize(file)
        subprocess.run(["qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", path, file], check=True)
        if os.path.getsize(file) != size:
            raise RuntimeError(f"{file} has changed its size")
        ask(c.volume, "POST", f"{at}/action", json={"os-complete": {}})
        if status(c, volume_id) != "in-use":
            raise RuntimeError(f"the volume is {status(c, volume_id)}")
    finally:
        ask(c.volume, "DELETE", at)
        poll(lambda: status(c, volume_id), ("available",))
    for action in ({"os-set_bootable": {"bootable": True}},
                   {"os-set_image_metadata": {"metadata": {"hw_disk_bus": "virtio", "hw_vif_model": "virtio"}}}):
        ask(c.volume, "POST", f"/volumes/{volume_id}/action", json=action)
    return file, f"{info['driver_volume_type']}, {size >> 20} MiB file {file}"


def hot_attach(c, server_id, volume_id):
    ask(c.compute, "POST", f"/servers/{server_id}/os-volume_attachments", json={"volumeAttachment": {"volumeId": volume_id}})
    poll(lambda: status(c, volume_id), ("in-use",))
    ask(c.compute, "DELETE", f"/servers/{server_id}/os-volume_attachments/{volume_id}")
    poll(lambda: status(c, volume_id), ("available",))
    return volume_id, ""


def refused(api, path, body, want):
    """That this user may not."""
    r = api.post(path, json=body)
    if r.status_code in (200, 201, 202):
        made = next(iter(r.json().values()))
        cleanup.append(lambda: gone(api, f"{path}/{made['id']}"))
    if r.status_code != want:
        raise RuntimeError(f"{r.status_code} instead of {want}: {r.text[:200]}")
    return r, f"{want}, as it should"


def users(demo):
    admin, small, reader, appcred = (Cloud(n) for n in ("lab", "lab-demo2", "lab-demo-reader", "lab-demo-appcred"))
    step("admin: provider1 with a MAC and an address of its own choice", port, admin, "provider1",
         MAC.format(1), f"{PREFIX}.1.{HOST_PART}")
    shared = {"port": {"network_id": network(demo, "provider1"), "mac_address": MAC.format(2)}}
    step("member: the same on provider1, which is not its own", refused, demo.network, "/ports", shared, 403)
    step("reader: may not make a volume", refused, reader.volume, "/volumes", {"volume": {"size": 1}}, 403)
    step("small quota: a volume that does not fit", refused, small.volume, "/volumes", {"volume": {"size": 3}}, 413)
    step("application credential: a volume", volume, appcred, 1)


def boots(c, images, disk):
    address = f"{PREFIX}.{PHYSNETS}.{HOST_PART}"
    nic = step("port on demo-net, MAC and address chosen", port, c, "demo-net", MAC.format(3), address)
    first = None
    for firmware, image_id in images.items():
        if image_id is None or (firmware == "bios" and nic is None):
            continue
        nics = [{"port": nic}] if firmware == "bios" else [{"uuid": network(c, "demo-net")}]
        vm = step(f"server, {firmware}, created -> ACTIVE", server, c, firmware, nics, {"imageRef": image_id})
        if vm and step("  guest up, as its console says", console, c, vm) and firmware == "bios":
            first = vm
            step("  its page, from this host", page, address)
    if disk:
        vm = step("server from the volume, created -> ACTIVE", server, c, "volume",
                  [{"uuid": network(c, "demo-net")}], {"block_device_mapping_v2": [{
                      "uuid": disk, "source_type": "volume", "destination_type": "volume", "boot_index": 0,
                      "delete_on_termination": False}]})
        if vm:
            step("  guest up, as its console says", console, c, vm)
    data = step("second volume", volume, c, 1)
    if first and data:
        step("  attached to the running server and detached", hot_attach, c, first, data)


def main():
    ap = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    ap.add_argument("--quick", action="store_true")
    ap.add_argument("--images", default=f"{STATE}/img")
    a = ap.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))   # so that what was made is removed
    for firmware in ("bios", "uefi"):
        if not os.path.exists(f"{a.images}/{firmware}.raw"):
            subprocess.run([f"{HERE}/../guest/build-guest-image.sh", "--firmware", firmware, f"{a.images}/{firmware}.raw"],
                           check=True)
    demo = Cloud("lab-demo")
    try:
        images = {f: step(f"image, {f}", image, demo, f"{a.images}/{f}.raw", f) for f in ("bios", "uefi")}
        disk = step("volume", volume, demo, 1)
        if disk and not step("  its file written by this host through an attachment", write_volume, demo, disk,
                             f"{a.images}/bios.raw"):
            disk = None
        users(demo)
        if not a.quick:
            boots(demo, images, disk)
    finally:
        start = time.time()
        for undo in reversed(cleanup):
            try:
                undo()
            except Exception as e:   # noqa: BLE001  the others are still to be undone
                failed.append("clean up")
                print(f"clean up: {e}", flush=True)
        print(f"{time.time() - start:7.2f} s  cleaned up", flush=True)
    print("check:", f"FAILED: {', '.join(failed)}" if failed else "all passed")
    sys.exit(1 if failed else 0)


main()
