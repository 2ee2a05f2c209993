import { printable } from '../nbd/errors.ts';

/** Lines that are kept, and bytes of a line that never ends. */
const LINES = 20;
const LONGEST_LINE = 4096;
/** Of the kept lines, so many stand in a message. */
const TOLD = 3;

/** Keeps the last lines of a program's standard error, in which secrets are struck out. */
export class Said {
  readonly #secrets: readonly string[];
  readonly #lines: string[] = [];
  #rest = '';

  constructor(secrets: readonly string[]) {
    // The longer first: one may be part of another.
    this.#secrets = secrets.filter((one) => one !== '').toSorted((a, b) => b.length - a.length);
  }

  add(chunk: Buffer): void {
    // Latin-1 keeps every byte, also of a character that two chunks share.
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-LONGEST_LINE);
    this.#lines.push(...lines.filter((line) => line.trim() !== ''));
    this.#lines.splice(0, this.#lines.length - LINES);
  }

  /** The last lines, oldest first; empty when it said nothing. */
  get lines(): readonly string[] {
    const all = this.#rest.trim() === '' ? this.#lines : [...this.#lines, this.#rest];
    return all.map((line) => this.#clean(Buffer.from(line, 'latin1').toString('utf8')));
  }

  /** As the end of a message: the last errors it told, else its last lines; empty when it said nothing. */
  get text(): string {
    const { lines } = this;
    const errors = lines.filter((line) => /\berror\b/i.test(line));
    const told = (errors.length > 0 ? errors : lines).slice(-TOLD);
    return told.length === 0 ? '' : `; it said: ${told.join(' | ')}`;
  }

  #clean(line: string): string {
    let clean = line;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '***');
    return printable(Buffer.from(clean));
  }
}
