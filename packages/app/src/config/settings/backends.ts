import { join } from 'node:path';
import { PATH, SERVER_ADDRESS } from '../kinds.ts';
import { DAEMONS, EVERY, setting } from '../setting.ts';

/** The database and the bus. */
export const backends = {
  databaseUrl: setting('database_url', {
    kind: SERVER_ADDRESS,
    initial: ({ stateDir }) => `sqlite://${join(stateDir, 'guts.sqlite')}`,
    initially: '`guts.sqlite` in `state_dir`',
    readBy: EVERY,
    secret: 'password',
    everywhere: true,
    means:
      'the database: `postgresql://user@host/db` (`?sslmode=verify-full&sslrootcert=FILE`), `mariadb://user@host/db` (`?ssl-mode=VERIFY_IDENTITY&ssl-ca=FILE`) or `sqlite:///path`, which all daemons of one host may share',
    example: 'postgresql://guts@db.example.org/guts',
  }),
  databasePasswordFile: setting('database_password_file', {
    kind: PATH,
    initial: null,
    readBy: EVERY,
    secret: 'file',
    mustExist: true,
    means: "file whose first line is the database's password; it wins over one in `database_url`",
    example: '/etc/guts/database-password',
  }),
  busUrl: setting('bus_url', {
    kind: SERVER_ADDRESS,
    initial: 'local:',
    readBy: DAEMONS,
    secret: 'password',
    everywhere: true,
    means:
      'the broker: `amqp://user@host/vhost` or `amqps://user@host/vhost`; `local:` is this process alone, and other daemons find work by polling',
    example: 'amqps://guts@mq.example.org/guts',
  }),
  busPasswordFile: setting('bus_password_file', {
    kind: PATH,
    initial: null,
    readBy: DAEMONS,
    secret: 'file',
    mustExist: true,
    means: "file whose first line is the broker's password; it wins over one in `bus_url`",
    example: '/etc/guts/bus-password',
  }),
  busCaFile: setting('bus_ca_file', {
    kind: PATH,
    initial: null,
    initially: "the system's",
    readBy: DAEMONS,
    mustExist: true,
    means: "PEM file of the authorities that the broker's certificate is checked against",
    example: '/etc/guts/mq-ca.pem',
  }),
};
