import type { DiskReader, DiskStream, Extent } from '../../src/index.ts';
import type { Dice } from '../dice.ts';
import type { Trouble } from './trouble.ts';

/** What a source is made of. */
export interface Material {
  readonly disk: Buffer;
  /** Folder of this source alone. */
  readonly folder: string;
  readonly chance: Dice;
  /** How much its map tells, where it can tell more or less. */
  readonly map: 'exact' | 'coarse' | 'none';
  /** Bytes after which its connections are cut, one after the other. */
  readonly cuts: readonly number[];
}

/** A disk that can be opened as often as it takes. */
export interface Source {
  /** @param from what lies before is not to be read */
  open(trouble: Trouble, from: number): Promise<DiskReader | DiskStream>;
  /** What the map of the source would be, if somebody else told it (a hypervisor); null: nobody does. */
  areas?(): readonly Extent[];
  /** Cuts its connections. */
  strike?: () => void;
  /** Ends it; throws what went wrong within. */
  stop(): Promise<void>;
}

export interface SourceKind {
  readonly name: string;
  /** The format has whole sectors of 512 bytes only. */
  readonly sectors: boolean;
  make(material: Material): Promise<Source>;
}
