import { type Me, routes } from '@guts/contract';
import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';

/** Who asks, and what may be asked for. */
export function useMe(): Me | undefined {
  const { client } = useApp();
  const { data } = useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => client.call(routes.me, { signal }),
    staleTime: 60_000,
  });
  return data;
}

/** Whether a rule lets who asks do it; false until it is known. */
export function useMay(): (rule: string) => boolean {
  const me = useMe();
  return (rule) => me?.allowed.includes(`migration:${rule}`) ?? false;
}
