import { ApiCallError, type Instance } from '@guts/contract';
import {
  Breadcrumb,
  BreadcrumbItem,
  Button,
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  FormSelect,
  FormSelectOption,
  Label,
  PageSection,
  Title,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { Findings } from '../shared/Findings.tsx';
import { formatBytes, formatSeconds } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { text } from '../text/index.ts';
import { beginDraft } from '../wizard/draft-store.ts';
import { instanceCheckQuery, instanceQuery } from './queries.ts';

const route = getRouteApi('/inventory/$ref');
const words = text.inventory.detail;

/** One machine of a source, and what preflight says of it. */
export function InstanceDetail() {
  const { ref } = route.useParams();
  const { source, destination } = route.useSearch();
  const navigate = useNavigate();
  const may = useMay();
  const { client } = useApp();
  const { data: instance, error } = useQuery(instanceQuery(client, source, ref));
  if (!instance) {
    if (!error) return <Loading />;
    const gone = error instanceof ApiCallError && error.status === 404;
    return <ErrorNote error={error} {...(gone ? { title: text.errors.gone } : {})} />;
  }
  const migrate = (): void => {
    const draft = beginDraft({
      source,
      instances: [ref],
      ...(destination === undefined ? {} : { destination }),
    });
    void navigate({ to: '/new', search: { draft, step: 'destination' } });
  };
  return (
    <>
      <PageSection type="breadcrumb">
        <Breadcrumb>
          <BreadcrumbItem
            render={({ className }) => (
              <Link to="/inventory" search={{ source }} className={className}>
                {text.inventory.title}
              </Link>
            )}
          />
          <BreadcrumbItem isActive>{instance.name}</BreadcrumbItem>
        </Breadcrumb>
      </PageSection>
      <PageSection className="guts-head">
        <Title headingLevel="h1" className="guts-name">
          {instance.name}{' '}
          <Label isCompact color={instance.power_state === 'on' ? 'green' : 'grey'}>
            {text.inventory.powers[instance.power_state]}
          </Label>
        </Title>
        {may('migrations:create') ? <Button onClick={migrate}>{text.inventory.migrateOne}</Button> : null}
      </PageSection>
      <PageSection isFilled>
        <div className="guts-report">
          <Preflight source={source} instance={instance} destination={destination ?? null} />
          <Hardware instance={instance} />
          <Disks instance={instance} />
          <Nics instance={instance} />
        </div>
      </PageSection>
    </>
  );
}

function Preflight({
  source,
  instance,
  destination,
}: {
  readonly source: string;
  readonly instance: Instance;
  readonly destination: string | null;
}) {
  const { client } = useApp();
  const navigate = route.useNavigate();
  const destinations = useQuery(endpointsQuery(client, 'destination')).data ?? [];
  const { data, error } = useQuery(instanceCheckQuery(client, source, instance.ref, destination));
  return (
    <Card>
      <CardTitle component="h2">{words.findings}</CardTitle>
      <CardBody>
        <div className="guts-inline guts-gap">
          <label htmlFor="check-destination">{words.against}</label>
          <FormSelect
            id="check-destination"
            value={destination ?? ''}
            onChange={(_event, name) =>
              void navigate({
                // Told: somebody may be on the way to elsewhere, where there is none.
                params: { ref: instance.ref },
                search: { source, ...(name === '' ? {} : { destination: name }) },
                replace: true,
              })
            }
          >
            <FormSelectOption value="" label={words.alone} />
            {destinations.map(({ id, name }) => (
              <FormSelectOption key={id} value={name} label={name} />
            ))}
          </FormSelect>
        </div>
        {error ? <ErrorNote error={error} /> : null}
        {data ? (
          <>
            {data.check.findings.length === 0 ? (
              words.noFindings
            ) : (
              <Findings findings={data.check.findings} />
            )}
            {data.check.plan ? (
              <p className="guts-gap">
                <strong>{`${words.flavor}: `}</strong>
                {`${data.check.plan.flavor.name} (${data.check.plan.flavor.reason})`}
              </p>
            ) : null}
            <p className="guts-quiet">
              {`${words.prediction} ${formatSeconds(data.check.prediction.seconds)}. `}
              {data.not_asked.length === 0 ? null : words.notAsked(data.not_asked.length)}
            </p>
          </>
        ) : null}
      </CardBody>
    </Card>
  );
}

function trackingOf({ change_tracking: { supported, enabled } }: Instance): string {
  if (!supported) return words.tracking.none;
  return enabled ? words.tracking.on : words.tracking.off;
}

function Hardware({ instance }: { readonly instance: Instance }) {
  const firmware = [
    instance.firmware.toUpperCase(),
    instance.secure_boot ? words.secureBoot : null,
    instance.tpm ? words.tpm : null,
  ];
  const facts: readonly (readonly [string, string])[] = [
    [words.cpus, String(instance.cpus)],
    [words.memory, formatBytes(instance.memory_mib * 2 ** 20)],
    [words.firmware, firmware.filter((part) => part !== null).join(', ')],
    [words.guest, instance.guest_name ?? text.inventory.guests[instance.os_type]],
    [words.tools, instance.tools_running ? words.toolsRunning : words.toolsNot],
    [words.snapshots, String(instance.snapshot_count)],
    [words.changeTracking, trackingOf(instance)],
    [words.host, instance.host_name ?? text.nothing],
    [words.path, instance.path.replaceAll('%2f', '/')],
    [words.uuid, instance.uuid ?? text.nothing],
    [words.ref, instance.ref],
  ];
  return (
    <Card>
      <CardTitle component="h2">{words.hardware}</CardTitle>
      <CardBody>
        {instance.template ? <p>{words.template}</p> : null}
        {instance.encrypted ? <p>{words.encrypted}</p> : null}
        <DescriptionList isHorizontal isCompact columnModifier={{ default: '1Col', xl: '2Col' }}>
          {facts.map(([term, fact]) => (
            <DescriptionListGroup key={term}>
              <DescriptionListTerm>{term}</DescriptionListTerm>
              <DescriptionListDescription className="guts-breaks">{fact}</DescriptionListDescription>
            </DescriptionListGroup>
          ))}
        </DescriptionList>
      </CardBody>
    </Card>
  );
}

function Disks({ instance: { disks, boot_disk_key: boot } }: { readonly instance: Instance }) {
  return (
    <Card>
      <CardTitle component="h2">{words.disks}</CardTitle>
      <CardBody>
        <Table aria-label={words.disks} variant="compact" gridBreakPoint="">
          <Thead>
            <Tr>
              {[words.disk, words.size, words.controller, words.datastore, words.file].map((title) => (
                <Th key={title}>{title}</Th>
              ))}
            </Tr>
          </Thead>
          <Tbody>
            {disks.map((disk) => (
              <Tr key={disk.key}>
                <Td dataLabel={words.disk}>
                  {disk.label} {disk.key === boot ? <Label isCompact>{words.boot}</Label> : null}
                </Td>
                <Td dataLabel={words.size}>{formatBytes(disk.capacity_bytes)}</Td>
                <Td dataLabel={words.controller}>{`${disk.bus} · ${disk.controller}`}</Td>
                <Td dataLabel={words.datastore}>{disk.datastore_name ?? text.nothing}</Td>
                <Td dataLabel={words.file} modifier="breakWord">
                  {disk.path ?? text.nothing}
                </Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      </CardBody>
    </Card>
  );
}

function Nics({ instance: { nics } }: { readonly instance: Instance }) {
  return (
    <Card>
      <CardTitle component="h2">{words.nics}</CardTitle>
      <CardBody>
        <Table aria-label={words.nics} variant="compact" gridBreakPoint="">
          <Thead>
            <Tr>
              {[words.nic, words.mac, words.model, words.network, words.addresses].map((title) => (
                <Th key={title}>{title}</Th>
              ))}
            </Tr>
          </Thead>
          <Tbody>
            {nics.map((nic) => (
              <Tr key={nic.key}>
                <Td dataLabel={words.nic}>{nic.label}</Td>
                <Td dataLabel={words.mac}>{nic.mac}</Td>
                <Td dataLabel={words.model}>{nic.model}</Td>
                <Td dataLabel={words.network}>{nic.network_name ?? text.nothing}</Td>
                <Td dataLabel={words.addresses}>
                  {nic.addresses.map(({ address, prefix }) => `${address}/${prefix}`).join(', ') ||
                    text.nothing}
                </Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      </CardBody>
    </Card>
  );
}
