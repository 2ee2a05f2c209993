import { type Caller, ruleFacts } from '@guts/api';
import { ERROR_CODES, GutsError } from '@guts/core';
import { loadConfig } from '../config.ts';
import { loadPolicy } from '../wiring/policy-file.ts';
import type { PolicyCheckOptions, PolicyShowOptions } from './add-policy.ts';

interface Output {
  readonly json: boolean;
  readonly out: { write(text: string): unknown };
}

/** Stands for the project of the token, and of what is asked for. */
const PROJECT = 'project';

/** `guts policy show`. @throws GutsError `configuration` */
export function showPolicy(
  { config, sample }: PolicyShowOptions,
  env: NodeJS.ProcessEnv,
  { json, out }: Output,
): void {
  const { rules } = loadPolicy(sample ? null : loadConfig(config ?? null, env).policyFile);
  const known = ruleFacts();
  const added = [...rules.keys()].filter((name) => !known.some((one) => one.name === name));
  const all = [
    ...added.map((name) => ({ name, expression: null, guards: '', description: 'Of the policy file' })),
    ...known,
  ].map(({ expression, ...facts }) => ({
    ...facts,
    in_force: rules.get(facts.name) ?? '',
    built_in: expression,
  }));
  if (json) return void out.write(`${JSON.stringify({ rules: all })}\n`);
  for (const { name, guards, description, in_force: inForce, built_in: builtIn } of all) {
    out.write(`# ${description}${guards === '' ? '' : `: ${guards}`}\n`);
    if (builtIn !== null && inForce !== builtIn)
      out.write(`# overridden; built in: ${JSON.stringify(builtIn)}\n`);
    // JSON's texts are YAML's.
    out.write(`${sample ? '#' : ''}${JSON.stringify(name)}: ${JSON.stringify(inForce)}\n\n`);
  }
}

/**
 * `guts policy check`.
 * @returns the exit code: 4 when a rule was named that the token does not pass
 * @throws GutsError `configuration`, `bad_request`
 */
export function checkPolicy(
  file: string | null,
  { config, role, rule, system }: PolicyCheckOptions,
  env: NodeJS.ProcessEnv,
  { json, out }: Output,
): number {
  const path = file ?? loadConfig(config ?? null, env).policyFile;
  const policy = loadPolicy(path);
  const known = ruleFacts();
  if (role.length === 0 && rule === undefined && !system) {
    const differ = [...policy.rules].filter(
      ([name, text]) => known.find((one) => one.name === name)?.expression !== text,
    );
    const what = differ.length === 0 ? 'as built in' : `${differ.length} rules differ from the built-in ones`;
    const names = differ.map(([name]) => name);
    out.write(
      json ? `${JSON.stringify({ file: path, differ: names })}\n` : `${path ?? 'no file'}: ${what}\n`,
    );
    return 0;
  }
  if (rule !== undefined && !policy.rules.has(rule))
    throw new GutsError('bad_request', `there is no policy rule '${rule}'`, {
      remedy: 'guts policy show lists them.',
    });
  const caller: Caller = { projectId: system ? null : PROJECT, userId: 'user', roles: role, system };
  const results = (rule === undefined ? [...policy.rules.keys()] : [rule]).map((name) => ({
    rule: name,
    passes: policy.allows(name, caller, { projectId: PROJECT }),
  }));
  if (json) out.write(`${JSON.stringify({ file: path, results })}\n`);
  else for (const one of results) out.write(`${one.passes ? 'passes' : 'fails '}  ${one.rule}\n`);
  return rule !== undefined && !results.every(({ passes }) => passes) ? ERROR_CODES.forbidden.exit : 0;
}
