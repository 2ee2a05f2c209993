"""A consumer of notifications by oslo.messaging itself: one JSON line for each that came, with the level it came at.

oslo-consumer.py EXCHANGE TOPIC [durable], with the broker's address in OSLO_URL: it holds a password
"""
import json
import os
import sys
import threading

import oslo_messaging
from oslo_config import cfg


class Endpoint:
    def __init__(self, level, lock):
        self.level, self.lock = level, lock

    def _tell(self, ctxt, publisher_id, event_type, payload, metadata):
        with self.lock:
            print(json.dumps({'level': self.level, 'context': ctxt, 'publisher_id': publisher_id,
                              'event_type': event_type, 'payload': payload, 'metadata': metadata}), flush=True)


class Info(Endpoint):
    def info(self, *told):
        self._tell(*told)


class Error(Endpoint):
    def error(self, *told):
        self._tell(*told)


def main():
    exchange, topic, *durable = sys.argv[1:]
    conf = cfg.ConfigOpts()
    conf([])
    transport = oslo_messaging.get_notification_transport(conf, url=os.environ['OSLO_URL'])
    conf.set_override('amqp_durable_queues', bool(durable), group='oslo_messaging_rabbit')
    conf.set_override('heartbeat_timeout_threshold', 0, group='oslo_messaging_rabbit')
    lock = threading.Lock()
    listener = oslo_messaging.get_notification_listener(
        transport, [oslo_messaging.Target(exchange=exchange, topic=topic)],
        [Info('info', lock), Error('error', lock)], executor='threading')
    conf.set_override('executor_thread_pool_size', 1)  # several threads would tell them out of order
    listener.start()
    sys.stdin.read()  # until whoever started it closes this
    listener.stop()
    listener.wait()


main()
