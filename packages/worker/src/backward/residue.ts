import type { StoredError } from '@guts/core';

/** One thing that could not be put back or removed. */
export interface Residue {
  readonly role: string;
  readonly kind: string;
  readonly externalId: string | null;
  readonly reason: string;
}

export function withoutResidues({ details, ...error }: StoredError): StoredError {
  if (!details) return error;
  const { residues: _gone, ...rest } = details;
  return Object.keys(rest).length === 0 ? error : { ...error, details: rest };
}

export function withResidues(error: StoredError, residues: readonly Residue[]): StoredError {
  return residues.length === 0 ? error : { ...error, details: { ...error.details, residues } };
}
