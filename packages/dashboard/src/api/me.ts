import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';

/** Who asks, and what may be asked for. */
export interface Me {
  readonly user_id: string;
  readonly project_id: string;
  readonly roles: readonly string[];
  readonly system: boolean;
  /** Rules of the policy, such as `migration:migrations:create`. */
  readonly allowed: readonly string[];
}

export function useMe(): Me | undefined {
  const { client } = useApp();
  const { data } = useQuery({
    queryKey: ['me'],
    queryFn: async ({ signal }): Promise<Me> =>
      JSON.parse(await (await client.send('/v1/me', { signal })).text()) as Me,
    staleTime: 60_000,
  });
  return data;
}

/** Whether a rule lets who asks do it; false until it is known. */
export function useMay(): (rule: string) => boolean {
  const me = useMe();
  return (rule) => me?.allowed.includes(`migration:${rule}`) ?? false;
}
