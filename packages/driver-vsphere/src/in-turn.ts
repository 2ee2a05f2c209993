import { setTimeout as sleep } from 'node:timers/promises';
import { GutsError, messageOf } from '@guts/core';
import {
  isFault,
  type ManagedRef,
  ObjectGoneError,
  runningTasks,
  type VSphereSession,
  waitEnded,
} from '@guts/vsphere';
import type { Tell } from './waits.ts';

export interface Patience {
  /** How long a machine may be busy with others' tasks; seconds. */
  readonly deadlineSeconds: number;
  /** Milliseconds between two tries after a refusal. */
  readonly askMs: number;
  /** Seconds between two times that it is told. */
  readonly noteSeconds: number;
}

/** Consolidating a large snapshot takes hours. */
const PATIENCE: Patience = { deadlineSeconds: 4 * 3600, askMs: 1000, noteSeconds: 60 };

/** A server that forgets more tasks in a row may forget one that fails each time. */
const MAX_FORGOTTEN = 3;

interface Turn {
  readonly session: VSphereSession;
  readonly tell: Tell;
  readonly signal: AbortSignal;
  readonly patience?: Patience;
}

/** Waits, and says so now and then. */
class Wait {
  readonly #turn: Turn;
  readonly #patience: Patience;
  readonly #vm: ManagedRef;
  readonly #began = performance.now();
  #noted = Number.NEGATIVE_INFINITY;

  constructor(turn: Turn, vm: ManagedRef) {
    this.#turn = turn;
    this.#patience = turn.patience ?? PATIENCE;
    this.#vm = vm;
  }

  /** @throws GutsError `source_fault` at the deadline */
  note(why: string): void {
    const { deadlineSeconds, noteSeconds } = this.#patience;
    const now = performance.now();
    if (now - this.#began > deadlineSeconds * 1000)
      throw new GutsError(
        'source_fault',
        `${this.#vm.value} has been busy for ${deadlineSeconds} seconds: ${why}`,
        { remedy: 'Look at its tasks in vCenter, and end or wait for what runs there.' },
      );
    if (now - this.#noted < noteSeconds * 1000) return;
    this.#noted = now;
    this.#turn.tell({ vm: this.#vm.value }, `waiting for the machine: ${why}`);
  }

  async pause(): Promise<void> {
    await sleep(this.#patience.askMs, undefined, { signal: this.#turn.signal });
  }

  /** Until no task runs on the machine. */
  async quiet(): Promise<void> {
    const { session, signal } = this.#turn;
    for (;;) {
      const tasks = await runningTasks(session, this.#vm, signal);
      const [task] = tasks;
      if (!task) return;
      this.note(`${tasks.map((one) => one.name).join(', ')} under way`);
      const over = AbortSignal.timeout(this.#patience.noteSeconds * 1000);
      try {
        await waitEnded(session, task, AbortSignal.any([signal, over]));
      } catch (error) {
        // Time for another note.
        if (signal.aborted || !over.aborted) throw error;
      }
    }
  }
}

/**
 * Waits for the tasks that run on a machine, perhaps a predecessor's of ours, so that they are not doubled: what
 * they do is done when they have ended. @throws GutsError `source_fault` at the deadline
 */
export function whenQuiet(turn: Turn, vm: ManagedRef): Promise<void> {
  return new Wait(turn, vm).quiet();
}

/**
 * Changes a machine when no task runs on it any more, and again when another task came first (`TaskInProgress`,
 * `ConcurrentAccess`) or the server forgot the task. The work is done more than once, so it must be idempotent.
 * @throws GutsError `source_fault` at the deadline
 */
export async function inTurn<T>(
  turn: Turn,
  vm: ManagedRef,
  work: (vm: ManagedRef) => Promise<T>,
): Promise<T> {
  const wait = new Wait(turn, vm);
  let forgotten = 0;
  for (;;) {
    await wait.quiet();
    try {
      return await work(vm);
    } catch (error) {
      // A task that the server has forgotten may have done its work or not.
      const isForgotten = error instanceof ObjectGoneError && error.object?.type === 'Task';
      if (isForgotten) forgotten += 1;
      const again = isForgotten && forgotten <= MAX_FORGOTTEN;
      if (!again && !isFault(error, 'TaskInProgress', 'ConcurrentAccess')) throw error;
      wait.note(messageOf(error));
      await wait.pause();
    }
  }
}
