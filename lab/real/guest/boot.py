#!/usr/bin/python3
"""Boots a disk image in qemu (TCG, no KVM needed) and waits until the guest says
GUTS-GUEST-READY on its serial port.  The image is not written.

usage: boot.py [--firmware bios|uefi] [--disk virtio-blk|virtio-scsi|pvscsi|lsi|ahci] [--format raw]
               [--want TEXT] [--seconds 180] IMAGE

Prints the guest's GUTS-GUEST-* lines; exit status 1 and the end of the console if
the text does not come in time."""
import argparse
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

OVMF = "/usr/share/OVMF/OVMF_{}_4M.fd"
DISKS = {
    "virtio-blk": ["-device", "virtio-blk-pci,drive=d0"],
    "virtio-scsi": ["-device", "virtio-scsi-pci,id=s0", "-device", "scsi-hd,bus=s0.0,drive=d0"],
    "pvscsi": ["-device", "pvscsi,id=s0", "-device", "scsi-hd,bus=s0.0,drive=d0"],
    "lsi": ["-device", "lsi53c895a,id=s0", "-device", "scsi-hd,bus=s0.0,drive=d0"],
    "ahci": ["-device", "ahci,id=s0", "-device", "ide-hd,bus=s0.0,drive=d0"],
}


def command(a, tmp):
    firmware = []
    if a.firmware == "uefi":
        shutil.copy(OVMF.format("VARS"), f"{tmp}/vars.fd")
        firmware = ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF.format('CODE')}",
                    "-drive", f"if=pflash,format=raw,unit=1,file={tmp}/vars.fd"]
    nic = "virtio-net-pci" if a.disk.startswith("virtio") else "vmxnet3" if a.disk == "pvscsi" else "e1000"
    return ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", "q35" if a.firmware == "uefi" else "pc",
            "-m", "256", "-display", "none", "-monitor", "none", "-no-reboot", "-serial", "stdio", *firmware,
            "-drive", f"if=none,id=d0,file={a.image},format={a.format},snapshot=on,cache=unsafe", *DISKS[a.disk],
            "-netdev", "user,id=n0,restrict=on", "-device", f"{nic},netdev=n0"]


def watch(p, want, seconds):
    """The console's text, and whether `want` was in it before the time was up."""
    end, buf = time.time() + seconds, b""
    while time.time() < end:
        if select.select([p.stdout], [], [], 1)[0]:
            data = os.read(p.stdout.fileno(), 65536)
            if not data:
                break
            buf += data
            if want.encode() in buf and buf.endswith(b"\n"):
                return buf.decode(errors="replace"), True
    return buf.decode(errors="replace"), False


def main():
    ap = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    ap.add_argument("--firmware", choices=("bios", "uefi"), default="bios")
    ap.add_argument("--disk", choices=DISKS, default="virtio-blk")
    ap.add_argument("--format", default="raw")
    ap.add_argument("--want", default="GUTS-GUEST-READY")
    ap.add_argument("--seconds", type=float, default=180)
    ap.add_argument("image")
    a = ap.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        start = time.time()
        p = subprocess.Popen(command(a, tmp), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            text, ok = watch(p, a.want, a.seconds)
        finally:
            p.kill()
            p.wait()
    if not ok:
        print(text[-2000:])
        sys.exit(f"boot: no {a.want} after {time.time() - start:.0f} s ({a.firmware}, {a.disk})")
    print("\n".join(line.strip() for line in text.splitlines() if "GUTS-GUEST" in line))
    print(f"boot: {a.want} after {time.time() - start:.1f} s ({a.firmware}, {a.disk})")


main()
