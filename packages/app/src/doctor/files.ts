import { type Check, failed, type Finding, ok, warning } from './check.ts';

/** A file or folder, as far as it is looked at. */
export interface FileFacts {
  /** Permission bits. */
  readonly mode: number;
  readonly writable: boolean;
  readonly readable: boolean;
}
/** Null: it is not there. */
export type Look = (path: string) => Promise<FileFacts | null>;

const OTHERS = 0o077;

/** The state folder: there, ours, and nobody else's. */
export function stateDir(path: string, look: Look): Check {
  const subject = 'state folder';
  return {
    subject,
    run: async () => {
      const facts = await look(path);
      if (!facts) return [ok(subject, `${path} is not there yet; a daemon makes it when it starts`)];
      if (!facts.writable)
        return [
          failed(
            subject,
            `${path} cannot be written by this user`,
            'Give it to the user that daemons run as: chown guts FOLDER; or name another by state_dir.',
          ),
        ];
      if ((facts.mode & OTHERS) !== 0)
        return [warning(subject, `${path} is open to other users`, `Close it: chmod 700 ${path}`)];
      return [ok(subject, path)];
    },
  };
}

/** A file that only its owner may read. @param missing what is to be said when it is not there */
export function privateFile(subject: string, path: string, missing: Finding, look: Look): Check {
  return {
    subject,
    run: async () => {
      const facts = await look(path);
      if (!facts) return [missing];
      if (!facts.readable)
        return [
          failed(subject, `${path} cannot be read by this user`, 'Run as the user that daemons run as.'),
        ];
      if ((facts.mode & OTHERS) !== 0)
        return [warning(subject, `${path} is open to other users`, `Close it: chmod 600 ${path}`)];
      return [ok(subject, path)];
    },
  };
}
