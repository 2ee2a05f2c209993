import {
  Checkbox,
  ExpandableSection,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  TextArea,
  TextInput,
} from '@patternfly/react-core';
import { useState } from 'react';
import { text } from '../text/index.ts';
import type { Fault, Field, Values } from './fields.ts';

interface Props {
  readonly id: string;
  readonly fields: readonly Field[];
  readonly values: Values;
  readonly faults: Readonly<Record<string, Fault>>;
  /** Secrets are there already, and stay when nothing is typed. */
  readonly keeps: boolean;
  readonly onChange: (key: string, value: string | boolean) => void;
}

/** The fields of a form that a driver's schema describes, but for the rare ones. */
export function SchemaFields({ fields, ...rest }: Props) {
  return fields
    .filter((field) => !field.rare)
    .map((field) => <SchemaField key={field.key} field={field} {...rest} />);
}

/** Those that few need, folded away. */
export function RareFields({ fields, ...rest }: Props) {
  const [open, setOpen] = useState(false);
  const rare = fields.filter((field) => field.rare);
  // What is wrong, or was given, is never hidden.
  const needed = rare.some(({ key }) => rest.faults[key] !== undefined);
  if (rare.length === 0) return null;
  return (
    <ExpandableSection
      toggleText={open ? text.endpoints.fewer : text.endpoints.more}
      isExpanded={open || needed}
      onToggle={(_event, expanded) => setOpen(expanded)}
      isIndented
    >
      <div className="guts-fields">
        {rare.map((field) => (
          <SchemaField key={field.key} field={field} {...rest} />
        ))}
      </div>
    </ExpandableSection>
  );
}

function SchemaField({ field, ...props }: Omit<Props, 'fields'> & { readonly field: Field }) {
  const id = `${props.id}-${field.key}`;
  const fault = props.faults[field.key];
  if (field.kind === 'boolean')
    return (
      <Checkbox
        id={id}
        label={field.label}
        {...(field.help === null ? {} : { description: field.help })}
        isChecked={(props.values[field.key] ?? field.preset) === true}
        onChange={(_event, on) => props.onChange(field.key, on)}
      />
    );
  const kept = props.keeps && field.kind === 'secret' ? text.endpoints.secretKept : null;
  const told = faultText(field, fault) ?? kept ?? field.help;
  return (
    <FormGroup label={field.label} isRequired={field.required && kept === null} fieldId={id}>
      <FieldInput {...props} id={id} field={field} invalid={fault !== undefined} />
      {told === null ? null : (
        <FormHelperText>
          <HelperText>
            <HelperTextItem id={`${id}-help`} variant={fault ? 'error' : 'default'}>
              {told}
            </HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}

function faultText({ example, help, label }: Field, fault: Fault | undefined): string | null {
  if (fault === undefined) return null;
  return fault === 'required' ? text.endpoints.required : text.endpoints.pattern(example ?? help ?? label);
}

function FieldInput({
  id,
  field,
  invalid,
  values,
  onChange,
}: Omit<Props, 'fields' | 'id'> & { readonly id: string; readonly field: Field; readonly invalid: boolean }) {
  const value = String(values[field.key] ?? '');
  const common = {
    id,
    value,
    'aria-describedby': `${id}-help`,
    validated: invalid ? ('error' as const) : ('default' as const),
    onChange: (_event: unknown, typed: string) => onChange(field.key, typed),
  };
  if (field.kind === 'choice')
    return (
      <FormSelect {...common} value={value === '' ? (field.preset ?? '') : value}>
        {field.preset === null ? <FormSelectOption value="" label={text.endpoints.choose} /> : null}
        {field.choices.map((choice) => (
          <FormSelectOption key={choice} value={choice} label={choice} />
        ))}
      </FormSelect>
    );
  if (field.kind === 'long') return <TextArea {...common} resizeOrientation="vertical" spellCheck={false} />;
  const types = { secret: 'password', number: 'number', text: 'text' } as const;
  return (
    <TextInput
      {...common}
      type={types[field.kind === 'boolean' ? 'text' : field.kind]}
      isRequired={field.required}
      // Of another place than this one: a browser must not fill in who is logged in here.
      autoComplete={field.kind === 'secret' ? 'new-password' : 'off'}
      spellCheck={false}
    />
  );
}
