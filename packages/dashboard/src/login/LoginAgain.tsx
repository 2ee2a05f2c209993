import { Content, Modal, ModalBody, ModalHeader } from '@patternfly/react-core';
import type { LoginWay } from '../api/session.ts';
import { text } from '../text/index.ts';
import { LinkLogin } from './LinkLogin.tsx';
import { LoginForm } from './LoginForm.tsx';

/** Above the app, when its session has ended. */
export function LoginAgain({ ways }: { readonly ways: readonly LoginWay[] }) {
  return (
    <Modal isOpen variant="small" aria-labelledby="login-again">
      <ModalHeader title={text.login.again} labelId="login-again" />
      <ModalBody>
        <Content>
          <p>{text.login.againHelp}</p>
        </Content>
        {ways.includes('link') ? <LinkLogin code={null} /> : <LoginForm ways={ways} />}
      </ModalBody>
    </Modal>
  );
}
