import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { postgresBroker } from '@statewire/broker-postgres';
import { redisBroker } from '@statewire/broker-redis';
import { type Broker, RealtimeModule } from '@statewire/nest';

import { ReceivedMessages } from '../node-report.js';
import { paced, windowed } from '../pace.js';
import type { BrokerRole, PublishCommand } from '../role.js';
import { battleTexts, stamped } from '../texts.js';

/** Nodes of an application that use the broker of Redis or PostgreSQL through the contract of a broker. */
export async function start({ url }: { url: string }): Promise<BrokerRole> {
  const broker = await brokerOf(url);
  const texts = battleTexts();
  const received = new ReceivedMessages();
  const newest = new Map<string, string>();
  let sent = 0;
  let resumed = 0;

  const publish = (topics: number) => (index: number) => {
    const topic = `battles/${index % topics}`;
    const { data, delta } = texts[Math.floor(index / topics) % texts.length]!;
    const base = newest.get(topic);
    const id = `${process.pid.toString(36)}${(sent += 1).toString(36)}`;
    newest.set(topic, id);
    const whole = stamped(data);
    // The age of the delta is measured, so its time is that of the call.
    const patch = base === undefined ? undefined : { patch: { base, delta: stamped(delta) } };
    return broker.publish(topic, { kind: 'state', id, data: whole, ...patch });
  };

  return {
    follow: async (topics: number) => {
      await Promise.all(
        Array.from({ length: topics }, (_, index) =>
          broker.listen(`battles/${index}`, (message) => {
            if (message.type === 'publication')
              received.add(message.publication.delta ?? message.publication.data ?? '');
            if (message.type === 'resumed') resumed += 1;
          }),
        ),
      );
    },
    publish: ({ topics, count, window, perSecond }: PublishCommand) =>
      perSecond === undefined
        ? windowed(count, window ?? 1, publish(topics))
        : paced(count, perSecond, publish(topics)),
    reset: () => received.reset(),
    report: () => received.report(),
    resumed: () => resumed,
  };
}

/** The broker of an application, which makes it with its own options. */
async function brokerOf(url: string): Promise<Broker> {
  let broker: Broker | undefined;
  const connect = url.startsWith('postgres') ? postgresBroker({ connectionString: url }) : redisBroker({ url });

  @Module({
    imports: [RealtimeModule.forRoot({ broker: async (context) => (broker = await connect(context)) })],
  })
  class NodeModule {}

  await NestFactory.createApplicationContext(NodeModule, { logger: ['error'] });
  if (!broker) throw new Error('The application started without its broker.');
  return broker;
}
