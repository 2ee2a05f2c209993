import { readFileSync } from 'node:fs';
import { type PrivateDocument, PrivateYamlError, readPrivateYaml } from '@guts/cli/private-yaml';
import { messageOf } from '@guts/core';
import type { Fault } from './fault.ts';

/** A configuration file, read. */
export interface ConfigFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** `configuration file FILE:LINE` of what is at these keys. */
  readonly where: (...keys: readonly string[]) => string;
}

/** @param report told when it cannot be read; it is then empty */
export function readConfigFile(path: string, report: (fault: Fault) => void): ConfigFile {
  const place = `configuration file ${path}`;
  const empty: ConfigFile = { path, content: {}, where: () => place };
  let document: PrivateDocument;
  try {
    // An address may hold a password.
    document = readPrivateYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    const where = error instanceof PrivateYamlError ? `${place}:${error.line}` : place;
    report({ where, setting: null, message: messageOf(error) });
    return empty;
  }
  const { value } = document;
  if (value === null || value === undefined) return empty;
  if (typeof value !== 'object' || Array.isArray(value)) {
    report({ where: place, setting: null, message: 'it must be a map of settings' });
    return empty;
  }
  return {
    path,
    content: value as Readonly<Record<string, unknown>>,
    where: (...keys) => {
      const line = document.lineOf(keys);
      return line === null ? place : `${place}:${line}`;
    },
  };
}
