"""guts_brick.py over a fake os_brick, which does as the connection's "fake" says and writes down what it was asked."""
import json
import os
import runpy
import sys
import types

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/brick/guts_brick.py")


class Connector:
    def __init__(self, protocol, use_multipath, do_local_attach):
        self.made = [protocol, use_multipath, do_local_attach]

    def note(self, connection, *more):
        with open(connection["log"], "a") as log:
            print(json.dumps([*self.made, connection, *more]), file=log)

    def connect_volume(self, connection):
        self.note(connection, "connect")
        os.write(1, b"a program that os-brick runs says something\n")
        if connection["fake"] == "fail":
            raise RuntimeError("iscsiadm -v " + connection["auth_password"] + " failed")
        if connection["fake"] == "die":
            os.kill(os.getpid(), 9)
        if connection["fake"] == "hang":
            import time
            time.sleep(600)
        if connection["fake"] == "pathless":
            return {"type": "block"}
        return {"type": "block", "path": connection["fake"], "wrapper": object(), "multipath_id": "m1"}

    def disconnect_volume(self, connection, device, force, ignore_errors):
        self.note(connection, "disconnect", device, force, ignore_errors)


class Factory:
    @staticmethod
    def factory(protocol, root_helper, use_multipath, conn, do_local_attach, **more):
        return Connector(protocol, use_multipath, do_local_attach)


def properties(root_helper, my_ip, multipath, enforce_multipath):
    return {"ip": my_ip, "multipath": multipath, "initiator": "iqn.fake", "enforced": enforce_multipath}


def module(name, **content):
    made = types.ModuleType(name)
    made.__dict__.update(content)
    sys.modules[name] = made
    return made


connector = module("os_brick.initiator.connector", InitiatorConnector=Factory, get_connector_properties=properties)
context = types.SimpleNamespace(set_client_mode=lambda on: None)
module("os_brick.initiator", connector=connector)
module("os_brick", privileged=module("os_brick.privileged", default=context))
module("oslo_concurrency", lockutils=types.SimpleNamespace(set_defaults=lambda lock_path: None))
runpy.run_path(SCRIPT, run_name="__main__")
