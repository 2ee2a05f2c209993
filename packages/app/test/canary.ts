import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A password that occurs nowhere else, with characters that every way of writing texts escapes in its own way. */
export interface Canary {
  readonly what: string;
  /** What is looked for: it survives every escape. */
  readonly core: string;
  readonly password: string;
}

export function canary(what: string): Canary {
  const core = `canary0${what.replaceAll(' ', '0')}0yranac`;
  return { what, core, password: `${core}-"&<é%/@` };
}

/** The texts by which a canary is found: as it is, as hexadecimal digits, and in base64 wherever it begins. */
function disguises({ core }: Canary): string[] {
  const inBase64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(core)]).toString('base64');
    // Only what no neighbour of the core has a part in.
    return text.slice(shift === 0 ? 0 : 4, -4).replace(/=+$/, '');
  });
  return [core, Buffer.from(core).toString('hex'), ...inBase64];
}

/** Which canaries a text has. */
export function found(text: string, canaries: readonly Canary[]): string[] {
  return canaries.filter((one) => disguises(one).some((form) => text.includes(form))).map(({ what }) => what);
}

/** Looks at the arguments of every process of this host, again and again. */
export class ArgumentWatch {
  readonly seen = new Set<string>();
  /** How many processes it looked at whose arguments have the mark. */
  marked = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(mark: string, canaries: readonly Canary[]) {
    this.#timer = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        let text: string;
        try {
          text = readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
        } catch {
          continue; // it ended meanwhile
        }
        if (text.includes(mark)) this.marked += 1;
        for (const what of found(text, canaries)) this.seen.add(what);
      }
    }, 100);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
