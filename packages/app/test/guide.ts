import { spawn } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';

/** A request of a guide, and the answer that it shows for it; null: none is shown. */
export interface Example {
  /** Where it stands; from 1. */
  readonly line: number;
  /** For a shell. */
  readonly command: string;
  readonly answer: string | null;
}

/** The examples of a Markdown text: blocks of `sh` that call curl, each with the block of `http` that follows it. */
export function examplesOf(markdown: string): readonly Example[] {
  const examples: { line: number; command: string; answer: string | null }[] = [];
  for (const found of markdown.matchAll(/^```(sh|http)\n(.*?)^```$/gms)) {
    const [, kind, text = ''] = found;
    const line = markdown.slice(0, found.index).split('\n').length;
    const last = examples.at(-1);
    if (kind === 'http') {
      if (last?.answer !== null) throw new Error(`line ${line}: an answer without its request`);
      last.answer = text.trim();
    } else if (/^curl /m.test(text)) examples.push({ line, command: text, answer: null });
  }
  return examples;
}

export interface Shown {
  readonly code: number | null;
  /** Head and body, as `curl -i` shows them. */
  readonly out: string;
  readonly err: string;
}

/** Runs the command of an example in a shell whose curl shows the head of the answer, too. */
export function run({ command }: Example, env: Readonly<Record<string, string>>): Promise<Shown> {
  const script = `curl() { command curl -sS -i "$@"; }\n${command}`;
  const child = spawn('bash', ['-c', script], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, out, err }));
  });
}

/** In a shown answer: whatever there is, and, as a key or at the end of a list, whatever else there is. */
const ANYTHING = '…';

/** Head and body of an answer. */
function parts(text: string): { status: string; body: string } {
  const [head = '', ...rest] = text.replaceAll('\r\n', '\n').split('\n\n');
  return { status: /^HTTP\/\S+ (\d+)/.exec(head)?.[1] ?? 'none', body: rest.join('\n\n').trim() };
}

/**
 * Compares an answer with the one that a guide shows. There, `$NAME` as a whole text is what the variable holds, or,
 * the first time, gives it its value; `…` stands for anything.
 * @returns what differs; null when nothing does
 */
export function differs(shown: string, got: string, variables: Record<string, string>): string | null {
  const [wanted, real] = [parts(shown), parts(got)];
  if (wanted.status !== real.status) return `status ${real.status} instead of ${wanted.status}:\n${got}`;
  if (/^[{[]/.test(wanted.body)) {
    // What a wrong answer gave is not kept.
    const given = { ...variables };
    const fault = unlike(JSON.parse(wanted.body), JSON.parse(real.body), given, 'answer');
    if (fault === null) Object.assign(variables, given);
    return fault === null ? null : `${fault}\n${real.body}`;
  }
  let rest = real.body;
  for (const line of wanted.body.split('\n').filter((one) => one.trim() !== '' && one !== ANYTHING)) {
    const at = new RegExp(pattern(line)).exec(rest);
    if (!at) return `there is no line ${line} in\n${real.body}`;
    rest = rest.slice(at.index + at[0].length);
  }
  return null;
}

const pattern = (text: string): string =>
  text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(ANYTHING, '.*');

function unlike(shown: unknown, got: unknown, variables: Record<string, string>, at: string): string | null {
  if (typeof shown === 'string') return unlikeText(shown, got, variables, at);
  if (Array.isArray(shown)) {
    if (!Array.isArray(got)) return `${at} is no list`;
    const open = shown.at(-1) === ANYTHING;
    const items = open ? shown.slice(0, -1) : shown;
    if (open ? got.length < items.length : got.length !== items.length)
      return `${at} has ${got.length} items`;
    return first(items.map((item, index) => () => unlike(item, got[index], variables, `${at}[${index}]`)));
  }
  if (typeof shown === 'object' && shown !== null) {
    if (typeof got !== 'object' || got === null) return `${at} is ${JSON.stringify(got)}`;
    const wanted = Object.entries(shown).filter(([key]) => key !== ANYTHING);
    const other = Object.keys(got).filter((key) => !(key in shown));
    if (!(ANYTHING in shown) && other.length > 0) return `${at} has ${other.join(', ')} too`;
    const real = got as Record<string, unknown>;
    return first(
      wanted.map(
        ([key, value]) =>
          () =>
            unlike(value, real[key], variables, `${at}.${key}`),
      ),
    );
  }
  return isDeepStrictEqual(shown, got) ? null : `${at} is ${JSON.stringify(got)}`;
}

function unlikeText(
  shown: string,
  got: unknown,
  variables: Record<string, string>,
  at: string,
): string | null {
  if (shown === ANYTHING && got !== undefined) return null;
  const fault = `${at} is ${JSON.stringify(got)}`;
  if (typeof got !== 'string') return fault;
  const name = /^\$([A-Z_]+)$/.exec(shown)?.[1];
  if (name === undefined) return new RegExp(`^${pattern(shown)}$`, 's').test(got) ? null : fault;
  variables[name] ??= got;
  return variables[name] === got ? null : `${fault}, not ${variables[name]}`;
}

function first(checks: readonly (() => string | null)[]): string | null {
  for (const check of checks) {
    const fault = check();
    if (fault !== null) return fault;
  }
  return null;
}
