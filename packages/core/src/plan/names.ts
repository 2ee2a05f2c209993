/** Characters that a name of a server, volume, image or port may have. */
export const LONGEST_NAME = 255;
/**
 * What Nova takes in no name (nova.api.validation.parameter_types, `name`): anything but letters, marks, numbers,
 * punctuation, symbols and blanks, and all beyond U+FFFF, which Glance refuses too. With the selector of a form that
 * would be left of an emoji, and a blank before and after, of which one stays.
 */
const REFUSED = /(\p{Zs}?)(?:[\p{C}\p{Zl}\p{Zp}\u{10000}-\u{10ffff}]\p{Variation_Selector}?)+(\p{Zs}?)/gu;
const BLANK_ENDS = /^\p{Zs}+|\p{Zs}+$/gu;

const withoutEnds = (text: string): string => text.replaceAll(BLANK_ENDS, '');

function cleaned(text: string): string {
  const oneLine = text.replaceAll(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ');
  return withoutEnds(oneLine.replaceAll(REFUSED, (_, before: string, after: string) => before || after));
}

/**
 * The text as a name that every service of OpenStack takes: what is valid of it stays.
 * @param role ends the name, and is kept whole when the name is too long
 */
export function validName(text: string, role = ''): string {
  const end = cleaned(role);
  const tail = end === '' ? '' : ` ${end}`;
  const head = withoutEnds(cleaned(text).slice(0, Math.max(0, LONGEST_NAME - tail.length)));
  return withoutEnds(withoutEnds(`${head}${tail}`).slice(0, LONGEST_NAME));
}

/** Name of a disk's volume or image: the server's own for the boot disk. */
export function diskName(
  serverName: string,
  disk: { readonly boot: boolean; readonly label: string },
): string {
  return validName(serverName, disk.boot ? '' : disk.label);
}

/**
 * What the target is called.
 * @param wanted the source's name, or the one asked for
 * @param fallback when nothing of it is valid
 */
export function serverName(wanted: string, fallback: string): string {
  return validName(wanted) || validName(fallback) || 'server';
}
