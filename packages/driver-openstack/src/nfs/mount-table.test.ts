import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { shareMounts } from './mount-table.ts';

const SHARE = 'nfs.example.org:/volumes';
const named = createHash('md5').update(SHARE).digest('hex');
// As in proc(5), with none, one and two optional fields.
const MOUNT_INFO = `
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
90 22 0:50 / /var/lib/cinder/mnt/${named} rw,relatime shared:2 master:3 - nfs4 ${SHARE} rw,vers=4.2
91 22 0:51 / /mnt/with\\040blank rw - nfs ${SHARE}/ rw
92 22 0:52 / /mnt/other rw - nfs4 nfs.example.org:/homes rw
93 22 7:0 / /srv/mnt/${named} rw - ext4 /dev/loop0 rw
94 22 0:53 / /mnt/hidden rw - nfs4 ${SHARE} rw
95 22 8:2 / /mnt/hidden rw - ext4 /dev/sda2 rw
96 22 0:54 / /elsewhere/${named} rw - nfs4 nfs.example.org:/homes rw
`;

test('a share is where it is mounted, or where a stand-in bears its name', () => {
  expect(shareMounts(MOUNT_INFO, SHARE)).toEqual([
    `/var/lib/cinder/mnt/${named}`,
    '/mnt/with blank',
    `/srv/mnt/${named}`,
  ]);
});

test.for(['nfs.example.org:/', 'other:/volumes', '', 'x:/mnt'])('%j is mounted nowhere', (share) => {
  expect(shareMounts(MOUNT_INFO, share)).toEqual([]);
});
