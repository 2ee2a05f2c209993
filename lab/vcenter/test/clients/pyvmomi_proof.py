"""VMware's own Python client against the fake: inventory, task, snapshot, update wait, export download.

Arguments: HOST PORT USER MACHINE OUTPUT; the password is read from standard input. Prints one JSON object.
"""

import json
import ssl
import sys
import urllib.request

from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl


def machines(content):
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    spec = vmodl.query.PropertyCollector.FilterSpec(
        propSet=[
            vmodl.query.PropertyCollector.PropertySpec(
                type=vim.VirtualMachine,
                pathSet=["name", "runtime.powerState", "config", "summary", "guest", "layoutEx", "snapshot", "capability"],
            )
        ],
        objectSet=[
            vmodl.query.PropertyCollector.ObjectSpec(
                obj=view,
                skip=True,
                selectSet=[
                    vmodl.query.PropertyCollector.TraversalSpec(
                        name="view", type=vim.view.ContainerView, path="view", skip=False
                    )
                ],
            )
        ],
    )
    collector = content.propertyCollector
    found = []
    page = collector.RetrievePropertiesEx([spec], vmodl.query.PropertyCollector.RetrieveOptions(maxObjects=2))
    while page is not None:
        found += [{p.name: p.val for p in o.propSet} | {"obj": o.obj} for o in page.objects]
        if not page.token:
            break
        page = collector.ContinueRetrievePropertiesEx(page.token)
    view.DestroyView()
    return found


def export(machine, output, context):
    lease = machine.ExportVm()
    while lease.state == vim.HttpNfcLease.State.initializing:
        pass
    urls = [u.url for u in lease.info.deviceUrl if u.disk]
    with urllib.request.urlopen(urls[0], context=context) as body, open(output, "wb") as file:
        while chunk := body.read(1 << 20):
            file.write(chunk)
            lease.HttpNfcLeaseProgress(50)
    lease.HttpNfcLeaseComplete()
    return str(lease.state)


def main():
    host, port, user, name, output = sys.argv[1:6]
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    service = SmartConnect(host=host, port=int(port), user=user, pwd=sys.stdin.readline().rstrip("\n"), sslContext=context)
    try:
        content = service.RetrieveContent()
        listed = machines(content)
        machine = next(m["obj"] for m in listed if m["name"] == name)
        devices = machine.config.hardware.device
        disk = next(d for d in devices if isinstance(d, vim.vm.device.VirtualDisk))
        WaitForTask(machine.ReconfigVM_Task(vim.vm.ConfigSpec(changeTrackingEnabled=True)))
        task = machine.CreateSnapshot_Task("proof", "by pyvmomi", False, True)
        WaitForTask(task)
        snapshot = task.info.result
        frozen = next(d for d in snapshot.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk))
        areas = machine.QueryChangedDiskAreas(snapshot, disk.key, 0, "*")
        tree = [s.name for s in machine.snapshot.rootSnapshotList]
        WaitForTask(snapshot.RemoveSnapshot_Task(False))
        try:
            WaitForTask(machine.PowerOffVM_Task())
            refused = None
        except vim.fault.InvalidPowerState as fault:
            refused = str(fault.existingState)
        result = {
            "about": content.about.apiVersion,
            "machines": [[m["name"], str(m["runtime.powerState"])] for m in listed],
            "controllers": [type(d).__name__ for d in devices if isinstance(d, vim.vm.device.VirtualController)],
            "macs": [d.macAddress for d in devices if isinstance(d, vim.vm.device.VirtualEthernetCard)],
            "capacity": disk.capacityInBytes,
            "changeId": frozen.backing.changeId,
            "areas": [[a.start, a.length] for a in areas.changedArea],
            "tree": tree,
            "after": machine.snapshot is None,
            "refused": refused,
            "datastores": [d.summary.type for d in content.rootFolder.childEntity[0].datastore],
            "lease": export(machine, output, context),
        }
        json.dump(result, sys.stdout)
    finally:
        Disconnect(service)


main()
