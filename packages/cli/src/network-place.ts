import { isIP } from 'node:net';
import type { NewMigration } from '@guts/contract';
import { UsageError } from './context.ts';

type Place = NonNullable<NonNullable<NewMigration['mapping']>['networks']>[string];
type Separator = '=' | '@' | '/';

/** For help texts. */
export const PLACE_HELP =
  'PLACE is NETWORK[/SUBNET], names or ids; in a name, "=" is doubled, and in PLACE "/" and "@", too (prod//blue)';

/**
 * Cuts at a separator. One that belongs to a name is written twice, which every shell leaves alone.
 * @param shape what it should look like, for the error
 * @throws UsageError when there are more than two parts, or one is empty
 */
function cut(text: string, separator: Separator, shape: string): [string, string | null] {
  const parts = [''];
  for (const [token] of text.matchAll(new RegExp(`${separator}+|[^${separator}]+`, 'g'))) {
    if (token === separator) parts.push('');
    else if (token.startsWith(separator) && token.length > 2)
      throw new UsageError(
        `"${text}": it is not clear what "${token}" means; give the id instead of the name`,
      );
    else parts.push(`${parts.pop() ?? ''}${token.startsWith(separator) ? separator : token}`);
  }
  const [first = '', second = null] = parts;
  if (parts.length > 2)
    throw new UsageError(
      `"${text}" has more than one "${separator}", but is to be ${shape}; double one that belongs to a name: "${separator}${separator}"`,
    );
  if (first === '' || second === '') throw new UsageError(`"${text}" is not ${shape}: a part is missing`);
  return [first, second];
}

/** `NETWORK[/SUBNET][@ADDRESS,…]`. @throws UsageError */
export function readPlace(text: string): Place {
  const [where, list] = cut(text, '@', 'NETWORK[/SUBNET][@ADDRESS,…]');
  const [network, subnet] = cut(where, '/', 'NETWORK[/SUBNET]');
  const addresses = list?.split(',') ?? null;
  const wrong = addresses?.find((one) => isIP(one) === 0);
  if (wrong !== undefined)
    throw new UsageError(
      `"${text}": "${wrong}" is no IP address; double an "@" that belongs to a name: "@@"`,
    );
  return {
    network,
    ...(subnet === null ? {} : { subnet }),
    ...(addresses === null ? {} : { addresses }),
  };
}

/** `NAME=VALUE`, or `VALUE` alone: then for all, which is `*`. @throws UsageError */
export function readPair(text: string, shape: string): [string, string] {
  const [first, second] = cut(text, '=', shape);
  return second === null ? ['*', first] : [first, second];
}
