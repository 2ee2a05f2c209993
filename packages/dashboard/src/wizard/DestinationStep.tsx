import {
  Alert,
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
import { Link } from '@tanstack/react-router';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { text } from '../text/index.ts';
import type { StepProps } from './Wizard.tsx';

const words = text.wizard;

/** Where the machines go. */
export function DestinationStep({ draft, change }: StepProps) {
  const { client } = useApp();
  const { data = [], isSuccess } = useQuery(endpointsQuery(client, 'destination'));
  const chosen = data.find(({ name }) => name === draft.destination);
  return (
    <Form onSubmit={(event) => event.preventDefault()} isWidthLimited>
      {isSuccess && data.length === 0 ? (
        <Alert
          variant="info"
          isInline
          title={text.endpoints.destination.none}
          actionLinks={<Link to="/destinations/new">{text.endpoints.destination.add}</Link>}
        />
      ) : null}
      <FormGroup label={words.destination} isRequired fieldId="wizard-destination">
        <FormSelect
          id="wizard-destination"
          value={draft.destination}
          // What was chosen of another one is not there.
          onChange={(_event, destination) =>
            change({ destination, networks: {}, subnets: {}, nics: {}, datastores: {}, flavor: '' })
          }
        >
          <FormSelectOption value="" label={words.chooseDestination} isPlaceholder />
          {/* What was chosen stays so while the others are still asked for. */}
          {!isSuccess && draft.destination !== '' ? (
            <FormSelectOption value={draft.destination} label={draft.destination} />
          ) : null}
          {data.map(({ id, name }) => (
            <FormSelectOption key={id} value={name} label={name} />
          ))}
        </FormSelect>
      </FormGroup>
      {chosen?.status === 'invalid' ? (
        <Alert variant="warning" isInline title={words.notValid}>
          {chosen.status_reason}
        </Alert>
      ) : null}
      {chosen?.refreshed_at === null ? <Alert variant="warning" isInline title={words.notRefreshed} /> : null}
      <FormGroup label={words.targetProject} fieldId="wizard-project">
        <TextInput
          id="wizard-project"
          value={draft.targetProject}
          autoComplete="off"
          onChange={(_event, targetProject) => change({ targetProject })}
        />
        <FormHelperText>
          <HelperText>
            <HelperTextItem>{words.targetProjectHelp}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
    </Form>
  );
}
