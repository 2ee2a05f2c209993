import { DashboardLink, EventTicket, Me, NewEventTicket } from '../schemas/dashboard.ts';
import { none, route } from './define.ts';

export const meRoute = route({
  method: 'GET',
  path: '/v1/me',
  summary: 'Who asks, and what the policy lets them do',
  tag: 'system',
  params: none,
  query: none,
  body: null,
  status: 200,
  answer: Me,
});

export const dashboardRoutes = {
  link: route({
    method: 'POST',
    path: '/v1/dashboard/links',
    summary: 'Makes a link that signs in to the dashboard once, where callers are known by the local token',
    tag: 'system',
    params: none,
    query: none,
    body: null,
    status: 201,
    answer: DashboardLink,
  }),
};

export const eventTicketRoute = route({
  method: 'POST',
  path: '/v1/events/tickets',
  summary: 'Makes a ticket with which a page of another host opens the event stream, for a minute',
  tag: 'events',
  params: none,
  query: none,
  body: NewEventTicket,
  status: 201,
  answer: EventTicket,
});
