import { API_VERSIONS, MAX_VERSION, MIN_VERSION, SERVICE_TYPE, VERSION_HEADER } from '../src/versions.ts';

/** docs/api-history.md, made from the list of versions. */
export function historyPage(): string {
  const versions = API_VERSIONS.map(({ version, change }) => `## ${version}\n\n${change}\n`);
  return `# History of the API

Made from \`packages/contract/src/versions.ts\`; \`npx vitest run -u packages/contract\` writes it anew.

A request names the version whose shapes it wants in the header \`${VERSION_HEADER}\`:

    ${VERSION_HEADER}: ${SERVICE_TYPE} ${MAX_VERSION}

\`${SERVICE_TYPE} latest\` is the newest, now ${MAX_VERSION}. Without the header it is ${MIN_VERSION}, the oldest. A
version that is not served is answered with 406 and the range that is. Every answer tells the version it was made in,
and \`Vary: ${VERSION_HEADER}\` keeps caches from mixing them. \`GET /v1/\` tells the range. New routes and new optional
fields of requests come without a version of their own; the OpenAPI document lists what there is.

${versions.join('\n')}`;
}
