import type { DiskReader, DiskWriter, Extent } from '../../src/index.ts';
import type { Dice } from '../dice.ts';
import type { Trouble } from './trouble.ts';

/** What a target is made of. */
export interface Ground {
  /** Of the disk that is to be written, in bytes. */
  readonly size: number;
  /** Bytes that the writer has beyond those. */
  readonly extra: number;
  readonly folder: string;
  readonly chance: Dice;
  /** Bytes after which its connections are cut, one after the other. */
  readonly cuts: readonly number[];
}

export interface OpenTarget {
  readonly writer: DiskWriter;
  /** Ends what was copied whole. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Where a disk is copied, by as many attempts as it takes. */
export interface Target {
  /**
   * @param from what lies before is not to be written
   * @param fresh nothing was written so far
   * @param areas that may hold data; null: nobody told
   */
  open(trouble: Trouble, from: number, fresh: boolean, areas: readonly Extent[] | null): Promise<OpenTarget>;
  /** The host crashed after an attempt: what no flush covered may be lost. */
  crash(): Promise<void>;
  /** Crashes amidst an attempt. */
  strike?: () => void;
  /** What there is, read by nothing that is under test: the writer's bytes, then those behind. */
  bytes(): Promise<Buffer>;
  /** What has to lie behind the writer's bytes. */
  readonly behind: Buffer;
  reader(): Promise<DiskReader>;
  /** Damages a byte; absent: the format has no place for it. */
  flip?: (offset: number) => Promise<void>;
  /** Opens it for repair. */
  mend?: () => Promise<DiskWriter>;
  /** Ends it; throws what went wrong within. */
  stop(): Promise<void>;
}

export interface TargetKind {
  readonly name: string;
  /** The format has whole sectors of 512 bytes only. */
  readonly sectors: boolean;
  make(ground: Ground): Promise<Target>;
}
