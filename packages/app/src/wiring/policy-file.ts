import { readFileSync } from 'node:fs';
import { Policy } from '@guts/api';
import { parsePrivateYaml } from '@guts/cli/private-yaml';
import { GutsError, messageOf } from '@guts/core';

/**
 * Our policy with the rules of a file over it.
 * @param path YAML file of `rule: expression`, as oslo.policy has it; null: no file
 * @throws GutsError `configuration`, naming the file and the rule
 */
export function loadPolicy(path: string | null): Policy {
  if (path === null) return new Policy();
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
    return new Policy(rulesOf(parsePrivateYaml(text)));
  } catch (error) {
    throw new GutsError('configuration', `policy file ${path}${lineOf(error, text)}: ${messageOf(error)}`, {
      cause: error,
      field: 'policy_file',
      ...(error instanceof GutsError && error.remedy !== undefined ? { remedy: error.remedy } : {}),
    });
  }
}

/** In which line the rule at fault stands. */
function lineOf(error: unknown, text: string): string {
  const rule = error instanceof GutsError ? error.details?.['rule'] : undefined;
  if (typeof rule !== 'string') return '';
  const at = text
    .split('\n')
    .findIndex((line) => [rule, `"${rule}"`, `'${rule}'`].some((key) => line.startsWith(`${key}:`)));
  return at < 0 ? '' : `, line ${at + 1}`;
}

function rulesOf(content: unknown): Readonly<Record<string, string>> {
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new GutsError('configuration', 'it must be a map of rules');
  for (const [name, text] of Object.entries(content))
    if (typeof text !== 'string')
      throw new GutsError('configuration', `policy rule '${name}': its expression must be a text`, {
        details: { rule: name },
        remedy: "Put it in quotes; '@' lets everybody in, '!' nobody.",
      });
  return content as Readonly<Record<string, string>>;
}
