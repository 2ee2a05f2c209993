import { Card, CardBody, CardTitle, Title } from '@patternfly/react-core';
import type { LoginWay } from '../api/session.ts';
import icon from '../shell/icon.svg';
import { text } from '../text/index.ts';
import { LinkLogin } from './LinkLogin.tsx';
import { LoginForm } from './LoginForm.tsx';

/** The first thing that one sees who has no session. */
export function LoginScreen({
  ways,
  linkCode,
}: {
  readonly ways: readonly LoginWay[];
  readonly linkCode: string | null;
}) {
  const byLink = ways.includes('link');
  return (
    <main className="guts-login">
      <Card className="guts-login-card">
        <CardTitle>
          <img src={icon} alt="" width={40} height={40} />
          <Title headingLevel="h1" size="xl">
            {byLink ? text.login.linkTitle : text.login.title}
          </Title>
        </CardTitle>
        <CardBody>{byLink ? <LinkLogin code={linkCode} /> : <LoginForm ways={ways} />}</CardBody>
      </Card>
    </main>
  );
}
