import type { FaultList } from './http/injected.ts';
import { VimFault } from './soap/faults.ts';
import {
  any,
  bool,
  data,
  enumeration,
  int,
  refValue,
  str,
  time,
  type Ref,
  type Value,
} from './soap/values.ts';
import type { Inventory } from './model/inventory.ts';
import type { Machine } from './model/machine.ts';
import { escapedName } from './model/names.ts';
import type { Settings } from './options.ts';

type TaskSettings = Pick<Settings, 'taskMsOf' | 'taskMemoryMs'>;
type Work = () => Promise<Value | undefined>;

/** What a task does. */
export interface TaskKind {
  /** The SOAP method, which TaskInfo.name holds. */
  readonly method: string;
  /** As in `VirtualMachine.powerOn`. */
  readonly descriptionId: string;
}

interface UnderWay {
  readonly ref: Ref;
  readonly machine: Machine;
  readonly kind: TaskKind;
  readonly queued: Date;
  readonly task: TaskState;
}

interface TaskState {
  state: 'queued' | 'running' | 'success' | 'error';
  progress: number | undefined;
  result: Value | undefined;
  error: VimFault | undefined;
  started: Date | undefined;
  completed: Date | undefined;
}

/** Starts vSphere tasks and keeps them readable. */
export class Tasks {
  readonly #inventory: Inventory;
  readonly #running = new Set<Promise<void>>();
  readonly #underWay = new Set<UnderWay>();
  readonly #stop = new AbortController();

  readonly #faults: FaultList;
  readonly #settings: TaskSettings;

  constructor(inventory: Inventory, faults: FaultList, settings: TaskSettings) {
    this.#settings = settings;
    this.#inventory = inventory;
    this.#faults = faults;
  }

  /**
   * Starts work that takes `ms` milliseconds and then runs `work`.
   * A machine has one task at a time: another one fails with TaskInProgress at once.
   * A VimFault thrown by it becomes the task's error; anything else becomes SystemError.
   */
  start(machine: Machine, kind: TaskKind, ms: number, work: Work): Ref {
    const ref: Ref = { type: 'Task', id: `task-${this.#inventory.nextNumber()}` };
    const state: TaskState = {
      state: 'queued',
      progress: undefined,
      result: undefined,
      error: undefined,
      started: undefined,
      completed: undefined,
    };
    const queued = new Date();
    this.#inventory.add({
      ref,
      properties: { info: () => info(ref, kind, machine, queued, state) },
    });
    machine.recentTasks = [ref, ...machine.recentTasks].slice(0, 5);
    this.#inventory.touch(machine.ref);
    const before = [...this.#underWay].find((one) => one.machine === machine);
    const entry: UnderWay = { ref, machine, kind, queued, task: state };
    this.#underWay.add(entry);
    const usual = this.#settings.taskMsOf[kind.method] ?? ms;
    const done = before
      ? this.#run(ref, state, 0, () => Promise.reject(busy(before.ref)))
      : this.#run(ref, state, ...this.#spoil(kind, usual, work));
    this.#running.add(done);
    void done.finally(() => {
      this.#running.delete(done);
      this.#underWay.delete(entry);
      void this.#forgetLater(ref);
    });
    return ref;
  }

  /** Of one machine; newest first. */
  underWay(machine: Machine): readonly {
    readonly id: string;
    readonly method: string;
    readonly state: string;
    readonly ageMs: number;
  }[] {
    return [...this.#underWay]
      .filter((one) => one.machine === machine)
      .toReversed()
      .map(({ ref, kind, queued, task }) => ({
        id: ref.id,
        method: kind.method,
        state: task.state,
        ageMs: Date.now() - queued.getTime(),
      }));
  }

  /** Stops waiting tasks and waits until none runs. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  /** A machine's `recentTask` still names what is forgotten: the list and the tasks are kept apart. */
  async #forgetLater(ref: Ref): Promise<void> {
    const { taskMemoryMs } = this.#settings;
    if (taskMemoryMs === 0 || !Number.isFinite(taskMemoryMs)) return;
    if (await wait(taskMemoryMs, this.#stop.signal)) this.#inventory.remove(ref);
  }

  /** Applies the faults that wait for a task of this kind. */
  #spoil(kind: TaskKind, ms: number, work: Work): [number, Work] {
    let spoilt: [number, Work] = [ms, work];
    for (const fault of this.#faults.takeForTask(kind.method)) {
      if (fault.kind === 'taskDelay') spoilt = [spoilt[0] + fault.ms, spoilt[1]];
      if (fault.kind === 'taskFault') {
        const error = new VimFault(fault.name, fault.message ?? `Injected fault ${fault.name}.`);
        spoilt = [spoilt[0], () => Promise.reject(error)];
      }
    }
    return spoilt;
  }

  async #run(ref: Ref, task: TaskState, ms: number, work: Work): Promise<void> {
    const set = (changes: Partial<TaskState>): void => {
      Object.assign(task, changes);
      this.#inventory.touch(ref);
    };
    await new Promise((resolve) => setImmediate(resolve));
    set({ state: 'running', progress: 0, started: new Date() });
    for (const progress of [30, 60]) {
      if (!(await wait(ms / 2, this.#stop.signal))) return;
      set({ progress });
    }
    try {
      set({ result: await work(), state: 'success', progress: undefined, completed: new Date() });
    } catch (error) {
      const fault =
        error instanceof VimFault
          ? error
          : new VimFault('SystemError', `A general system error occurred: ${String(error)}`, {
              reason: str(String(error)),
            });
      set({ error: fault, state: 'error', progress: undefined, completed: new Date() });
    }
    // Before anybody who waits can look.
    if (this.#settings.taskMemoryMs === 0) this.#inventory.remove(ref);
  }
}

/** What a machine says that has a task already. */
export function busy(task: Ref): VimFault {
  return new VimFault('TaskInProgress', 'Another task is already in progress.', { task: refValue(task) });
}

/** Waits some milliseconds; false when stopped first. */
export async function wait(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return new Promise((resolve) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve(true);
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function info(ref: Ref, kind: TaskKind, machine: Machine, queued: Date, task: TaskState): Value {
  return data('TaskInfo', {
    key: str(ref.id),
    task: refValue(ref),
    name: str(kind.method),
    descriptionId: str(kind.descriptionId),
    entity: refValue(machine.ref),
    entityName: str(escapedName(machine.name)),
    state: enumeration('TaskInfoState', task.state),
    cancelled: bool(false),
    cancelable: bool(false),
    error: task.error?.localized(),
    result: task.result === undefined ? undefined : any(task.result),
    progress: task.progress === undefined ? undefined : int(task.progress),
    reason: {
      kind: 'data',
      type: 'TaskReasonUser',
      derived: true,
      fields: { userName: str('VSPHERE.LOCAL\\Administrator') },
    },
    queueTime: time(queued),
    startTime: task.started === undefined ? undefined : time(task.started),
    completeTime: task.completed === undefined ? undefined : time(task.completed),
    eventChainId: int(1),
  });
}
