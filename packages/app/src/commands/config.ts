import { drawTable } from '@guts/cli';
import type { GutsError } from '@guts/core';
import { checkValues, openFiles } from '../config/checks.ts';
import { readEffective } from '../config/effective.ts';
import { oddVariables } from '../config/environment.ts';
import { type Fault, refuse } from '../config/fault.ts';
import { referenceFile, referencePage } from '../config/reference.ts';
import { shownSettings } from '../config/show.ts';
import { loadPolicy } from '../wiring/policy-file.ts';

interface Output {
  write(text: string): unknown;
}
interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly json: boolean;
  readonly out: Output;
  readonly err: Output;
}

/** `guts config show`. @throws GutsError `configuration`: all that is wrong */
export function showConfig(file: string | null, { env, json, out }: Surroundings): void {
  const effective = readEffective(file, env);
  refuse(effective.faults);
  const settings = shownSettings(effective);
  if (json) {
    out.write(`${JSON.stringify({ file: effective.file, settings })}\n`);
    return;
  }
  const rows = settings.map(({ name, value, where }) => [name, value === null ? '' : String(value), where]);
  out.write(`${drawTable(['Setting', 'Value', 'From'], rows)}\n`);
}

/** The policy is read as guts-api reads it. */
function policyFault(path: unknown, where: string): Fault[] {
  if (typeof path !== 'string') return [];
  try {
    loadPolicy(path);
    return [];
  } catch (error) {
    const { message, remedy } = error as GutsError;
    return [{ where, setting: 'policy_file', message, ...(remedy === undefined ? {} : { remedy }) }];
  }
}

/** `guts config check`. @throws GutsError `configuration`: all that is wrong */
export function checkConfig(file: string | null, { env, json, out, err }: Surroundings): void {
  const effective = readEffective(file, env);
  const warnings = [...oddVariables(env), ...openFiles(effective)];
  if (!json) for (const warning of warnings) err.write(`guts: warning: ${warning}\n`);
  const found = checkValues(effective);
  const policy = found.some(({ setting }) => setting === 'policy_file')
    ? []
    : policyFault(
        effective.values.get('policyFile'),
        effective.origins.get('policy_file')?.where ?? 'default',
      );
  refuse([...effective.faults, ...found, ...policy]);
  const name = effective.file ?? 'defaults and environment';
  out.write(json ? `${JSON.stringify({ file: effective.file, warnings })}\n` : `${name}: nothing is wrong\n`);
}

/** `guts config reference`. */
export function writeReference(format: 'yaml' | 'markdown', out: Output): void {
  out.write(format === 'yaml' ? referenceFile() : referencePage());
}
