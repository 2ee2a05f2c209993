import { expect, test } from 'vitest';
import { openerOf } from './open-page.ts';

test('a page is opened where somebody sits before a screen', () => {
  expect(openerOf('linux', { DISPLAY: ':0' })).toBe('xdg-open');
  expect(openerOf('linux', { WAYLAND_DISPLAY: 'wayland-0' })).toBe('xdg-open');
  expect(openerOf('darwin', {})).toBe('open');
  expect(openerOf('linux', {})).toBeNull();
  expect(openerOf('win32', {})).toBeNull();
});
