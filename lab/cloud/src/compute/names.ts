import { badRequest } from '../http/api-error.ts';

/** Nova: up to 255 printable characters of the basic plane, blanks in the middle only. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]*$/u;

export function checkName(name: string): string {
  const bad = (why: string): Error =>
    badRequest(`Invalid input for field/attribute name. Value: ${name}. ${why}`);
  const points = Array.from(name);
  if (points.length > 255) throw bad(`'${name}' is too long`);
  const fits = points.every((one) => (one.codePointAt(0) ?? 0) < 0xffff) && PRINTABLE.test(name);
  if (!fits || /^\p{Zs}|\p{Zs}$/u.test(name))
    throw bad(
      "An invalid 'name' value was provided. The name must be: printable characters. Can not start or end with whitespace.",
    );
  return name;
}
