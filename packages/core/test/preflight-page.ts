import { RULE_AREAS } from '../src/preflight/catalogue.ts';
import type { Need } from '../src/preflight/rule.ts';

const NEEDS: Readonly<Record<Need, string>> = {
  instance: 'the inventory',
  destination: 'the inventory and a destination as last refreshed',
  ports: 'the destination itself: the ports it has now',
  source: 'the source itself, from where the worker runs',
  many: 'many instances together, and a destination as last refreshed',
};

/** Rules that others have and GUTS has not, with the reason. */
const LEFT_OUT: readonly (readonly [rule: string, why: string])[] = [
  [
    'free space in guest file systems',
    'only a conversion writes into the guest; GUTS copies disks as they are, and what the conversion needs it will ask for',
  ],
  [
    'lists of supported operating systems',
    'a guest keeps hardware that it knows; what changes is told per bus and NIC model, whatever the system',
  ],
  ['host names that are empty or a default', 'nothing at the destination is named after them'],
  [
    'DRS, DPM, host and NUMA affinity',
    'no source is bound to a host while it is copied: a move of the machine ends an export, which is then begun again',
  ],
  ['names as DNS labels', 'OpenStack takes almost any name; what it does not take is made valid and told'],
  [
    'versions of VDDK',
    'no VDDK is needed; of one that is used, the library itself is asked whether it loads',
  ],
];

/** docs/preflight.md, made from the catalogue of rules. */
export function preflightPage(): string {
  const areas = RULE_AREAS.map(({ name, rules }) => {
    const entries = rules.map(
      (rule) =>
        `### ${rule.id}\n\n**${rule.title}** (${rule.severities.join(', or ')}; asked of ${NEEDS[rule.needs]})\n\n${rule.explanation}\n\n**What to do:** ${rule.remedy}\n`,
    );
    return `## ${name}\n\n${entries.join('\n')}`;
  });
  const left = LEFT_OUT.map(([rule, why]) => `- **${rule}**: ${why}.`);
  return `# Preflight

Made from the rules in \`packages/core/src/preflight/rules\`; \`npx vitest run packages/core -u\` writes it anew.

Preflight says what will go wrong before a byte moves. One engine asks every rule: the worker before each migration,
guts-api for \`guts instance check\` and for \`--dry-run\`, \`guts migrate --dry-run\` by itself. A finding has one of
three severities:

| severity    | means                                                                 |
| ----------- | --------------------------------------------------------------------- |
| blocker     | it cannot be moved so: a migration ends here, and nothing was touched |
| warning     | it can be moved, and something may not work, or not as before         |
| information | nothing is wrong; it is better known                                  |

What cannot be told is said to be unknown (\`unknown: true\`, "not known"): silence of a rule means that it looked and found
nothing. guts-api opens no connection. It decides from what was refreshed last, and names the rules that it could
not ask; the worker asks them.

    guts instance check web01 --source vc                       # alone
    guts instance check --all --source vc --destination cloud --network private --severity blocker
    guts instance check --all --source vc --destination cloud --mapping prod -f csv > findings.csv
    guts instance check --all --source vc --by-instance -f json
    guts instance check --rules                                 # this page, as a list
    guts migration create web01 --source vc --destination cloud --network private --dry-run

\`guts instance check\` and dry runs end with 6 when something is blocked, with 0 when nothing is.
In the API: \`GET /v1/instances/{ref}/preflight\`, \`POST /v1/preflight\` (page by page), \`POST /v1/preflight/summary\` (counts, and
what all take together), \`GET /v1/preflight/rules\`, and \`dry_run\` of \`POST /v1/migrations\` and of \`/bulk\`.

${areas.join('\n')}
## Left out

${left.join('\n')}
`;
}
