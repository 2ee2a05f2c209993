import type { InstanceCheck } from '@guts/contract';
import { Label } from '@patternfly/react-core';
import { text } from '../text/index.ts';

type Finding = Pick<
  InstanceCheck['findings'][number],
  'severity' | 'code' | 'message' | 'remedy' | 'subject'
>;
const STATUS = { blocker: 'danger', warning: 'warning', information: 'info' } as const;
const RANK = { blocker: 0, warning: 1, information: 2 } as const;

/** What a check has to say, the gravest first, each with what to do. */
export function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <ul className="guts-findings">
      {[...findings]
        .sort((a, b) => RANK[a.severity] - RANK[b.severity])
        .map((finding, at) => (
          // Two of the same rule differ by their subject at most.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={`${finding.code}-${at}`}>
            <Label isCompact status={STATUS[finding.severity]}>
              {text.migrations.severities[finding.severity]}
            </Label>
            <div>
              <div>{finding.message}</div>
              {finding.remedy === undefined ? null : <div>{finding.remedy}</div>}
              <div className="guts-quiet">
                {[finding.code, finding.subject].filter((part) => part !== undefined).join(' · ')}
              </div>
            </div>
          </li>
        ))}
    </ul>
  );
}
