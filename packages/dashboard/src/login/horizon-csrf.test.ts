import { expect, test } from 'vitest';
import { horizonCsrf } from './horizon-csrf.ts';

const csrf = { header: 'X-CSRFToken', token: 'of-the-page', cookie: 'csrftoken' };

test.each([
  ['a=1; csrftoken=newest; b=2', 'newest'],
  ['csrftoken=newest', 'newest'],
  // Not for scripts to read, or not there.
  ['', 'of-the-page'],
  ['xcsrftoken=other; csrftoken=', 'of-the-page'],
])('of the cookies %j the token is %s', (cookies, token) => {
  expect(horizonCsrf(csrf, cookies)).toEqual({ header: 'X-CSRFToken', token });
});

test('a page that names no cookie has its own', () => {
  const { cookie: _cookie, ...older } = csrf;
  expect(horizonCsrf(older, 'csrftoken=newest')).toEqual({ header: 'X-CSRFToken', token: 'of-the-page' });
});
