import { examples } from '@guts/cli/start';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CopyOptions, InfoOptions, Surroundings, VerifyOptions } from './disk.ts';

const FORMATS = ['vmdk', 'qcow2', 'ova', 'raw'] as const;
const NBD = 'nbd://HOST[:PORT]/EXPORT, nbds://… (TLS) or nbd+unix:///EXPORT?socket=PATH';

function mebibytes(given: string): number {
  const value = /^\d{1,9}(\.\d{1,3})?$/.test(given) ? Number(given) : NaN;
  if (value > 0) return value;
  throw new InvalidArgumentError('MiB per second are needed, such as 50 or 0.5.');
}

function share(given: string): number {
  const value = /^\d(\.\d{1,9})?$/.test(given) ? Number(given) : NaN;
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('A share above 0 and at most 1 is needed, such as 0.1.');
}

/** Fills `guts disk`. */
export function addDisk(program: Command, disk: Command): void {
  const run = async (work: (surroundings: Surroundings) => Promise<void>): Promise<void> => {
    const { interruptible } = await import('../disk-tool/interrupt.ts');
    const { systemClock: clock } = await import('../wiring/clock.ts');
    const { json } = program.opts<{ json: boolean }>();
    await interruptible(process, (signal) => work({ json, out: process.stdout, clock, signal }));
  };
  const trusting = (command: Command): Command =>
    command
      .option('--ca <file>', 'of nbds: PEM file of the authority that signed the server')
      .option('--fingerprint <hex>', 'of nbds: SHA-256 of the certificate to trust');

  const choosing = (command: Command): Command =>
    command.option('--ova-disk <name>', 'of an OVA: which of its disks, by id or name of its file');

  trusting(
    choosing(
      disk
        .command('info')
        .argument('<file>', `file, block device, or ${NBD}`)
        .summary('Tells what a disk is: its format, its size, and how much of it is data')
        .description(
          'Tells the format of a file by its magic (its name means nothing), the size of the disk in it, and how much of that its map calls data.',
        )
        .addOption(
          new Option('--format <format>', 'what it is, instead of its magic; a raw disk has none').choices(
            FORMATS,
          ),
        ),
    ),
  )
    .addHelpText('after', examples('guts disk info web.vmdk', 'guts disk info --format raw /dev/sdb'))
    .action((file: string, options: InfoOptions) =>
      run(async (surroundings) => {
        const { diskInfo } = await import('./disk.ts');
        await diskInfo(file, options, surroundings);
      }),
    );

  trusting(
    choosing(
      disk
        .command('copy')
        .argument('<source>', `file of VMDK, qcow2, OVA or raw, block device, or ${NBD}`)
        .argument('<target>', `file to make (raw), block device, or ${NBD}`)
        .summary('Copies a disk, byte for byte, and digests it on the way')
        .description(
          'Copies a disk, whatever its format, to a raw file, a block device or an NBD server; holes stay holes where the target reads as zero. It has ended when the target is flushed. A file has its name once it is whole; of a larger device what lies behind the disk is left as it is. Interrupted, it removes the file that it began.',
        )
        .addOption(
          new Option('--source-format <format>', 'what the source is; a raw one must be said to be').choices(
            FORMATS,
          ),
        )
        .option('--force', 'replaces a file, writes over a block device or an NBD export with data', false)
        .option('--manifest <file>', 'writes the digests to a new file, for guts disk verify')
        .option('--rate <rate>', 'MiB per second at most', mebibytes),
    ),
  )
    .addHelpText(
      'after',
      examples(
        'guts disk copy web.vmdk web.raw --manifest web.json',
        'guts disk copy --source-format raw web.raw nbd://host.example.org/web --rate 100',
      ),
    )
    .action((source: string, target: string, options: CopyOptions) =>
      run(async (surroundings) => {
        const { diskCopy } = await import('./disk.ts');
        await diskCopy(source, target, options, surroundings);
      }),
    );

  trusting(
    disk
      .command('verify')
      .argument('<disk>', `raw file, block device, or ${NBD}`)
      .summary('Compares a disk with the manifest of its copy')
      .description(
        'Reads a disk, from the disk itself and not from the page cache, and compares it with a manifest that guts migration manifest or guts disk copy wrote. Names what differs; the exit code is then 9.',
      )
      .requiredOption('--manifest <file>', 'the manifest')
      .addOption(new Option('--format <format>', 'what it is (default: raw)').choices(FORMATS))
      .option('--sample <share>', 'looks at this share of the chunks, such as 0.1', share),
  )
    .addHelpText(
      'after',
      examples(
        'guts disk verify web.raw --manifest web.json',
        'guts disk verify /dev/sdb --manifest web.json --sample 0.1',
      ),
    )
    .action((given: string, options: VerifyOptions) =>
      run(async (surroundings) => {
        const { diskVerify } = await import('./disk.ts');
        await diskVerify(given, options, surroundings);
      }),
    );
}
