"""Reads the wanted properties of all machines with pyvmomi, page by page through a container view.

Environment: VSPHERE_HOST, VSPHERE_PORT, VSPHERE_USERNAME, VSPHERE_PASSWORD, PATHS (comma-separated).
Prints how many machines there are, or with --show one line of JSON for each: what is compared with other clients.
"""

import json
import os
import sys

from pyVim.connect import Disconnect, SmartConnectNoSSL
from pyVmomi import vim, vmodl


def machines(content, paths):
    collector = vmodl.query.PropertyCollector
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    try:
        to_machines = collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
        spec = collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[to_machines])],
            propSet=[collector.PropertySpec(type=vim.VirtualMachine, pathSet=paths, all=False)],
        )
        page = content.propertyCollector.RetrievePropertiesEx([spec], collector.RetrieveOptions())
        while page:
            yield from page.objects
            if not page.token:
                return
            page = content.propertyCollector.ContinueRetrievePropertiesEx(page.token)
    finally:
        view.Destroy()


def shown(machine):
    values = {one.name: one.val for one in machine.propSet}
    devices = values["config.hardware.device"]
    return {
        "ref": machine.obj._moId,
        "paths": sorted(values),
        "name": values["name"],
        "uuid": values["config.uuid"],
        "memoryMiB": values["config.hardware.memoryMB"],
        "power": values["runtime.powerState"],
        "host": values["runtime.host"]._moId,
        "disks": [
            [one.key, one.capacityInKB * 1024, one.backing.fileName]
            for one in devices
            if isinstance(one, vim.vm.device.VirtualDisk)
        ],
        "nics": [
            [one.key, one.macAddress] for one in devices if isinstance(one, vim.vm.device.VirtualEthernetCard)
        ],
    }


service = SmartConnectNoSSL(
    host=os.environ["VSPHERE_HOST"],
    port=int(os.environ["VSPHERE_PORT"]),
    user=os.environ["VSPHERE_USERNAME"],
    pwd=os.environ["VSPHERE_PASSWORD"],
)
try:
    found = list(machines(service.RetrieveContent(), os.environ["PATHS"].split(",")))
    if "--show" in sys.argv:
        for one in found:
            print(json.dumps(shown(one)))
    else:
        print(len(found))
finally:
    Disconnect(service)
