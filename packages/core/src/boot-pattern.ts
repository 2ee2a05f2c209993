import { GutsError } from './errors.ts';

/** Characters. */
const MAX_LENGTH = 500;

/**
 * The pattern of a boot's proof, the same wherever it is looked at: a JavaScript regular expression with the flags
 * `m` and `u`, tested on one line of the console at a time.
 * @param field what the person wrote it in, for the error
 * @throws GutsError `bad_request`
 */
export function compileBootPattern(text: string, field = 'boot_pattern'): RegExp {
  const refuse = (why: string, remedy: string, cause?: unknown): never => {
    throw new GutsError('bad_request', `the boot pattern ${why}`, { field, remedy, cause });
  };
  if (text === '') refuse('is empty', 'Leave it out to take what ordinary guests print.');
  if (text.length > MAX_LENGTH)
    refuse(
      `has ${text.length} characters`,
      `Give one of at most ${MAX_LENGTH}: a line that the guest prints.`,
    );
  try {
    return new RegExp(text, 'mu');
  } catch (error) {
    return refuse(
      `is no regular expression: ${(error as Error).message}`,
      'Put a backslash before each of ( ) [ ] { } . * + ? ^ $ | / \\ that is meant as it is, and before nothing else.',
      error,
    );
  }
}
