import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Progress as Bar,
  ProgressMeasureLocation,
  Title,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { text } from '../text/index.ts';
import { limitsQuery } from './queries.ts';

const words = text.workers;
const NAMES = Object.entries(words.limitNames) as [keyof typeof words.limitNames, string][];

/** How much may happen at once, and how much of it is used. */
export function Limits() {
  const { client } = useApp();
  const { data, error } = useQuery(limitsQuery(client));
  if (!data) return error ? <ErrorNote error={error} /> : null;
  const { limits, slots, used } = data;
  const facts: [string, number][] = [
    ...NAMES.map(([key, name]): [string, number] => [name, limits[key]]),
    ...Object.entries(limits.overrides),
  ];
  return (
    <Card>
      <CardTitle component="h2">{words.limits}</CardTitle>
      <CardBody>
        <DescriptionList isHorizontal isCompact horizontalTermWidthModifier={{ default: '22rem' }}>
          {facts.map(([name, limit]) => (
            <DescriptionListGroup key={name}>
              <DescriptionListTerm>{name}</DescriptionListTerm>
              <DescriptionListDescription>{limit === 0 ? words.unlimited : limit}</DescriptionListDescription>
            </DescriptionListGroup>
          ))}
        </DescriptionList>
        <Title headingLevel="h3" size="md" className="guts-gap">
          {words.used}
        </Title>
        <Used name={words.slotsTotal} used={slots.used} limit={slots.total} />
        {used.map((one) => (
          <Used key={one.resource} name={one.resource} used={one.used} limit={one.limit} />
        ))}
      </CardBody>
    </Card>
  );
}

function Used({
  name,
  used,
  limit,
}: {
  readonly name: string;
  readonly used: number;
  readonly limit: number;
}) {
  return (
    <Bar
      className="guts-disk"
      size="sm"
      title={name}
      value={used}
      max={Math.max(1, limit)}
      label={limit === 0 ? `${used}` : words.slotsOf(used, limit)}
      valueText={words.slotsOf(used, limit)}
      measureLocation={ProgressMeasureLocation.outside}
      {...(limit > 0 && used >= limit ? { variant: 'warning' as const } : {})}
    />
  );
}
