import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Load {
  readonly url: string;
  readonly token: string;
  readonly seconds: number;
  /** Requests in flight. */
  readonly connections: number;
}

export interface Figures {
  readonly perSecond: number;
  /** Milliseconds, of the answers of this load. */
  readonly p50: number;
  readonly p99: number;
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

function milliseconds(text: string, percent: number): number {
  const [, amount, unit] =
    new RegExp(`^\\s*${percent}(?:\\.\\d+)?%\\s+([\\d.]+)(us|ms|s|m)\\s*$`, 'm').exec(text) ?? [];
  if (amount === undefined || unit === undefined) throw new Error(`wrk told no ${percent} %:\n${text}`);
  return Number(amount) * (UNITS[unit] ?? NaN);
}

/**
 * One load by `wrk` (Debian's package): as many requests as are answered, each connection waiting for its answer.
 * @throws Error when an answer is not 2xx, or a connection fails: what refuses quickly proves nothing
 */
export async function wrk({ url, token, seconds, connections }: Load): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'guts-wrk-'));
  try {
    // In a file, for arguments are seen by everybody.
    const script = join(folder, 'headers.lua');
    await writeFile(
      script,
      `wrk.headers["X-Auth-Token"] = ${JSON.stringify(token)}\nwrk.headers["Accept"] = "application/json"\n`,
      { mode: 0o600 },
    );
    const args = [
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '--timeout',
      '60s',
      '--latency',
      '-s',
      script,
      url,
    ];
    const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`wrk ended with ${code}`);
    if (/Non-2xx|Socket errors/.test(text)) throw new Error(`${url} was not answered well:\n${text}`);
    const perSecond = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(text)?.[1] ?? NaN);
    if (!(perSecond > 0)) throw new Error(`wrk told no rate:\n${text}`);
    return { perSecond, p50: milliseconds(text, 50), p99: milliseconds(text, 99) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
