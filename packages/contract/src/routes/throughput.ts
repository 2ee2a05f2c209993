import Type from 'typebox';
import { Throughput } from '../schemas/throughput.ts';
import { closed, IdQuery, none, route } from './define.ts';

const moment = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

export const throughputRoute = route({
  method: 'GET',
  path: '/v1/throughput',
  summary: 'How many bytes moved when; kept for a week',
  tag: 'migrations',
  params: none,
  query: Type.Object(
    {
      migration: IdQuery,
      since: moment(
        'then or later; when left out, 8 hours before the end, or when the migration was started',
      ),
      until: moment('before that; when left out, now, or when the migration ended'),
    },
    closed,
  ),
  body: null,
  status: 200,
  answer: Type.Object({ throughput: Throughput }),
});
