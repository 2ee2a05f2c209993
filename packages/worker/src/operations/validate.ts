import { messageOf, type ValidationReport } from '@guts/core';
import type { OperationParts } from './operation.ts';

async function recordValidation(
  parts: OperationParts,
  side: 'source' | 'destination',
  id: string,
  signal: AbortSignal,
  validate: () => Promise<ValidationReport>,
): Promise<ValidationReport> {
  try {
    const report = await validate();
    const blocker = report.findings.find((finding) => finding.severity === 'blocker');
    await parts.store.updateEndpoint(side, id, {
      status: blocker ? 'invalid' : 'valid',
      statusReason: blocker?.message ?? null,
      report,
      validated: true,
    });
    return report;
  } catch (error) {
    // Broken off: that says nothing of the endpoint.
    if (!signal.aborted)
      await parts.store.updateEndpoint(side, id, {
        status: 'invalid',
        statusReason: messageOf(error),
        validated: true,
      });
    throw error;
  }
}

export function validateSource(
  parts: OperationParts,
  id: string,
  signal: AbortSignal,
): Promise<ValidationReport> {
  return recordValidation(parts, 'source', id, signal, async () => {
    const source = await parts.connections.openSource(id, { signal, log: parts.log });
    try {
      return await source.validate(signal);
    } finally {
      await source.close();
    }
  });
}

export function validateDestination(
  parts: OperationParts,
  id: string,
  signal: AbortSignal,
): Promise<ValidationReport> {
  return recordValidation(parts, 'destination', id, signal, async () => {
    const context = { targetProject: null, signal, log: parts.log };
    const destination = await parts.connections.openDestination(id, context);
    try {
      return await destination.validate(signal);
    } finally {
      await destination.close();
    }
  });
}
