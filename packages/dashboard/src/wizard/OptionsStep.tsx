import {
  Checkbox,
  Form,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  TextInput,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { text } from '../text/index.ts';
import {
  bootPatternFault,
  type Draft,
  isAskable,
  isBootSecondsWrong,
  MOST_BOOT_SECONDS,
  sharedBody,
} from './draft.ts';
import { checksQuery, flavorsQuery } from './queries.ts';
import type { StepProps } from './Wizard.tsx';

const words = text.wizard;

/** How the machines are moved. */
export function OptionsStep({ draft, change }: StepProps) {
  const choose = <K extends keyof Draft>(
    key: K,
    label: string,
    options: Readonly<Record<Draft[K] & string, string>>,
  ) => (
    <FormGroup label={label} fieldId={`option-${key}`}>
      <FormSelect
        id={`option-${key}`}
        value={draft[key]}
        onChange={(_event, value) => change({ [key]: value })}
      >
        {Object.entries<string>(options).map(([value, name]) => (
          <FormSelectOption key={value} value={value} label={name} />
        ))}
      </FormSelect>
    </FormGroup>
  );
  const type = (key: 'availabilityZone' | 'securityGroups', label: string, help: string | null) => (
    <FormGroup label={label} fieldId={`option-${key}`}>
      <TextInput
        id={`option-${key}`}
        value={draft[key]}
        autoComplete="off"
        onChange={(_event, value) => change({ [key]: value })}
      />
      {help === null ? null : <Help>{help}</Help>}
    </FormGroup>
  );
  return (
    <Form onSubmit={(event) => event.preventDefault()} isWidthLimited>
      <Flavor draft={draft} change={change} />
      <Checkbox
        id="keep-mac"
        label={words.keepMac}
        isChecked={draft.keepMac}
        onChange={(_event, keepMac) => change({ keepMac })}
      />
      <Checkbox
        id="keep-ip"
        label={words.keepIp}
        isChecked={draft.keepIp}
        onChange={(_event, keepIp) => change({ keepIp })}
      />
      {choose('power', words.power, words.powers)}
      {choose('verifyData', words.verifyData, words.verifyDatas)}
      {choose('verifyBoot', words.verifyBoot, words.verifyBoots)}
      {draft.verifyBoot === 'off' ? null : <BootProof draft={draft} change={change} />}
      {choose('onFailure', words.onFailure, words.onFailures)}
      {choose('commit', words.commit, words.commits)}
      {choose('transport', words.transport, words.transports)}
      {type('availabilityZone', words.zone, null)}
      {type('securityGroups', words.groups, words.groupsHelp)}
    </Form>
  );
}

function Help({ children }: { readonly children: string }) {
  return (
    <FormHelperText>
      <HelperText>
        <HelperTextItem>{children}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}

/** By what a boot is told, and how long it may take. */
function BootProof({ draft, change }: StepProps) {
  const fault = bootPatternFault(draft);
  const wrong = isBootSecondsWrong(draft);
  return (
    <>
      <Checked
        id="option-bootPattern"
        label={words.bootPattern}
        help={words.bootPatternHelp}
        fault={fault}
        value={draft.bootPattern}
        onChange={(bootPattern) => change({ bootPattern })}
      />
      <Checked
        id="option-bootSeconds"
        label={words.bootSeconds}
        help={words.bootSecondsHelp}
        fault={wrong ? words.bootSecondsWrong(MOST_BOOT_SECONDS) : null}
        value={draft.bootSeconds}
        onChange={(bootSeconds) => change({ bootSeconds: bootSeconds.trim() })}
        inputMode="numeric"
      />
    </>
  );
}

function Checked({
  id,
  label,
  help,
  fault,
  value,
  onChange,
  inputMode = 'text',
}: {
  readonly id: string;
  readonly label: string;
  readonly help: string;
  readonly fault: string | null;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly inputMode?: 'text' | 'numeric';
}) {
  return (
    <FormGroup label={label} fieldId={id}>
      <TextInput
        id={id}
        value={value}
        autoComplete="off"
        spellCheck={false}
        inputMode={inputMode}
        aria-describedby={`${id}-help`}
        validated={fault === null ? 'default' : 'error'}
        onChange={(_event, typed) => onChange(typed)}
      />
      <FormHelperText>
        <HelperText>
          <HelperTextItem id={`${id}-help`} variant={fault === null ? 'default' : 'error'}>
            {fault ?? help}
          </HelperTextItem>
        </HelperText>
      </FormHelperText>
    </FormGroup>
  );
}

/** Which flavor, and of a single machine why that one. */
function Flavor({ draft, change }: StepProps) {
  const { client } = useApp();
  const destinations = useQuery(endpointsQuery(client, 'destination')).data ?? [];
  const destination = destinations.find(({ name }) => name === draft.destination)?.id ?? '';
  const flavors = useQuery(flavorsQuery(client, destination)).data ?? [];
  const single = draft.instances.length === 1 && isAskable(draft);
  const checks = useQuery({
    ...checksQuery(client, sharedBody(draft), draft.instances),
    enabled: single,
  }).data;
  const plan = single ? checks?.checks[0]?.plan : null;
  return (
    <FormGroup label={words.flavor} fieldId="option-flavor">
      <FormSelect id="option-flavor" value={draft.flavor} onChange={(_event, flavor) => change({ flavor })}>
        <FormSelectOption value="" label={words.smallest} />
        {flavors.map(({ id, name, vcpus, ram_mib: ram, disk_gib: disk }) => (
          <FormSelectOption
            key={id}
            value={name}
            label={`${name} (${vcpus} vCPU, ${ram} MiB, ${disk} GiB)`}
          />
        ))}
      </FormSelect>
      {plan ? <Help>{words.flavorReason(plan.flavor.name, plan.flavor.reason)}</Help> : null}
    </FormGroup>
  );
}
