import { FLAG, PATH, SERVER_ADDRESS, TEXT } from '../kinds.ts';
import { setting } from '../setting.ts';

/** What other OpenStack services are told. */
export const notifications = {
  notificationsUrl: setting('notifications_url', {
    kind: SERVER_ADDRESS,
    initial: null,
    initially: 'none are sent',
    readBy: ['scheduler'],
    secret: 'password',
    means:
      "the broker that notifications for other OpenStack services go to, such as the cloud's own: `amqp://user@host/vhost` or `amqps://user@host/vhost`; see [notifications.md](notifications.md)",
    example: 'amqps://guts@mq.example.org/openstack',
  }),
  notificationsPasswordFile: setting('notifications_password_file', {
    kind: PATH,
    initial: null,
    readBy: ['scheduler'],
    secret: 'file',
    mustExist: true,
    means: "file whose first line is that broker's password; it wins over one in `notifications_url`",
    example: '/etc/guts/notifications-password',
  }),
  notificationsCaFile: setting('notifications_ca_file', {
    kind: PATH,
    initial: null,
    initially: "the system's",
    readBy: ['scheduler'],
    mustExist: true,
    means: "PEM file of the authorities that that broker's certificate is checked against",
    example: '/etc/guts/mq-ca.pem',
  }),
  notificationsExchange: setting('notifications_exchange', {
    kind: TEXT,
    initial: 'openstack',
    readBy: ['scheduler'],
    means: "the exchange, as consumers' `control_exchange` names it",
  }),
  notificationsTopic: setting('notifications_topic', {
    kind: TEXT,
    initial: 'notifications',
    readBy: ['scheduler'],
    means: "the topic, as consumers' `[oslo_messaging_notifications] topics` names it",
  }),
  notificationsDurable: setting('notifications_durable', {
    kind: FLAG,
    initial: false,
    readBy: ['scheduler'],
    means:
      "exchange and queues outlive the broker: as consumers' `[oslo_messaging_rabbit] amqp_durable_queues`; what is there already is used as it is",
  }),
};
