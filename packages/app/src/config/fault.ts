import { GutsError } from '@guts/core';

/** Something that is wrong with the configuration. Nothing here shows a value, which may be a secret. */
export interface Fault {
  /** `configuration file FILE:LINE`, or `environment variable NAME`. */
  readonly where: string;
  /** The setting; null: it is about the whole file. */
  readonly setting: string | null;
  readonly message: string;
  readonly remedy?: string;
}

const line = ({ where, message }: Fault): string => `${where}: ${message}`;

/** All of them in one error: who mends a configuration wants to do it once. */
export function faultsError(faults: readonly [Fault, ...Fault[]]): GutsError {
  const remedies = new Set(faults.flatMap(({ remedy }) => (remedy === undefined ? [] : [remedy])));
  const [first] = faults;
  return new GutsError(
    'configuration',
    faults.length === 1
      ? line(first)
      : [`the configuration has ${faults.length} faults`, ...faults.map((one) => `  ${line(one)}`)].join(
          '\n',
        ),
    {
      ...(first.setting === null ? {} : { field: first.setting }),
      ...(remedies.size === 0 ? {} : { remedy: [...remedies].join('\n') }),
      details: { faults: faults.map((one) => ({ ...one })) },
    },
  );
}

/** @throws GutsError `configuration` unless there is none */
export function refuse(faults: readonly Fault[]): void {
  const [first, ...more] = faults;
  if (first) throw faultsError([first, ...more]);
}
