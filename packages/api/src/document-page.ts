/** The parts of an OpenAPI document that the page shows. */
interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: unknown;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> };
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }>
  >;
}
export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const html = (text: string): string => text.replaceAll(/[&<>"]/g, (one) => ESCAPES[one] ?? one);
const schemaOf = (title: string, schema: unknown): string =>
  schema === undefined
    ? ''
    : `<details><summary>${html(title)}</summary><pre>${html(JSON.stringify(schema, null, 2))}</pre></details>`;

function operationHtml(method: string, path: string, operation: Operation): string {
  const { operationId = '', summary = '', description = '', parameters = [] } = operation;
  const rows = parameters.map(
    (one) =>
      `<tr><td><code>${html(one.name)}</code></td><td>${html(one.in)}${one.required ? ', needed' : ''}</td><td>${html(
        one.description ?? '',
      )}</td></tr>`,
  );
  const answers = Object.entries(operation.responses ?? {}).map(([status, { content }]) =>
    schemaOf(`Answer ${status}`, Object.values(content ?? {})[0]?.schema),
  );
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  return `<article id="${html(operationId)}"><h3><code>${method.toUpperCase()} ${html(path)}</code></h3>
<p>${html(summary)}${description === '' ? '' : `. ${html(description)}`}</p>
${rows.length === 0 ? '' : `<table><thead><tr><th>parameter</th><th>in</th><th>means</th></tr></thead><tbody>${rows.join('')}</tbody></table>`}
${schemaOf('Body', body)}${answers.join('')}</article>`;
}

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
article{border-top:1px solid #8886;padding:.5rem 0}pre{overflow:auto;max-height:30rem}table{border-collapse:collapse}
td,th{text-align:left;padding:.1rem 1rem .1rem 0;vertical-align:top}`;
/** Nothing is loaded from anywhere, nothing runs. */
export const DOCUMENT_PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The OpenAPI document as a page for people: whole in itself, without a script. */
export function documentPage({ info, paths = {} }: OpenApi): string {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(all.map(({ operation }) => operation.tags?.[0] ?? 'other'))].toSorted();
  const sections = tags.map((tag) => {
    const own = all.filter(({ operation }) => (operation.tags?.[0] ?? 'other') === tag);
    const articles = own.map(({ path, method, operation }) => operationHtml(method, path, operation));
    return `<section><h2 id="${html(tag)}">${html(tag)}</h2>${articles.join('\n')}</section>`;
  });
  const menu = tags.map((tag) => `<a href="#${html(tag)}">${html(tag)}</a>`).join(' · ');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${html(info.title)} API</title><style>${STYLE}</style></head>
<body><h1>${html(info.title)} API ${html(info.version)}</h1>
<p>The same for machines: <a href="openapi.json">openapi.json</a>. Requests need a token in <code>X-Auth-Token</code>.</p>
<nav>${menu}</nav>${sections.join('\n')}</body></html>
`;
}
