"""One verb of os-brick: a JSON object on standard input, one on standard output.

Run as root by guts-migration; see brick.ts for who sends what. Verbs, each with the `lock_path` of this host:

  properties  {my_ip, multipath}                            -> the connector of this host
  connect     {protocol, multipath, connection}             -> {path, type, ...}: os-brick's device_info
  disconnect  {protocol, multipath, connection, device, force}  -> {}

The answer is {"ok": ...} or {"error": {"kind", "message"}}, with status 0; anything else is a crash.
Privileged parts of os-brick run in this process (no privsep daemon is left behind).
"""
import json
import logging
import os
import sys

SECRETS = ("auth_password", "discovery_auth_password", "keyring", "secret", "token")


def secrets_in(value):
    """Every secret text of a connection, however deep."""
    if isinstance(value, dict):
        for key, one in value.items():
            if isinstance(one, str) and one and any(word in key for word in ("password", *SECRETS[2:])):
                yield one
            else:
                yield from secrets_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from secrets_in(one)


def without_secrets(text, question):
    for secret in sorted(secrets_in(question), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def load(lock_path):
    """os-brick, set to do what needs root by itself."""
    from os_brick import privileged
    from os_brick.initiator import connector
    from oslo_concurrency import lockutils
    privileged.default.set_client_mode(False)
    # One connection of a target at a time on this host, over all workers that share the folder.
    os.makedirs(lock_path, mode=0o700, exist_ok=True)
    lockutils.set_defaults(lock_path=lock_path)
    return connector


def words_of(error):
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # some errors of oslo.config cannot say what they are
        return type(error).__name__


def made(connector, question):
    protocol = question["protocol"]
    more = {"conn": question["connection"], "do_local_attach": True}
    if protocol.upper() == "NFS":
        more["nfs_mount_point_base"] = question["connection"].get("mount_point_base")
    return connector.InitiatorConnector.factory(
        protocol.upper(), "", use_multipath=question["multipath"], **more)


def answer(question):
    connector = load(question["lock_path"])
    verb = question["verb"]
    if verb == "properties":
        found = connector.get_connector_properties(
            "", question["my_ip"], question["multipath"], False)
        # Volumes of Ceph as block devices of this host, not as objects of Python.
        return {**found, "do_local_attach": True}
    connection = {**question["connection"], "do_local_attach": True}
    if verb == "connect":
        device = made(connector, question).connect_volume(connection)
        return {key: value for key, value in device.items() if isinstance(value, (str, int, list, bool))}
    if verb == "disconnect":
        made(connector, question).disconnect_volume(
            connection, question["device"] or {}, force=question["force"], ignore_errors=False)
        return {}
    raise ValueError(f"there is no verb {verb!r}")


def main():
    # What os-brick logs may tell secrets; what is wrong it raises, too.
    logging.disable(logging.CRITICAL)
    # Nothing but the answer may come out: programs that os-brick runs, and its own prints, go to standard error.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    question = json.load(sys.stdin)
    try:
        result = {"ok": answer(question)}
    except ImportError as error:
        result = {"error": {"kind": "missing", "message": str(error)}}
    except Exception as error:  # whatever os-brick raises is told, by its class
        message = without_secrets(words_of(error), question)
        result = {"error": {"kind": "failed", "message": message}}
    json.dump(result, out)
    out.flush()


if __name__ == "__main__":
    main()
