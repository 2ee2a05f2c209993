import type { Outcome } from './bench.ts';
import type { Measured } from './measure.ts';

export interface Result extends Outcome {
  readonly number: number;
  readonly title: string;
  readonly shows?: 'memory';
}

const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`;

function section({ number, title, measured, goals }: Result): string {
  const rows = measured.map(
    ({ name, median, runs }) =>
      `| ${name} | ${seconds(median.seconds)} | ${runs.map((run) => run.seconds.toFixed(1)).join(', ')} | ${median.processor.toFixed(1)} s | ${(median.bytes / 2 ** 20).toFixed(0)} MiB |`,
  );
  const told = goals.map(
    ({ text, value, met }) => `- ${text}: **${value.toFixed(2)}**${met ? '' : ' (missed)'}`,
  );
  return [
    `## ${number}. ${title}`,
    '',
    '| what | median | runs, s | CPU | memory |',
    '| --- | ---: | --- | ---: | ---: |',
    ...rows,
    '',
    ...told,
  ].join('\n');
}

/** docs/performance.md. @param machine on which it was measured, in words */
export function pageOf(results: readonly Result[], machine: string): string {
  return `# How fast disks move

Made by \`npm run bench:disk -- --write\`; what is not in it was not measured. Everything of one section ran in turn,
as many rounds as are shown, on one machine (${machine}),
and every byte was on the disk when the clock stopped. Only ratios within a section mean something. The test disk has
8 GiB, of which 2 GiB in scattered extents of 64 KiB to 8 MiB are data; half of it cannot be compressed. CPU and memory
are of the command that was started; servers that run beside it (the source, the cloud) are in nobody's figures, but
share its processors.

![Wall time of each beside the others](performance.svg)

${results.map(section).join('\n\n')}
`;
}

const ROW = 22;
const [LABELS, BARS, WIDTH] = [370, 420, 880];
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A bar for each, ours in another colour; each section on its own scale. */
export function pictureOf(results: readonly Result[]): string {
  let y = 16;
  const parts: string[] = [];
  for (const { number, title, shows, measured } of results) {
    const valueOf = ({ median }: Measured): number => (shows === 'memory' ? median.bytes : median.seconds);
    const most = Math.max(...measured.map(valueOf));
    parts.push(`<text class="title" x="8" y="${y + 14}">${number}. ${escaped(title)}</text>`);
    y += ROW + 6;
    for (const one of measured) {
      const { name } = one;
      const value = valueOf(one);
      const width = Math.max(1, (value / most) * BARS);
      const told = shows === 'memory' ? `${(value / 2 ** 20).toFixed(0)} MiB` : seconds(value);
      parts.push(
        `<text x="${LABELS - 8}" y="${y + 14}" text-anchor="end">${escaped(name)}</text>`,
        `<rect class="${name.startsWith('guts') ? 'ours' : 'other'}" x="${LABELS}" y="${y + 2}" width="${width.toFixed(1)}" height="${ROW - 6}" rx="2"/>`,
        `<text x="${(LABELS + width + 6).toFixed(1)}" y="${y + 14}">${told}</text>`,
      );
      y += ROW;
    }
    y += 12;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="Copies of disks, guts beside others: wall time, and memory where the title says so">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .ours { fill: #0969da; }
  .other { fill: #8c959f; }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .ours { fill: #58a6ff; } .other { fill: #6e7681; } }
</style>
${parts.join('\n')}
</svg>
`;
}
