import { expect, test } from 'vitest';
import { changeOfCall, changeOfRequest } from './changes.ts';

test.for([
  ['compute', 'POST', '/servers', { server: {} }, 'http.compute.POST /servers'],
  [
    'compute',
    'POST',
    '/servers/6a/action?x=/y',
    { 'os-stop': null },
    'http.compute.POST /servers/{id}/action[os-stop]',
  ],
  [
    'compute',
    'DELETE',
    '/servers/6a/os-volume_attachments/7b',
    undefined,
    'http.compute.DELETE /servers/{id}/os-volume_attachments/{id}',
  ],
  ['image', 'PUT', '/images/6a/file', undefined, 'http.image.PUT /images/{id}/file'],
  ['network', 'PUT', '/ports/6a/tags', { tags: [] }, 'http.network.PUT /ports/{id}/tags'],
] as const)(
  'what a request to %s changes is named without ids: %s %s',
  ([service, method, path, json, name]) => {
    expect(changeOfRequest({ service, method, path, json })).toBe(name);
  },
);

test.for([
  ['GET', '/servers/6a', undefined],
  ['HEAD', '/servers/6a', undefined],
  ['POST', '/servers/6a/action', { 'os-getConsoleOutput': { length: 9 } }],
] as const)('%s %s changes nothing', ([method, path, json]) => {
  expect(changeOfRequest({ service: 'compute', method, path, json })).toBeNull();
});

test.for(['CreateSnapshot_Task', 'ExportVm', 'HttpNfcLeaseComplete', 'Destroy_Task', 'CreateVM_Task'])(
  '%s changes the vCenter',
  (method) => {
    expect(changeOfCall(method, [['name', 'x']])).toBe(`soap.${method}`);
  },
);

test('changes of a configuration are told apart by what they set', () => {
  const spec = { fields: [['annotation', 'moved']] } as const;
  expect(changeOfCall('ReconfigVM_Task', [['spec', spec]])).toBe('soap.ReconfigVM_Task[annotation]');
});

test.for([
  'RetrievePropertiesEx',
  'QueryChangedDiskAreas',
  'WaitForUpdatesEx',
  'CreateFilter',
  'CreatePropertyCollector',
  'CreateContainerView',
  'DestroyView',
  'DestroyPropertyCollector',
  'HttpNfcLeaseProgress',
  'CurrentTime',
])('%s does not', (method) => {
  expect(changeOfCall(method, [])).toBeNull();
});
