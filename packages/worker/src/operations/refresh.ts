import type { InventoryObject, Operation } from '@guts/core';
import type { OperationParts } from './operation.ts';

const BATCH = 200;

/** Reads a source's whole inventory into the database. */
export async function refreshSource(
  parts: OperationParts,
  operation: Operation,
  signal: AbortSignal,
  say: (progress: string) => void,
): Promise<{ objects: number }> {
  const { store, connections, log } = parts;
  const { subjectId: id, epoch } = operation;
  const source = await connections.openSource(id, { signal, log });
  const under = { operationId: operation.id, epoch };
  let objects = 0;
  let batch: InventoryObject[] = [];
  const put = async (): Promise<void> => {
    await store.putInventory(id, under, batch);
    objects += batch.length;
    say(`${objects} objects`);
    batch = [];
  };
  try {
    for await (const object of source.inventory(signal)) {
      batch.push(object);
      if (batch.length >= BATCH) await put();
    }
    await put();
    await store.finishInventory(id, under);
    return { objects };
  } finally {
    await source.close();
  }
}
