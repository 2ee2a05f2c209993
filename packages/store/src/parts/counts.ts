import type { OperationStatus, Status, Store } from '@guts/core';
import type { StoreContext } from '../context.ts';

export function countStore({ db }: StoreContext): Pick<Store, 'countWork'> {
  return {
    async countWork(scope) {
      const counts = async <S extends string>(table: 'migrations' | 'operations') => {
        const rows = await db
          .selectFrom(table)
          .select((eb) => ['status', eb.fn.countAll<number | string>().as('count')])
          .$if(scope.projectId !== null, (q) => q.where('project_id', '=', scope.projectId ?? ''))
          .groupBy('status')
          .execute();
        return Object.fromEntries(rows.map((row) => [row.status, Number(row.count)])) as Partial<
          Record<S, number>
        >;
      };
      const [migrations, operations] = [
        await counts<Status>('migrations'),
        await counts<OperationStatus>('operations'),
      ];
      return { migrations, operations };
    },
  };
}
