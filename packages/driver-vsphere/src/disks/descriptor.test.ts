import { describe, expect, test } from 'vitest';
import { contentId, flatExtent } from './descriptor.ts';

const descriptor = (extents: string, parent = 'ffffffff') =>
  `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=${parent}\ncreateType="vmfs"\n\n# Extent description\n${extents}\n\n# The Disk Data Base\n#DDB\nddb.adapterType = "lsilogic"\n`;

test("the content id is told, and not the parent's", () => {
  expect(contentId(descriptor('RW 2048 VMFS "a-flat.vmdk"', '7dc6ab5e'))).toBe('fffffffe');
  expect(contentId('# Disk DescriptorFile\r\nparentCID=7dc6ab5e\r\nCID=0A1b2c3d\r\n')).toBe('0a1b2c3d');
  expect(contentId('# Disk DescriptorFile\nparentCID=ffffffff\n')).toBeNull();
});

describe('the flat extent of a descriptor', () => {
  test.for([
    ['RW 2048 VMFS "web-flat.vmdk"', 'web-flat.vmdk'],
    ['RW 2048 FLAT "web-flat.vmdk" 0\r', 'web-flat.vmdk'],
    ['RW 2048 VMFS "a "quoted" name-flat.vmdk"', 'a "quoted" name-flat.vmdk'],
  ] as const)('%s', ([line, file]) => {
    expect(flatExtent(descriptor(line), 'disk')).toEqual({ file, size: 1024 * 1024 });
  });
  test.for([
    [descriptor('RW 2048 VMFSSPARSE "web-000001-delta.vmdk"'), /VMFSSPARSE/],
    [descriptor('RW 2048 VMFS "web-flat.vmdk"', '7dc6ab5e'), /depends on another disk/],
    [descriptor('RW 1 FLAT "a"\nRW 1 FLAT "b"'), /2 extents/],
    [descriptor('RDONLY 1 FLAT "a"'), /RDONLY/],
    [descriptor('RW 1 FLAT "../a"'), /no file beside it/],
    [descriptor('RW 1 FLAT "a" 63'), /sector 63/],
    ['KDMV....', /descriptor is none/],
  ] as const)('%j is refused', ([text, message]) => {
    expect(() => flatExtent(text, 'disk')).toThrow(message);
  });
});
