import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';

/** What of a machine every client has to have read alike. */
export interface Shown {
  /** Properties with a value, in order; absent where a client does not tell. */
  readonly paths?: readonly string[] | undefined;
  readonly ref: string;
  readonly name: string;
  readonly uuid: string;
  readonly memoryMiB: number;
  readonly power: string;
  readonly host: string;
  /** Key, bytes, file. */
  readonly disks: readonly (readonly [number, number, string])[];
  /** Key, MAC address. */
  readonly nics: readonly (readonly [number, string])[];
}

/** Of a client that prints a line of JSON for each machine. */
export async function shownByLines(file: string): Promise<Shown[]> {
  const all = (await readFile(file, 'utf8')).trim().split('\n');
  return all.map((line) => JSON.parse(line) as Shown);
}

interface GovcDevice {
  readonly Key: number;
  readonly MacAddress?: string;
  readonly CapacityInKB?: number;
  readonly Backing?: { readonly FileName?: string } | null;
}

/** Of `govc object.collect -json`: a JSON object for each machine, one after the other. */
export async function shownByGovc(file: string): Promise<Shown[]> {
  const text = await readFile(file, 'utf8');
  const all = JSON.parse(`[${text.trim().replaceAll(/^\}\n\{/gm, '},\n{')}]`) as {
    Obj: { Value: string };
    ChangeSet: { Name: string; Val: unknown }[];
  }[];
  return all.map(({ Obj, ChangeSet }) => {
    const values = new Map(ChangeSet.map(({ Name, Val }) => [Name, Val]));
    const devices = (values.get('config.hardware.device') as { VirtualDevice: GovcDevice[] }).VirtualDevice;
    return {
      // It tells all that it asked for, with null where there is no value.
      paths: [...values].flatMap(([path, value]) => (value === null ? [] : [path])).toSorted(),
      ref: Obj.Value,
      name: values.get('name') as string,
      uuid: values.get('config.uuid') as string,
      memoryMiB: values.get('config.hardware.memoryMB') as number,
      power: values.get('runtime.powerState') as string,
      host: (values.get('runtime.host') as { Value: string }).Value,
      disks: devices.flatMap(({ Key, CapacityInKB, Backing }): [number, number, string][] =>
        CapacityInKB === undefined ? [] : [[Key, CapacityInKB * 1024, Backing?.FileName ?? '']],
      ),
      nics: devices.flatMap(({ Key, MacAddress }): [number, string][] =>
        MacAddress === undefined ? [] : [[Key, MacAddress]],
      ),
    };
  });
}

const inOrder = (all: readonly Shown[]): Shown[] =>
  all.toSorted((one, other) => (one.ref < other.ref ? -1 : 1));

/** @throws Error unless each has read as many machines as there are, and the same of each */
export function compare(shown: ReadonlyMap<string, readonly Shown[]>, machines: number): void {
  const [first] = [...shown.values()].map(inOrder);
  // Which properties have a value is told by some alone.
  const told = [...shown.values()].map(inOrder).find((all) => all[0]?.paths);
  for (const [name, all] of shown) {
    if (all.length !== machines) throw new Error(`${name} read ${all.length} machines of ${machines}`);
    for (const [at, one] of inOrder(all).entries()) {
      const other = first?.[at];
      if (!isDeepStrictEqual(values(one), other && values(other)))
        throw new Error(`${name} read ${JSON.stringify(one)} where another read ${JSON.stringify(other)}`);
      const { paths } = one;
      if (paths && !isDeepStrictEqual(paths, told?.[at]?.paths))
        throw new Error(`${name} read of ${one.ref} ${paths.join()}, another ${told?.[at]?.paths?.join()}`);
    }
  }
}

const values = ({ paths: _paths, ...read }: Shown): Omit<Shown, 'paths'> => read;
