import { LoginError } from '@guts/openstack';
import { expect, test } from 'vitest';
import { toGutsError } from './errors.ts';

test.for([
  [{ method: 'password' }, /Check the user, the password/],
  [{ method: 'password', otherProject: true }, /a role in that project/],
  [{ method: 'token', otherProject: true }, /Log in with a password/],
  [{ method: 'application_credential', otherProject: true }, /Leave the target project out/],
] as const)('a login that is refused says what to do: %j', ([facts, remedy]) => {
  expect(toGutsError(new LoginError('no', facts))).toMatchObject({
    code: 'destination_login',
    message: 'no',
    remedy: expect.stringMatching(remedy),
  });
});
