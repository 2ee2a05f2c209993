import { Checkbox } from '@patternfly/react-core';
import { SortByDirection, Table, Tbody, Th, Thead, Tr } from '@patternfly/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useEffect, useId, useRef } from 'react';
import { VirtualRow } from './VirtualRow.tsx';

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  /** Part of the width that is left, against the others'; 1 unless told. */
  readonly grow?: number;
  /** Sorted by it? Null: not now. Absent: it cannot be. */
  readonly sort?: 'asc' | 'desc' | null;
  /** On narrow screens it is left out. */
  readonly extra?: boolean;
}

export interface Selection<T> {
  readonly has: (row: T) => boolean;
  readonly toggle: (row: T, on: boolean) => void;
  readonly label: (row: T) => string;
  readonly all: { readonly label: string; readonly on: boolean; readonly toggle: (on: boolean) => void };
}

interface Props<T> {
  readonly label: string;
  readonly rows: readonly T[];
  /** The same array as long as they are the same: rows are drawn anew for another one. */
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  readonly onSort?: (key: string, desc: boolean) => void;
  readonly selection?: Selection<T>;
  /** How many there are altogether; absent: not known. */
  readonly total?: number;
  /** Called when the end comes near. */
  readonly onEnd?: () => void;
}

const ROW_PX = 44;
/** Rows on either side of those in sight that are in the page, too: all of them are laid out with each scroll. */
const BESIDE = 4;
/** Rows before the end at which more are asked for. */
const BEFOREHAND = 12;
/** Width of the column of boxes, of the whole. */
const SELECT_PERCENT = 4;

/** A table of any length: of its rows only those in sight are in the page. All rows are one line high. */
export function VirtualTable<T>({ label, rows, columns, keyOf, onSort, selection, total, onEnd }: Props<T>) {
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: BESIDE,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && rows.length > 0 && last >= rows.length - BEFOREHAND) onEnd();
  }, [last, rows.length, onEnd]);
  // Rows are drawn anew when they change, not whenever somebody has a new function for the same.
  const latest = useRef(selection);
  useEffect(() => {
    latest.current = selection;
  }, [selection]);
  const toggle = useCallback((row: T, on: boolean) => latest.current?.toggle(row, on), []);
  const grow = columns.reduce((sum, column) => sum + (column.grow ?? 1), 0);
  const width = columns.length + (selection ? 1 : 0);
  return (
    // Scrolled by keys as well.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section ref={frame} className="guts-table" tabIndex={0} aria-label={label}>
      <Table
        aria-label={label}
        variant="compact"
        isStickyHeader
        gridBreakPoint=""
        aria-rowcount={total ?? -1}
      >
        <Thead>
          <Tr>
            {selection ? (
              <Th className="guts-select-cell" style={{ width: `${SELECT_PERCENT}%` }}>
                <Checkbox
                  id={`${id}-all`}
                  aria-label={selection.all.label}
                  isChecked={selection.all.on}
                  onChange={(_event, on) => selection.all.toggle(on)}
                />
              </Th>
            ) : null}
            {columns.map((column, at) => (
              <Th
                key={column.key}
                className={column.extra ? 'guts-extra' : ''}
                style={{
                  width: `${((column.grow ?? 1) / grow) * (selection ? 100 - SELECT_PERCENT : 100)}%`,
                }}
                {...(onSort && column.sort !== undefined
                  ? {
                      sort: {
                        columnIndex: at,
                        sortBy: column.sort === null ? {} : { index: at, direction: column.sort },
                        onSort: (_event, _index, direction) =>
                          onSort(column.key, direction === SortByDirection.desc),
                      },
                    }
                  : {})}
              >
                {column.title}
              </Th>
            ))}
          </Tr>
        </Thead>
        <Tbody>
          {first > 0 ? <Spacer height={first} width={width} /> : null}
          {items.map(({ index }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <VirtualRow
                key={keyOf(row)}
                row={row}
                columns={columns}
                rowIndex={index + 2}
                onToggle={toggle}
                {...(selection
                  ? {
                      box: {
                        id: `${id}-${keyOf(row)}`,
                        label: selection.label(row),
                        on: selection.has(row),
                      },
                    }
                  : {})}
              />
            );
          })}
          {after > 0 ? <Spacer height={after} width={width} /> : null}
        </Tbody>
      </Table>
    </section>
  );
}

function Spacer({ height, width }: { readonly height: number; readonly width: number }) {
  return (
    <tr aria-hidden="true">
      {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label */}
      <td colSpan={width} style={{ height, padding: 0 }} />
    </tr>
  );
}
