import { ERROR_CODES, type ErrorCode } from '@guts/core';
import { ERROR_CATALOGUE } from '../src/error-catalogue.ts';

/** docs/errors.md, made from the codes and the catalogue. */
export function errorsPage(): string {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  const entries = codes.map((code) => {
    const { status, exit, retryable } = ERROR_CODES[code];
    const { meaning, remedy } = ERROR_CATALOGUE[code];
    const again = retryable
      ? 'the same may succeed when it is tried again'
      : 'trying the same again is of no use';
    return `## ${code}\n\nHTTP ${status}; exit code ${exit}; ${again}.\n\n${meaning}\n\n**What to do:** ${remedy}\n`;
  });
  return `# Errors

Made from \`packages/core/src/errors.ts\` and \`packages/contract/src/error-catalogue.ts\`;
\`npx vitest run packages/contract -u\` writes it anew.

Every answer of guts-api that is an error has one form; \`guts_code\` is one of the words below and never changes its
meaning. The same codes stand in the \`error\` of migrations, steps and operations, and decide the exit code of \`guts\`.

    {"error": {"code": 404, "title": "Not Found", "guts_code": "not_found",
               "message": "what is wrong", "remedy": "what to do, or null",
               "field": "the field at fault, or null", "details": null, "request_id": "req-…"}}

${entries.join('\n')}`;
}
