import type { ServiceUser } from '../wiring/keystone-tokens.ts';
import { type Check, failed, type Finding, ok, warning } from './check.ts';

/** One of them is needed to ask Keystone about the tokens of others (Keystone's policy `identity:validate_token`). */
const ROLES = ['service', 'admin'];

/** The Keystone that knows callers of guts-api. @param serviceUser logs it in; throws why it cannot */
export function keystone(serviceUser: () => Promise<ServiceUser>): Check {
  const subject = 'Keystone';
  return {
    subject,
    run: async () => {
      const { authUrl, name, project, roles, insecure } = await serviceUser();
      const who = `${name} of project ${project}`;
      const findings: Finding[] = [
        roles.some((role) => ROLES.includes(role))
          ? ok(subject, `${authUrl}: ${who} logs in`)
          : failed(
              subject,
              `${authUrl}: ${who} logs in, but has none of the roles ${ROLES.join(', ')}: it may not check tokens`,
              `openstack role add --project ${project} --user ${name} service`,
            ),
      ];
      if (insecure)
        findings.push(
          warning(
            subject,
            'its certificate is not checked (insecure)',
            'Name its authority by cacert in clouds.yaml, and leave insecure out.',
          ),
        );
      return findings;
    },
  };
}
