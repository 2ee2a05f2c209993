import {
  Alert,
  Button,
  Card,
  CardBody,
  Nav,
  NavItem,
  NavList,
  PageSection,
  Title,
} from '@patternfly/react-core';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { text } from '../text/index.ts';
import { DestinationStep } from './DestinationStep.tsx';
import { type Draft, EMPTY_DRAFT, missingOf, STEPS, type WizardStep } from './draft.ts';
import { beginDraft, forgetDraft, unfinishedDraft, useDraft } from './draft-store.ts';
import { MachinesStep } from './MachinesStep.tsx';
import { NetworkStep } from './NetworkStep.tsx';
import { OptionsStep } from './OptionsStep.tsx';
import { PreflightPanel } from './PreflightPanel.tsx';
import { ReviewStep } from './ReviewStep.tsx';
import { StorageStep } from './StorageStep.tsx';

const route = getRouteApi('/new');
const words = text.wizard;

export interface StepProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
}
const PARTS: Readonly<Record<Exclude<WizardStep, 'review'>, (props: StepProps) => ReactNode>> = {
  machines: MachinesStep,
  destination: DestinationStep,
  network: NetworkStep,
  storage: StorageStep,
  options: OptionsStep,
};

/** Puts a migration together, step by step. Where one is stands in the address; what was chosen is kept. */
export function Wizard() {
  const { draft: id } = route.useSearch();
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{words.title}</Title>
        <p className="guts-quiet">{words.kept}</p>
      </PageSection>
      {id === undefined ? <Begin /> : <OfDraft key={id} id={id} />}
    </>
  );
}

/** Without a draft: goes on with the one that was left, or begins one. */
function Begin() {
  const navigate = route.useNavigate();
  const [left, setLeft] = useState(() => unfinishedDraft());
  useEffect(() => {
    if (left === null) void navigate({ search: { draft: beginDraft(EMPTY_DRAFT) }, replace: true });
  }, [left, navigate]);
  if (left === null) return null;
  const resume = (): void => void navigate({ search: { draft: left.id }, replace: true });
  const forget = (): void => {
    forgetDraft(left.id);
    setLeft(null);
  };
  return (
    <PageSection>
      <Alert
        variant="info"
        isInline
        title={words.resume(left.draft.instances.length, left.draft.source)}
        actionLinks={
          <>
            <Button onClick={resume}>{words.resumeYes}</Button>
            <Button variant="link" onClick={forget}>
              {words.resumeNo}
            </Button>
          </>
        }
      />
    </PageSection>
  );
}

function OfDraft({ id }: { readonly id: string }) {
  const { step = 'machines' } = route.useSearch();
  const navigate = route.useNavigate();
  const [draft, change] = useDraft(id);
  const missing = missingOf(draft);
  const at = STEPS.indexOf(step);
  const go = (to: WizardStep): void => void navigate({ search: { draft: id, step: to } });
  const Part = step === 'review' ? null : PARTS[step];
  const before = STEPS[at - 1];
  const after = STEPS[at + 1];
  return (
    <PageSection isFilled className="guts-wizard-section">
      <div className="guts-wizard">
        <Nav aria-label={words.stepsLabel}>
          <NavList>
            {STEPS.map((one, index) => (
              <NavItem
                key={one}
                itemId={one}
                isActive={one === step}
                component="button"
                aria-current={one === step ? 'step' : false}
                onClick={() => go(one)}
              >
                {`${index + 1}. ${words.steps[one]}`}
                {missing.has(one) && index < at ? (
                  <span className="guts-missing">{words.missing}</span>
                ) : null}
              </NavItem>
            ))}
          </NavList>
        </Nav>
        <div>
          <Title headingLevel="h2" className="guts-step-title">
            {words.steps[step]}
          </Title>
          {Part ? <Part draft={draft} change={change} /> : <ReviewStep id={id} draft={draft} />}
          {step === 'review' ? null : (
            <div className="guts-steps-foot">
              {after ? (
                <Button isDisabled={missing.has(step)} onClick={() => go(after)}>
                  {text.next}
                </Button>
              ) : null}
              {before ? (
                <Button variant="secondary" onClick={() => go(before)}>
                  {text.back}
                </Button>
              ) : null}
            </div>
          )}
        </div>
        <Card className="guts-preflight" isCompact>
          <CardBody>
            <PreflightPanel draft={draft} />
          </CardBody>
        </Card>
      </div>
    </PageSection>
  );
}
