import type { ErrorCode } from '@guts/core';

/** What a code means, and what to do; an error itself often says more exactly what. */
export const ERROR_CATALOGUE: Readonly<
  Record<ErrorCode, { readonly meaning: string; readonly remedy: string }>
> = {
  bad_request: {
    meaning:
      'The request is not what this call takes: `field` names what is wrong. Also answered with 405 (the path does not take this method), 414 and 415.',
    remedy: 'Compare it with the OpenAPI document, and mend the field.',
  },
  unauthorized: {
    meaning:
      'The request has no token, or one that is not valid (any more); or a login, a session of the dashboard or a ticket is refused.',
    remedy: 'Send a valid token in `X-Auth-Token`; on the dashboard, sign in (again).',
  },
  forbidden: {
    meaning:
      "The token is valid but may not do this: its role or its project is another one. Also a change with the dashboard's cookie that lacks `X-CSRF-Token` (`field` names it), or a page of another origin than a ticket's.",
    remedy: 'Ask with a token of the right project and role, or have the role given.',
  },
  not_found: {
    meaning: 'There is nothing of that id or name in this project; what was deleted is gone.',
    remedy: 'List what there is. If it is an instance, refresh its source.',
  },
  ambiguous: {
    meaning: 'The name fits several; `details.candidates` lists them.',
    remedy: 'Name one by its path, ref or id.',
  },
  conflict: {
    meaning:
      'It cannot be done in the state that things are in: a name is taken, something is in use, or a migration does not take this action now (`details.actions` tells what it takes).',
    remedy: 'Look at it again; free what is in use, or ask for what it takes.',
  },
  version_unsupported: {
    meaning: 'The microversion in `OpenStack-API-Version` is not served; `details` has the range that is.',
    remedy: 'Ask for one within the range, or `latest`.',
  },
  idempotency_mismatch: {
    meaning: 'The `Idempotency-Key` was used within the last day for another request.',
    remedy: 'Use a new key for a new request, or send the very same request.',
  },
  rate_limited: {
    meaning: 'This caller asks more often than is allowed.',
    remedy: 'Wait as long as `Retry-After` says; ask for many things at once rather than one by one.',
  },
  too_large: {
    meaning: 'The body or the headers of the request are longer than is taken.',
    remedy: 'Send less at once; `GET /v1/limits` tells how much is taken.',
  },
  lease_lost: {
    meaning: 'A worker lost its right to a migration or operation; another one goes on with it.',
    remedy: 'Nothing: it goes on. If it happens often, see whether workers reach the database in time.',
  },
  preflight_blocked: {
    meaning: 'Preflight found what stands in the way of the migration; `details.findings` lists it.',
    remedy: 'Mend each blocker as its finding says, then retry.',
  },
  source_unreachable: {
    meaning: 'The vCenter or an ESXi host does not answer.',
    remedy: 'See that it runs and that the workers reach it on port 443.',
  },
  source_untrusted: {
    meaning: 'The certificate of the source is not one that is trusted.',
    remedy: 'Name the authority that signed it, or pin its fingerprint.',
  },
  source_login: {
    meaning: 'The source refused the user name or password.',
    remedy: 'Give the source the right credential, then validate it.',
  },
  source_fault: {
    meaning: 'The source refused or failed a call; the message has its own words.',
    remedy: 'See what the source says of it in its own log; validate the source to find missing privileges.',
  },
  source_power: {
    meaning:
      'The instance is not in the power state that the step needs, and the policy forbids to change it.',
    remedy: 'Shut the guest down, or choose another power policy.',
  },
  destination_unreachable: {
    meaning: 'Keystone or a service of the cloud does not answer.',
    remedy: 'See that it runs and that the workers reach its endpoints.',
  },
  destination_untrusted: {
    meaning: 'The certificate of the cloud is not one that is trusted.',
    remedy: 'Name the authority that signed it.',
  },
  destination_login: {
    meaning: 'Keystone refused the credential, or the scope that it was asked for.',
    remedy: 'Give the destination the right credential, then validate it.',
  },
  destination_refused: {
    meaning: 'The cloud refused a request for good: what was asked is not allowed or not possible there.',
    remedy: 'Read its words in the message; change the mapping, the flavor or the policy of the cloud.',
  },
  destination_quota: {
    meaning: 'The quota of the target project has no room.',
    remedy: 'Raise the quota or free some of it, then retry.',
  },
  destination_fault: {
    meaning: 'A service of the cloud failed; the message has its request id.',
    remedy: 'Find the request id in the log of that service; retry when it is well.',
  },
  disk_corrupt: {
    meaning: 'What was read of a disk is not what such a disk holds: broken headers, lengths or checks.',
    remedy: 'Retry; if it stays, look at the datastore of the source.',
  },
  disk_mismatch: {
    meaning: 'The destination does not hold the bytes that were read from the source.',
    remedy: 'Retry: the disk is copied anew. If it stays, look at the storage of the destination.',
  },
  disk_transport: {
    meaning: 'The way on which a disk is read or written broke.',
    remedy: 'Retry: it goes on from the last checkpoint where both ends allow.',
  },
  boot_not_proven: {
    meaning: 'The guest was not seen to boot, and the policy asks for proof.',
    remedy: "Look at the server's console; then retry, revert, or let the policy only report it.",
  },
  unsupported: {
    meaning: 'This version does not do that.',
    remedy: 'The message says what it does instead.',
  },
  cancelled: { meaning: 'It was cancelled.', remedy: 'Retry it if it is wanted after all.' },
  cancel_requested: {
    meaning: 'A cancel was asked for while a step was about to end.',
    remedy: 'Nothing: what was made is removed.',
  },
  configuration: {
    meaning: 'A setting of the daemon is wrong; the message names it.',
    remedy: 'Mend the setting and start the daemon again.',
  },
  fault_injected: {
    meaning: 'A test asked for this failure.',
    remedy: 'Start the daemon without fault injection.',
  },
  database_unavailable: {
    meaning: 'The database does not answer, or is busy for too long.',
    remedy: 'Ask again after `Retry-After`; see that the database runs and is reached.',
  },
  identity_unavailable: {
    meaning:
      'Keystone does not answer, so that tokens cannot be checked; those checked a moment ago still serve.',
    remedy:
      'Ask again after `Retry-After`; see that Keystone runs and that the service user of guts-api may log in.',
  },
  bus_unavailable: {
    meaning: 'The message broker does not answer.',
    remedy: 'Nothing is lost: work is found by polling. See that the broker runs.',
  },
  internal: {
    meaning: 'GUTS met an error of its own.',
    remedy: 'Look for the request id in its log, and report it.',
  },
};
